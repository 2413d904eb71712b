package invites_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
)

func TestCreate(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		newCourse := func(body string) string { return s.Want(201, "POST", "/courses", admin, body).Text("id") }
		a, b := newCourse(`{"title":"Algebra","status":"published"}`), newCourse(`{"title":"Biology","status":"published"}`)
		archived := newCourse(`{"title":"Chemistry","status":"archived"}`)

		t.Run("shows the code once", func(t *testing.T) {
			s := s.For(t)
			created := s.Invite(admin, map[string]any{"role_to_grant": "member", "note": "For Ada"})
			require.Regexp(t, `^([0-9A-HJKMNP-TV-Z]{5}-){5}[0-9A-HJKMNP-TV-Z]{5}$`, created.Text("code"))
			require.Equal(t, created.Text("code")[:4], created.Text("code_prefix"))
			again := s.Want(200, "GET", "/admin/invites/"+created.Text("id"), admin, nil)
			require.Nil(t, again.Get("code"))
			require.Equal(t, []any{"active", 1.0, 0.0, "For Ada", nil, nil},
				[]any{
					again.Get("status"), again.Get("max_uses"), again.Get("uses"), again.Get("note"),
					again.Get("email"), again.Get("expires_at"),
				})
		})
		t.Run("has each course once, in one order", func(t *testing.T) {
			s := s.For(t)
			created := s.Invite(admin, map[string]any{"role_to_grant": "member", "course_ids": []string{b, a, b}})
			require.ElementsMatch(t, []any{a, b}, created.Get("course_ids"))
			swapped := s.Invite(admin, map[string]any{"role_to_grant": "member", "course_ids": []string{a, b}})
			require.Equal(t, created.Get("course_ids"), swapped.Get("course_ids"))
		})
		t.Run("mails the code to an address", func(t *testing.T) {
			s := s.For(t)
			end := clock.System{}.Now().Add(48 * time.Hour).String()
			created := s.Invite(admin, map[string]any{
				"role_to_grant": "instructor", "email": " Mailed@Example.com ", "course_ids": []string{a},
				"expires_at": end,
			})
			require.Equal(t, "mailed@example.com", created.Text("email"))
			text := s.WaitForText("mailed@example.com", created.Text("code"))
			require.Contains(t, text, "Algebra")
		})
		t.Run("is refused with", func(t *testing.T) { createRefused(t, s, admin, a, archived) })
		t.Run("is for administrators", func(t *testing.T) {
			s := s.For(t)
			c := s.NewCast()
			for _, token := range []string{c.User, c.Member, c.Instructor} {
				s.WantProblem(403, "forbidden", "POST", "/admin/invites", token, `{"role_to_grant":"member"}`)
			}
			s.WantProblem(401, "unauthenticated", "POST", "/admin/invites", "", `{"role_to_grant":"member"}`)
		})
	})
}

// createRefused sends invites that are refused. course takes learners and archived does not.
func createRefused(t *testing.T, s *sitetest.Site, admin, course, archived string) {
	for name, c := range map[string]struct {
		status int
		code   string
		body   map[string]any
		place  string
	}{
		"an end that has passed": {
			422, "validation-failed", map[string]any{"expires_at": "2020-01-01T00:00:00Z"}, "body.expires_at",
		},
		"a note with control letters": {422, "validation-failed", map[string]any{"note": "a\u0007b"}, "body.note"},
		"no address":                  {422, "validation-failed", map[string]any{"email": "nobody"}, "body.email"},
		"no uses":                     {422, "validation-failed", map[string]any{"max_uses": -1}, "body.max_uses"},
		"an unknown course": {
			422, "validation-failed", map[string]any{"course_ids": []string{course, ids.New()}},
			"body.course_ids[1]",
		},
		"an archived course": {409, "course-archived", map[string]any{"course_ids": []string{archived}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			body := sitetest.With(c.body, "role_to_grant", "member")
			refused := s.For(t).WantProblem(c.status, c.code, "POST", "/admin/invites", admin, body)
			require.Equal(t, c.place, refused.Text("errors.0.location"))
		})
	}
}

func TestListOfInvites(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		idOf := func(body map[string]any) string {
			return s.Invite(admin, sitetest.With(body, "role_to_grant", "member")).Text("id")
		}
		open, revoked := idOf(map[string]any{}), idOf(map[string]any{})
		s.Want(204, "DELETE", "/admin/invites/"+revoked, admin, nil)
		spent := s.Invite(admin, map[string]any{"role_to_grant": "member"})
		_, _, token := s.NewAccount("spender")
		require.Equal(t, 200, s.Redeem(token, spent.Text("code")).Status)
		batch := s.Want(200, "POST", "/admin/invites/batch", admin,
			sitetest.With(sitetest.Batch("a@example.com", "b@example.com"), "role_to_grant", "member"))

		for query, want := range map[string]int{
			"": 5, "status=active": 3, "status=revoked": 1, "status=exhausted": 1, "status=expired": 0,
			"batch_id=" + batch.Text("batch_id"): 2, "batch_id=nonsense": 0, "batch_id=" + ids.New(): 0,
			"status=revoked&batch_id=" + batch.Text("batch_id"): 0,
		} {
			t.Run("with "+query, func(t *testing.T) {
				require.Equal(t, want, s.For(t).CountAll("/admin/invites?"+query, admin))
			})
		}
		t.Run("page by page, the newest first", func(t *testing.T) {
			s := s.For(t)
			var listed []string
			path := "/admin/invites?limit=2"
			for {
				page := s.Want(200, "GET", path, admin, nil)
				for _, item := range page.Items() {
					listed = append(listed, item.(map[string]any)["id"].(string))
				}
				if page.Get("next_cursor") == nil {
					break
				}
				path = "/admin/invites?limit=2&cursor=" + page.Text("next_cursor")
			}
			require.Len(t, listed, 5)
			require.Equal(t, []string{spent.Text("id"), revoked, open}, listed[2:])
		})
		t.Run("never has a code", func(t *testing.T) {
			list := s.For(t).Want(200, "GET", "/admin/invites", admin, nil)
			require.NotContains(t, string(list.Raw), spent.Text("code"))
			require.NotContains(t, string(list.Raw), strings.ReplaceAll(spent.Text("code"), "-", ""))
		})
	})
}

func TestRevoke(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		_, _, token := s.NewAccount("late")
		t.Run("ends an invite", func(t *testing.T) {
			s := s.For(t)
			created := s.Invite(admin, map[string]any{"role_to_grant": "member"})
			for range 2 { // the second time changes nothing
				s.Want(204, "DELETE", "/admin/invites/"+created.Text("id"), admin, nil)
			}
			require.Equal(t, 1, s.CountEntries(admin, "invite.revoked"))
			s.WantProblem(410, "invite-revoked", "POST", "/invites/redeem", token,
				map[string]string{"code": created.Text("code")})
			s.WantProblem(410, "invite-revoked", "POST", "/admin/invites/"+created.Text("id")+"/resend", admin, nil)
		})
		t.Run("ends a batch", func(t *testing.T) {
			s := s.For(t)
			batch := s.Want(200, "POST", "/admin/invites/batch", admin,
				sitetest.With(sitetest.Batch("c@example.com", "d@example.com"), "role_to_grant", "member"))
			for range 2 {
				s.Want(204, "DELETE", "/admin/invites?batch_id="+batch.Text("batch_id"), admin, nil)
			}
			require.Equal(t, 2, s.CountAll("/admin/invites?status=revoked&batch_id="+batch.Text("batch_id"), admin))
			require.Equal(t, 3, s.CountEntries(admin, "invite.revoked"))
		})
		for _, unknown := range []string{ids.New(), "nonsense"} {
			t.Run("finds nothing: "+unknown, func(t *testing.T) {
				s := s.For(t)
				s.WantProblem(404, "not-found", "DELETE", "/admin/invites/"+unknown, admin, nil)
				s.WantProblem(404, "not-found", "DELETE", "/admin/invites?batch_id="+unknown, admin, nil)
				s.WantProblem(404, "not-found", "GET", "/admin/invites/"+unknown, admin, nil)
				s.WantProblem(404, "not-found", "POST", "/admin/invites/"+unknown+"/resend", admin, nil)
			})
		}
	})
}

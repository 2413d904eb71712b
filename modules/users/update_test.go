package users_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
)

// What an administrator changes holds for the very next request (J8).
func TestChangesTakeEffectAtOnce(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, id, token := s.NewAccount("managed")
		s.WantProblem(403, "forbidden", "GET", "/admin/users", token, nil)
		s.SetRole(admin, id, "admin")
		s.Want(200, "GET", "/admin/users?q=MANAGED&role=admin&status=active", token, nil)
		s.SetRole(admin, id, "user")
		s.WantProblem(403, "forbidden", "GET", "/admin/users", token, nil)
		s.Want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"disabled"}`)
		s.WantProblem(401, "invalid-token", "GET", "/users/me", token, nil)
		s.WantProblem(403, "account-disabled", "POST", "/auth/login", "",
			map[string]string{"email": email, "password": sitetest.Password})
		s.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "",
			map[string]string{"email": email, "password": "wrong"})
		s.Want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"active"}`)
		s.WantProblem(401, "invalid-token", "GET", "/users/me", token, nil) // sessions of a disabled account have ended for good
		token = s.Login(email, sitetest.Password)
		s.Want(200, "PATCH", "/users/me", token, `{"display_name":"Neu"}`)
		for _, bad := range []string{
			`{"display_name":""}`, `{"display_name":" "}`, `{"display_name":"a\u202eb"}`, `{"role":"admin"}`,
			`{"display_name":"` + strings.Repeat("x", 101) + `"}`,
		} {
			s.WantProblem(422, "validation-failed", "PATCH", "/users/me", token, bad)
		}
		cleared := s.Want(200, "PATCH", "/users/me", token, `{"display_name":null}`)
		require.Equal(t, "managed", cleared.Text("display_name"), "the local part of the address")
		s.Want(200, "PATCH", "/users/me", token, `{"display_name":"Neu"}`)
		require.Equal(t, "Neu", s.Want(200, "GET", "/admin/users/"+id, admin, nil).Text("display_name"))
		s.WantProblem(404, "not-found", "GET", "/admin/users/nonsense", admin, nil)
	})
}

// Of administrators who demote one another at once, one stays (A7).
func TestLastAdminIsNotDemoted(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		me := s.Want(200, "GET", "/users/me", admin, nil).Text("id")
		s.WantProblem(409, "last-admin", "PATCH", "/admin/users/"+me, admin, `{"role":"user"}`)
		s.WantProblem(409, "last-admin", "PATCH", "/admin/users/"+me, admin, `{"status":"disabled"}`)
		_, other, token := s.NewAccount("second-admin")
		for range testkit.Rounds(100) {
			s.SetRole(admin, other, "admin")
			var wg sync.WaitGroup
			statuses := make([]int, 2)
			wg.Go(func() { statuses[0] = s.Call("PATCH", "/admin/users/"+other, admin, `{"role":"user"}`).Status })
			wg.Go(func() { statuses[1] = s.Call("PATCH", "/admin/users/"+me, token, `{"role":"user"}`).Status })
			wg.Wait()
			require.NotEqual(t, []int{200, 200}, statuses)
			if statuses[1] == 200 { // the other one stayed, and makes both administrators again
				s.SetRole(token, me, "admin")
			}
		}
	})
}

func TestUpdates(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, id, _ := s.NewAccount("updated")
		path := "/admin/users/" + id

		t.Run("what is the same already has no entry", func(t *testing.T) {
			before := s.CountEntries(admin, "user.updated") + s.CountEntries(admin, "user.role_changed")
			same := s.Want(200, "PATCH", path, admin, `{"role":"user","status":"active","display_name":"updated"}`)
			require.Equal(t, "updated", same.Text("display_name"))
			require.Equal(t, before, s.CountEntries(admin, "user.updated")+s.CountEntries(admin, "user.role_changed"))
		})
		t.Run("everything at once", func(t *testing.T) {
			a := s.Want(200, "PATCH", path, admin,
				`{"role":"member","display_name":" Ada  L. ","email":"Renamed@Example.com"}`)
			require.Equal(t, []any{"member", "Ada  L.", "renamed@example.com", false},
				[]any{a.Get("role"), a.Get("display_name"), a.Get("email"), a.Get("email_verified")})
			require.Equal(t, 1, s.CountEntries(admin, "user.email_changed"))
		})
		t.Run("a cleared name is the local part of the address", func(t *testing.T) {
			a := s.Want(200, "PATCH", path, admin, `{"display_name":null}`)
			require.Equal(t, "renamed", a.Text("display_name"))
		})
		t.Run("a taken address is refused", func(t *testing.T) {
			other, _, _ := s.NewAccount("owner-of-it")
			s.WantProblem(409, "email-taken", "PATCH", path, admin, map[string]string{"email": other})
			require.Equal(t, "renamed@example.com", s.Want(200, "GET", path, admin, nil).Text("email"))
			s.Want(201, "POST", "/auth/register", "", sitetest.Credentials(email, sitetest.Password))
		})
		t.Run("an old version is refused", func(t *testing.T) {
			stale := sitetest.Header{"If-Match": `"1-0000"`}
			s.WantProblem(412, "precondition-failed", "PATCH", path, admin, `{"display_name":"Late"}`, stale)
			s.WantProblem(412, "precondition-failed", "DELETE", path, admin, nil, stale)
			current := sitetest.Header{"If-Match": s.Want(200, "GET", path, admin, nil).Header.Get("ETag")}
			s.Want(200, "PATCH", path, admin, `{"display_name":"In time"}`, current)
		})
		t.Run("an unknown account is not found", func(t *testing.T) {
			s.WantProblem(404, "not-found", "PATCH", "/admin/users/"+ids.New(), admin, `{"role":"member"}`)
			s.WantProblem(404, "not-found", "PATCH", "/admin/users/nonsense", admin, `{"role":"member"}`)
			s.WantProblem(404, "not-found", "GET", "/admin/users/"+ids.New(), admin, nil)
		})
	})
}

// A disabled account can do nothing, and what it did stays under its name.
func TestDisabledAccounts(t *testing.T) {
	sitetest.OnBoth(t, sitetest.Unlimited, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, id, token := s.NewAccount("paused")
		s.SetRole(admin, id, "instructor")
		s.Want(200, "PATCH", "/users/me", token, `{"display_name":"Paula"}`)
		course := s.Want(201, "POST", "/courses", token, `{"title":"Kept","status":"published"}`).Text("id")
		s.Want(201, "POST", "/courses/"+course+"/enrollment", token, nil)
		s.Want(201, "POST", "/channels/hq/messages", token, `{"body":"Back soon"}`)
		session := s.TryLogin(email, sitetest.Password)
		_, _, other := s.NewAccount("bystander")
		mine, theirs := s.Dial("/ws/channels/hq?token="+token, nil), s.Dial("/ws/channels/hq?token="+other, nil)
		mine.Until("welcome")
		theirs.Until("welcome")
		ticket := s.Want(201, "POST", "/ws/tickets", token, nil).Text("ticket")

		disabled := s.Want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"disabled"}`)
		require.Equal(t, []any{"disabled", "instructor", "Paula"},
			[]any{disabled.Get("status"), disabled.Get("role"), disabled.Get("display_name")})
		require.Equal(t, 4401, mine.CloseCode())
		for _, ended := range []string{token, session.Text("access_token")} {
			s.WantProblem(401, "invalid-token", "POST", "/channels/hq/messages", ended, `{"body":"Still here?"}`)
			require.Equal(t, 401, s.Dial("/ws/channels/hq?token="+ended, nil).Status)
		}
		require.Equal(t, 401, s.Dial("/ws/channels/hq?ticket="+ticket, nil).Status)
		require.Equal(t, "invalid-token", s.Refresh(session.Text("refresh_token")).Text("code"))

		s.Want(201, "POST", "/channels/hq/messages", other, `{"body":"She is away"}`)
		require.Equal(t, "She is away", theirs.Until("message")["body"], "sockets of others stay open")
		history := s.Want(200, "GET", "/channels/hq/messages", other, nil)
		require.Contains(t, string(history.Raw), `"Paula"`)
		require.Equal(t, "Paula", s.Want(200, "GET", "/courses/"+course, other, nil).Text("owner.display_name"))

		s.Want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"active"}`)
		require.Equal(t, "invalid-token", s.Refresh(session.Text("refresh_token")).Text("code"), "ended for good")
		token = s.Login(email, sitetest.Password)
		require.Equal(t, "instructor", s.Want(200, "GET", "/users/me", token, nil).Text("role"))
		require.Len(t, s.Want(200, "GET", "/users/me/enrollments", token, nil).Items(), 1)
		for _, action := range []string{"user.disabled", "user.enabled"} {
			entries := s.Want(200, "GET", "/admin/audit-logs?action="+action+"&target_id="+id, admin, nil)
			require.Len(t, entries.Items(), 1)
		}
	})
}

// Of administrators who all give up their rights at once, each in a way of their own, one stays.
func TestAdministratorsLeaveAtOnce(t *testing.T) {
	sitetest.OnBoth(t, sitetest.Unlimited, func(t *testing.T, s *sitetest.Site) {
		first := s.AdminToken()
		tokens := []string{first}
		ids := []string{s.Want(200, "GET", "/users/me", first, nil).Text("id")}
		for i := range 5 {
			_, id, token := s.NewAccount(fmt.Sprint("leaving-", i))
			s.SetRole(first, id, "admin")
			ids, tokens = append(ids, id), append(tokens, token)
		}
		ways := []struct {
			method string
			body   any
		}{{"PATCH", `{"role":"user"}`}, {"PATCH", `{"status":"disabled"}`}, {"DELETE", nil}}
		answers := make([]sitetest.Answer, len(ids))
		sitetest.CallAtOnce([]*sitetest.Site{s}, len(ids), func(s *sitetest.Site, i int) {
			way := ways[i%len(ways)]
			answers[i] = s.Call(way.method, "/admin/users/"+ids[i], tokens[i], way.body)
		})
		stayed := -1
		for i, a := range answers {
			if a.Text("code") == "last-admin" {
				require.Equal(t, -1, stayed, "only one may be the last: %s", a.Raw)
				stayed = i
				continue
			}
			require.Contains(t, []int{200, 204}, a.Status, "%s", a.Raw)
		}
		require.NotEqual(t, -1, stayed, "nobody stayed")
		for i, token := range tokens {
			if i != stayed {
				require.Contains(t, []int{401, 403}, s.Call("GET", "/admin/users", token, nil).Status)
			}
		}
		active := s.Want(200, "GET", "/admin/users?role=admin&status=active", tokens[stayed], nil)
		require.Len(t, active.Items(), 1)
		require.Equal(t, ids[stayed], active.Text("items.0.id"))
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", tokens[stayed], nil).Get("ok"))
	})
}

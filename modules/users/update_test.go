package users_test

import (
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

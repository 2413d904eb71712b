package access_test

import (
	"testing"

	"lyceum/app/sitetest"

	"github.com/stretchr/testify/require"
)

// Lists show exactly what the details would: every visibility × status × caller, enrolled or not.
func TestListsShowWhatDetailsAllow(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		c := s.NewCast()
		_, _, enrolled := s.NewAccount("cast-enrolled")
		type made struct{ id, visibility, status string }
		var all []made
		for _, visibility := range []string{"public", "member", "private"} {
			for _, status := range []string{"draft", "published", "archived"} {
				id := s.Want(201, "POST", "/courses", c.Instructor,
					map[string]any{"title": "Matrix", "visibility": "public", "status": "published"}).Text("id")
				s.Want(201, "POST", "/courses/"+id+"/enrollment", enrolled, nil)
				s.Want(200, "PATCH", "/courses/"+id, c.Instructor,
					map[string]any{"visibility": visibility, "status": status})
				all = append(all, made{id, visibility, status})
			}
		}
		for name, token := range map[string]string{
			"anon": "", "user": c.User, "member": c.Member, "owner": c.Instructor, "admin": c.Admin,
			"enrolled": enrolled,
		} {
			listed := map[string]bool{}
			for _, status := range []string{"published", "draft", "archived"} {
				if name == "anon" && status != "published" {
					s.WantProblem(401, "unauthenticated", "GET", "/courses?status="+status, token, nil)
					continue
				}
				for _, item := range s.Want(200, "GET", "/courses?limit=100&q=matrix&status="+status, token, nil).Items() {
					listed[item.(map[string]any)["id"].(string)] = true
				}
			}
			for _, m := range all {
				detail := s.Call("GET", "/courses/"+m.id, token, nil)
				require.Equal(t, detail.Status == 200, listed[m.id], "%s sees %v: %d", name, m, detail.Status)
				require.Equal(t, detail.Status, s.Call("GET", "/courses/"+m.id+"/lessons", token, nil).Status)
				want := 404
				switch {
				case name == "owner" || name == "admin" || name == "enrolled" && m.status != "draft",
					m.status == "published" && (m.visibility == "public" || m.visibility == "member" && name == "member"):
					want = 200
				case m.status == "published" && m.visibility == "member":
					want = map[bool]int{true: 401, false: 403}[name == "anon"]
				}
				require.Equal(t, want, detail.Status, "%s reads %v", name, m)
			}
		}
	})
}

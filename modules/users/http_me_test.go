package users_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
	"lyceum/platform/testkit/apptest"
)

// The owner sees less of an account than an administrator does.
func TestOwnersSeeTheirAccount(t *testing.T) {
	onModuleAlone(t, func(t *testing.T, p *program) {
		for _, role := range []identity.Role{
			usersapi.RoleUser, usersapi.RoleMember, usersapi.RoleInstructor, usersapi.RoleAdmin,
		} {
			id, as := p.createAccount(t, string(role), role)
			_, err := p.registrar.RecordLogin(t.Context(), id)
			require.NoError(t, err)
			me := apptest.Scenario{
				Name: string(role), Method: "GET", Path: "/users/me", Header: as, WantStatus: 200,
				WantBody: map[string]any{
					"id": id, "email": string(role) + "@example.com", "display_name": string(role),
					"role": string(role), "email_verified": false,
				},
				Check: func(t *testing.T, a apptest.Answer) {
					fields := slices.Sorted(maps.Keys(a.JSON))
					require.Equal(t, "created_at display_name email email_verified id role", strings.Join(fields, " "))
				},
			}
			p.Run(t, me)
		}
		p.Run(t, apptest.Scenario{
			Name: "nobody", Method: "GET", Path: "/users/me", WantStatus: 401, WantCode: "unauthenticated",
		})
	})
}

// The owner and an administrator change one row: a version that either has seen holds for both.
func TestConditionalChangesOfAnAccount(t *testing.T) {
	onModuleAlone(t, func(t *testing.T, p *program) {
		_, asAdmin := p.createAccount(t, "root", usersapi.RoleAdmin)
		id, asOwner := p.createAccount(t, "shared", usersapi.RoleUser)
		request := func(as map[string]string, method, path, body, header, tag string) apptest.Answer {
			t.Helper()
			headers := maps.Clone(as)
			headers[header] = tag
			s := apptest.Scenario{Method: method, Path: path, Header: headers}
			if body != "" {
				s.Body = body
			}
			return p.Send(t, s)
		}
		const me = "/users/me"
		admin := "/admin/users/" + id
		seen := request(asOwner, "GET", me, "", "If-None-Match", `"0"`)
		require.Equal(t, 200, seen.Status)
		first := seen.Header.Get("ETag")
		require.Equal(t, 304, request(asOwner, "GET", me, "", "If-None-Match", first).Status)
		require.Equal(t, 304, request(asOwner, "HEAD", me, "", "If-None-Match", "W/"+first).Status)

		renamed := request(asAdmin, "PATCH", admin, `{"display_name":"By the admin"}`, "If-Match", first)
		require.Equal(t, 200, renamed.Status, "%s", renamed.Body)
		second := renamed.Header.Get("ETag")
		require.NotEqual(t, first, second)
		require.Equal(t, 200, request(asOwner, "GET", me, "", "If-None-Match", first).Status, "it has changed")
		for _, stale := range []string{first, `"nonsense"`, `"0"`, "W/" + second, `""`, first + ", " + `"9.x"`} {
			late := request(asOwner, "PATCH", me, `{"display_name":"Lost"}`, "If-Match", stale)
			require.Equal(t, []any{412, "precondition-failed"}, []any{late.Status, late.JSON["code"]}, stale)
			late = request(asAdmin, "PATCH", admin, `{"role":"admin"}`, "If-Match", stale)
			require.Equal(t, 412, late.Status, stale)
			require.Equal(t, 412, request(asAdmin, "DELETE", admin, "", "If-Match", stale).Status, stale)
		}
		same := request(asOwner, "PATCH", me, `{"display_name":"By the admin"}`, "If-Match", second)
		require.Equal(t, second[:3], same.Header.Get("ETag")[:3], "what changes nothing is no new version")
		for i, form := range []string{"{now}", first + ", {now}", `"x", {now} , "y"`, "*"} {
			body := fmt.Sprintf(`{"display_name":"By the owner %d"}`, i)
			current := strings.ReplaceAll(form, "{now}", second)
			changed := request(asOwner, "PATCH", me, body, "If-Match", current)
			require.Equal(t, 200, changed.Status, "%s: %s", current, changed.Body)
			second = changed.Header.Get("ETag")
		}
		require.Equal(t, 204, request(asAdmin, "DELETE", admin, "", "If-Match", second).Status)
	})
}

// Names are stored as they are shown, in at most 100 characters, however many bytes these have.
func TestDisplayNamesOfOwners(t *testing.T) {
	onModuleAlone(t, func(t *testing.T, p *program) {
		_, as := p.createAccount(t, "named", usersapi.RoleUser)
		patch := func(name string) apptest.Answer {
			t.Helper()
			return p.Send(t, apptest.Scenario{
				Method: "PATCH", Path: "/users/me", Header: as, Body: map[string]string{"display_name": name},
			})
		}
		for given, want := range map[string]string{
			"  Ada \t":                     "Ada",
			"\u200bAda\u200b":              "Ada",
			"E\u0301va":                    "\u00c9va",
			"\U0001F469\u200D\U0001F3EB A": "\U0001F469\u200D\U0001F3EB A",
			"<b>Ada</b> & 'co'":            "<b>Ada</b> & 'co'",
			strings.Repeat("\u65e5", 100):  strings.Repeat("\u65e5", 100),
		} {
			a := patch(given)
			require.Equal(t, []any{200, want}, []any{a.Status, a.JSON["display_name"]}, "%q: %s", given, a.Body)
		}
		kept := patch("Kept").JSON["display_name"]
		for _, refused := range []string{
			"", " ", "\u200b", "\u00ad\u2060", "a\u0000b", "a\nb", "a\u2028b", "a\u202eb", "a\u200bb", "a\U000E0041b",
			strings.Repeat("x", 101), strings.Repeat("\U0001F600", 101),
			// The stored form of this letter has two characters.
			strings.Repeat("\u0958", 51),
		} {
			a := patch(refused)
			require.Equal(t, 422, a.Status, "%q: %s", refused, a.Body)
			fault := a.JSON["errors"].([]any)[0].(map[string]any)
			require.Equal(t, "body.display_name", fault["location"], "%q", refused)
		}
		me := p.Send(t, apptest.Scenario{Method: "GET", Path: "/users/me", Header: as})
		require.Equal(t, kept, me.JSON["display_name"])
	})
}

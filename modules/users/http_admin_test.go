package users_test

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/testkit/apptest"
)

// What a change does to the rights of an account is published, and nothing else is: other modules
// end sessions, revoke invites and open channels by these events.
func TestEventsOfChanges(t *testing.T) {
	onModuleAlone(t, func(t *testing.T, p *program) {
		_, asAdmin := p.createAccount(t, "root", usersapi.RoleAdmin)
		id, _ := p.createAccount(t, "changed", usersapi.RoleUser)
		patch := func(name, body string, wantEvents, wantAudit []string) {
			t.Helper()
			p.Run(t, apptest.Scenario{
				Name: name, Method: "PATCH", Path: "/admin/users/" + id, Header: asAdmin, Body: body,
				WantStatus: 200, WantEvents: wantEvents, WantAudit: wantAudit,
			})
		}
		patch("a higher role is granted", `{"role":"instructor"}`,
			[]string{"user.role_granted"}, []string{"user.role_changed"})
		patch("a lower role is not granted", `{"role":"member"}`, nil, []string{"user.role_changed"})
		patch("the same role changes nothing", `{"role":"member","status":"active"}`, nil, nil)
		patch("a disabled learner", `{"status":"disabled"}`, []string{"user.disabled"}, []string{"user.disabled"})
		patch("disabled a second time", `{"status":"disabled"}`, nil, nil)
		patch("the role of a disabled account rises", `{"role":"admin"}`,
			[]string{"user.role_granted"}, []string{"user.role_changed"})
		patch("a disabled administrator had no rights to lose", `{"role":"instructor"}`,
			nil, []string{"user.role_changed"})
		patch("enabled as an administrator", `{"role":"admin","status":"active"}`,
			[]string{"user.role_granted"}, []string{"user.role_changed", "user.enabled"})
		patch("a disabled administrator", `{"status":"disabled"}`,
			[]string{"user.disabled", "user.admin_lost"}, []string{"user.disabled"})
		patch("enabled again", `{"status":"active"}`, nil, []string{"user.enabled"})
		patch("a demoted administrator", `{"role":"user"}`,
			[]string{"user.admin_lost"}, []string{"user.role_changed"})
		patch("another name", `{"display_name":"Ada"}`, nil, []string{"user.updated"})
		patch("another address", `{"email":"other@example.com"}`,
			[]string{"user.email_replaced"}, []string{"user.email_changed"})
		patch("the same address in another spelling", `{"email":" OTHER@Example.com"}`, nil, nil)
		patch("everything at once",
			`{"role":"admin","status":"disabled","email":"all@example.com","display_name":"All"}`,
			[]string{"user.role_granted", "user.disabled", "user.email_replaced"},
			[]string{"user.role_changed", "user.disabled", "user.email_changed", "user.updated"})
	})
}

// A refused change is refused as a whole.
func TestRefusedChangesPublishNothing(t *testing.T) {
	onModuleAlone(t, func(t *testing.T, p *program) {
		root, asAdmin := p.createAccount(t, "root", usersapi.RoleAdmin)
		id, _ := p.createAccount(t, "kept", usersapi.RoleUser)
		p.createAccount(t, "owner", usersapi.RoleUser)
		p.Run(t,
			refusedChange(root, "last-admin", asAdmin, `{"role":"user"}`),
			refusedChange(root, "last-admin", asAdmin, `{"status":"disabled"}`),
			refusedChange(root, "last-admin", asAdmin, `{"role":"admin","status":"disabled","display_name":"X"}`),
			refusedChange(root, "last-admin", asAdmin, `{"role":"instructor","status":"active"}`),
			refusedChange(id, "email-taken", asAdmin,
				`{"role":"member","display_name":"X","email":"owner@example.com"}`),
			refusedChange(ids.New(), "not-found", asAdmin, `{"role":"member"}`),
		)
		faulty := refusedChange(id, "validation-failed", asAdmin,
			`{"display_name":"a\u202eb","role":"owner","status":"gone","email":"no address"}`)
		faulty.Check = func(t *testing.T, a apptest.Answer) {
			require.Len(t, a.JSON["errors"], 4, "all faults are named at once: %s", a.Body)
		}
		p.Run(t, faulty)
		for account, want := range map[string]map[string]any{
			root: {"role": "admin", "status": "active", "display_name": "root"},
			id:   {"role": "user", "status": "active", "display_name": "kept", "email": "kept@example.com"},
		} {
			p.Run(t, apptest.Scenario{
				Name: "nothing has changed", Method: "GET", Path: "/admin/users/" + account, Header: asAdmin,
				WantStatus: 200, WantBody: want,
				Check: func(t *testing.T, a apptest.Answer) {
					require.Regexp(t, `^"1\.`, a.Header.Get("ETag"), "it is the first version")
				},
			})
		}
	})
}

// refusedChange is a change of an account that is refused with a problem.
func refusedChange(id, problem string, as map[string]string, body string) apptest.Scenario {
	status := map[string]int{"not-found": 404, "validation-failed": 422}[problem]
	return apptest.Scenario{
		Name: problem + " " + body, Method: "PATCH", Path: "/admin/users/" + id, Header: as, Body: body,
		WantStatus: cmp.Or(status, 409), WantCode: problem,
	}
}

// Callers below administrators learn nothing of accounts, not even whether one exists.
func TestAccountsAreForAdministrators(t *testing.T) {
	onModuleAlone(t, func(t *testing.T, p *program) {
		id, _ := p.createAccount(t, "other", usersapi.RoleAdmin)
		for _, role := range []identity.Role{usersapi.RoleUser, usersapi.RoleMember, usersapi.RoleInstructor} {
			own, as := p.createAccount(t, "caller-"+string(role), role)
			for _, account := range []string{id, own, ids.New(), "nonsense"} {
				for method, body := range map[string]any{"GET": nil, "PATCH": `{"role":"admin"}`, "DELETE": nil} {
					path := "/admin/users/" + account
					p.Run(t, apptest.Scenario{
						Name: string(role) + " " + method, Method: method, Path: path, Header: as, Body: body,
						WantStatus: 403, WantCode: "forbidden",
					}, apptest.Scenario{
						Name: "nobody " + method, Method: method, Path: path, Body: body,
						WantStatus: 401, WantCode: "unauthenticated",
					})
				}
			}
		}
	})
}

// listEmails returns the addresses of a page of accounts and the cursor of the next one.
func (p *program) listEmails(t *testing.T, as map[string]string, query string) (emails []string, next string) {
	t.Helper()
	a := p.Send(t, apptest.Scenario{Method: "GET", Path: "/admin/users?" + query, Header: as})
	require.Equal(t, 200, a.Status, "%s", a.Body)
	for _, item := range a.JSON["items"].([]any) {
		emails = append(emails, item.(map[string]any)["email"].(string))
	}
	next, _ = a.JSON["next_cursor"].(string)
	return emails, next
}

func TestListFindsAccounts(t *testing.T) {
	onModuleAlone(t, func(t *testing.T, p *program) {
		_, asAdmin := p.createAccount(t, "root", usersapi.RoleAdmin)
		for _, n := range []usersapi.NewAccount{
			{Email: "anna@school.example", DisplayName: "Straße Ünal", Role: usersapi.RoleMember},
			{Email: "ben@bücher.example", DisplayName: "ΣΊΣΥΦΟΣ", Role: usersapi.RoleInstructor},
			{Email: "clara@example.com", DisplayName: `100% C\D`, Role: usersapi.RoleUser},
		} {
			_, err := p.registrar.Create(t.Context(), n)
			require.NoError(t, err)
		}
		const anna, ben, clara = "anna@school.example", "ben@xn--bcher-kva.example", "clara@example.com"
		for name, c := range map[string]struct {
			q    string
			want []string
		}{
			"part of an address":                 {"school", []string{anna}},
			"an address in capitals":             {"ANNA@SCHOOL", []string{anna}},
			"the ASCII form of a domain":         {"xn--bcher", []string{ben}},
			"a name with folded letters":         {"STRASSE", []string{anna}},
			"a name in decomposed form":          {"u\u0308nal", []string{anna}},
			"a name with a final sigma":          {"σίσυφος", []string{ben}},
			"a percent sign stands for itself":   {"%", []string{clara}},
			"an underscore stands for itself":    {"_", nil},
			"a backslash stands for itself":      {`c\d`, []string{clara}},
			"two words must stand side by side":  {"ünal straße", nil},
			"a part of both is a match of none":  {"school straße", nil},
			"a domain that all others have, too": {"@example.com", []string{clara, "root@example.com"}},
			"nothing restricts nothing":          {"", []string{clara, ben, anna, "root@example.com"}},
		} {
			t.Run(name, func(t *testing.T) {
				found, _ := p.listEmails(t, asAdmin, "q="+url.QueryEscape(c.q))
				require.Equal(t, c.want, found)
			})
		}
		for name, query := range map[string]string{
			"an unknown role": "role=owner", "a role in capitals": "role=ADMIN", "an unknown status": "status=gone",
			"a long text": "q=" + strings.Repeat("x", 201), "a forged cursor": "cursor=bm90aGluZw",
		} {
			p.Run(t, apptest.Scenario{
				Name: name + " is refused", Method: "GET", Path: "/admin/users?" + query, Header: asAdmin,
				WantStatus: 422, WantCode: "validation-failed",
			})
		}
	})
}

// Accounts of the same millisecond have a fixed order, so no page repeats or leaves out one, while
// others come and go.
func TestPagesOfAccountsFitTogether(t *testing.T) {
	onModuleAlone(t, func(t *testing.T, p *program) {
		_, asAdmin := p.createAccount(t, "root", usersapi.RoleAdmin)
		_, asOther := p.createAccount(t, "second", usersapi.RoleAdmin)
		byEmail := map[string]string{}
		for i := range 7 {
			name := fmt.Sprint("learner-", i)
			byEmail[name+"@example.com"], _ = p.createAccount(t, name, usersapi.RoleUser)
		}
		_, err := p.DB.Exec(t.Context(), "UPDATE users SET created_at = 1700000000000 WHERE role = 'user'")
		require.NoError(t, err)
		all, _ := p.listEmails(t, asAdmin, "role=user")
		require.Len(t, all, 7)
		highestFirst := func(a, b string) int { return strings.Compare(byEmail[b], byEmail[a]) }
		require.True(t, slices.IsSortedFunc(all, highestFirst), "the highest id first")

		first, next := p.listEmails(t, asAdmin, "role=user&limit=3")
		require.Equal(t, all[:3], first)
		p.createAccount(t, "newcomer", usersapi.RoleUser)
		for _, gone := range []string{all[2], all[4]} { // the last of the page, and one that is still to come
			answer := p.Send(t, apptest.Scenario{
				Method: "DELETE", Path: "/admin/users/" + byEmail[gone], Header: asAdmin,
			})
			require.Equal(t, 204, answer.Status, "%s", answer.Body)
		}
		for name, c := range map[string]struct {
			as    map[string]string
			query string
		}{
			"other filters": {asAdmin, "role=user&status=active"}, "another role": {asAdmin, "role=admin"},
			"another administrator": {asOther, "role=user"},
		} {
			p.Run(t, apptest.Scenario{
				Name: "a cursor is not for " + name, Method: "GET", Header: c.as,
				Path:       "/admin/users?" + c.query + "&limit=3&cursor=" + next,
				WantStatus: 422, WantCode: "validation-failed",
			})
		}
		second, next := p.listEmails(t, asAdmin, "role=user&limit=2&cursor="+next)
		require.Equal(t, []string{all[3], all[5]}, second)
		last, next := p.listEmails(t, asAdmin, "role=user&limit=2&cursor="+next)
		require.Equal(t, []string{all[6]}, last)
		require.Empty(t, next, "there is no page after the last account")
	})
}

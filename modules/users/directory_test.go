package users_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/modules/users"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
)

func TestListOfAccounts(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		names := []string{"list-a", "list_b", "list%c"}
		for _, name := range names {
			_, id, _ := s.NewAccount(name)
			s.Want(200, "PATCH", "/admin/users/"+id, admin,
				map[string]string{"display_name": "Listed " + name, "role": "member"})
		}
		find := func(query string) (found []string) {
			t.Helper()
			for _, item := range s.Want(200, "GET", "/admin/users?"+query, admin, nil).Items() {
				found = append(found, item.(map[string]any)["email"].(string))
			}
			return found
		}
		newest := []string{"list%c@example.com", "list_b@example.com", "list-a@example.com"}
		for query, want := range map[string][]string{
			"q=LISTED&role=member": newest, "q=list&role=member&status=active": newest,
			"q=list&status=disabled": nil, "q=listed&role=instructor": nil,
			"q=" + url.QueryEscape("list_"): newest[1:2], "q=" + url.QueryEscape("list%"): newest[:1],
		} {
			t.Run(query, func(t *testing.T) { require.Equal(t, want, find(query)) })
		}
		t.Run("page by page", func(t *testing.T) {
			require.Equal(t, 3, s.CountAll("/admin/users?q=listed", admin))
			first := s.Want(200, "GET", "/admin/users?q=listed&limit=2", admin, nil)
			require.Len(t, first.Items(), 2)
			second := s.Want(200, "GET", "/admin/users?q=listed&limit=2&cursor="+first.Text("next_cursor"), admin, nil)
			require.Equal(t, newest[2], second.Text("items.0.email"))
			require.Nil(t, second.Get("next_cursor"))
		})
	})
}

// api is what the module offers to other modules.
type api struct {
	accounts  usersapi.Accounts
	registrar usersapi.Registrar
	roles     usersapi.Roles
	identity  identity.Accounts
	service   *users.Service
}

// onAPI runs a story with the module's interfaces on embedded and on real services.
func onAPI(t *testing.T, story func(t *testing.T, s *sitetest.Site, a api)) {
	sitetest.OnBothKinds(t, func(t *testing.T, vars map[string]string) {
		var a api
		s := sitetest.Start(t, vars, &a.accounts, &a.registrar, &a.roles, &a.identity, &a.service)
		story(t, s, a)
	})
}

func TestLookups(t *testing.T) {
	onAPI(t, func(t *testing.T, s *sitetest.Site, a api) {
		ctx := t.Context()
		email, id, _ := s.NewAccount("looked-up")
		t.Run("by id", func(t *testing.T) {
			found, ok, err := a.accounts.ByID(ctx, id)
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, []any{id, email, "looked-up", usersapi.RoleUser, true, false},
				[]any{found.ID, found.Email, found.DisplayName, found.Role, found.Active, found.Verified})
		})
		t.Run("by an address in another spelling", func(t *testing.T) {
			found, ok, err := a.accounts.ByEmail(ctx, " LOOKED-UP@Example.com")
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, id, found.ID)
		})
		t.Run("many", func(t *testing.T) {
			byID, err := a.accounts.ByIDs(ctx, []string{id, ids.New()})
			require.NoError(t, err)
			require.Len(t, byID, 1)
			byEmail, err := a.accounts.ByEmails(ctx, []string{email, "nobody@example.com"})
			require.NoError(t, err)
			require.Equal(t, id, byEmail[email].ID)
			for _, none := range [][]string{nil, {}} {
				byID, err := a.accounts.ByIDs(ctx, none)
				require.NoError(t, err)
				require.Empty(t, byID)
				byEmail, err := a.accounts.ByEmails(ctx, none)
				require.NoError(t, err)
				require.Empty(t, byEmail)
			}
		})
		t.Run("what is not there", func(t *testing.T) {
			for _, missing := range []string{ids.New(), "nonsense", ""} {
				_, ok, err := a.accounts.ByID(ctx, missing)
				require.NoError(t, err)
				require.False(t, ok)
				_, ok, err = a.roles.LockAccount(ctx, missing)
				require.NoError(t, err)
				require.False(t, ok)
				_, ok, err = a.accounts.ByEmail(ctx, missing)
				require.NoError(t, err)
				require.False(t, ok)
			}
		})
		t.Run("for identity", func(t *testing.T) {
			found, ok, err := a.identity.Account(ctx, id)
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, identity.Account{Role: usersapi.RoleUser, Active: true}, found)
		})
		t.Run("whether there is any account", func(t *testing.T) {
			empty, err := a.service.Empty(ctx)
			require.NoError(t, err)
			require.False(t, empty)
		})
	})
}

// The cache of names has committed names only, and a transaction sees its own.
func TestNames(t *testing.T) {
	onAPI(t, func(t *testing.T, s *sitetest.Site, a api) {
		_, id, token := s.NewAccount("named")
		nameOf := func(ctx context.Context) string {
			names, err := a.accounts.Names(ctx, []string{id, ids.New()})
			require.NoError(t, err)
			require.Len(t, names, 1)
			return names[id]
		}
		require.Equal(t, "named", nameOf(t.Context()))
		s.Want(200, "PATCH", "/users/me", token, `{"display_name":"Renamed"}`)
		require.Equal(t, "Renamed", nameOf(t.Context()), "the replica of the change drops the name at the commit")

		undo := errors.New("undo")
		err := s.Running.Parts.DB.InTx(t.Context(), func(ctx context.Context) error {
			_, err := s.Running.Parts.DB.Exec(ctx, "UPDATE users SET display_name = 'Uncommitted' WHERE id = ?", id)
			require.NoError(t, err)
			require.Equal(t, "Uncommitted", nameOf(ctx))
			none, err := a.accounts.Names(ctx, nil)
			require.NoError(t, err)
			require.Empty(t, none)
			return undo
		})
		require.ErrorIs(t, err, undo)
		require.Equal(t, "Renamed", nameOf(t.Context()))
	})
}

// What one replica changes shows on all others within a second.
func TestNamesOnReplicas(t *testing.T) {
	t.Parallel()
	sites := sitetest.StartReplicas(t, 2)
	a, b := sites[0], sites[1]
	admin := a.AdminToken()
	_, id, token := a.NewAccount("everywhere")
	a.Want(201, "POST", "/channels/hq/messages", token, `{"body":"Who am I?"}`)
	nameOn := func(s *sitetest.Site) string {
		return s.Want(200, "GET", "/channels/hq/messages", admin, nil).Text("items.0.user.display_name")
	}
	for _, s := range sites {
		require.Equal(t, "everywhere", nameOn(s), "both have the name in their caches")
	}
	for _, c := range []struct {
		change func()
		want   string
	}{
		{func() { a.Want(200, "PATCH", "/users/me", token, `{"display_name":"Renamed"}`) }, "Renamed"},
		{func() { b.Want(200, "PATCH", "/admin/users/"+id, admin, `{"display_name":null}`) }, "everywhere"},
		{func() { a.Want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"disabled"}`) }, "everywhere"},
		{func() { b.Want(204, "DELETE", "/admin/users/"+id, admin, nil) }, usersapi.DeletedName},
	} {
		c.change()
		changed := time.Now()
		for _, s := range sites {
			testkit.Eventually(t, func() bool { return nameOn(s) == c.want }, "the name is %s", c.want)
		}
		require.Less(t, time.Since(changed), 3*time.Second)
	}
}

// Without the database nobody is said to be missing.
func TestFailedLookupsAreErrors(t *testing.T) {
	onModuleAlone(t, func(t *testing.T, p *program) {
		id, _ := p.createAccount(t, "there", usersapi.RoleUser)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err := p.accounts.ByID(ctx, id)
		require.ErrorIs(t, err, context.Canceled)
		_, _, err = p.accounts.ByEmail(ctx, "there@example.com")
		require.ErrorIs(t, err, context.Canceled)
		_, err = p.accounts.ByIDs(ctx, []string{id})
		require.ErrorIs(t, err, context.Canceled)
		_, err = p.accounts.Names(ctx, []string{id})
		require.ErrorIs(t, err, context.Canceled)
		persons, err := usersapi.Persons(t.Context(), p.accounts, []string{id})
		require.NoError(t, err)
		require.Equal(t, "there", persons[id].DisplayName, "a failure is not remembered as a missing name")
	})
}

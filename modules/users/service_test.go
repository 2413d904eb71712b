package users_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/ids"
)

func TestCreate(t *testing.T) {
	onAPI(t, func(t *testing.T, _ *sitetest.Site, a api) {
		ctx := t.Context()
		created, err := a.registrar.Create(ctx, usersapi.NewAccount{Email: "New@Example.com", Role: usersapi.RoleMember})
		require.NoError(t, err)
		require.Equal(t, []any{"new@example.com", "new", usersapi.RoleMember, true, false},
			[]any{created.Email, created.DisplayName, created.Role, created.Active, created.Verified})
		for name, c := range map[string]struct {
			account usersapi.NewAccount
			want    string
		}{
			"a taken address": {usersapi.NewAccount{Email: "NEW@example.com", Role: usersapi.RoleUser}, "email-taken"},
			"no address":      {usersapi.NewAccount{Email: "new"}, "email"},
			"a long name": {
				usersapi.NewAccount{Email: "a@example.com", DisplayName: strings.Repeat("x", 101)}, "display_name",
			},
			"a hidden name": {usersapi.NewAccount{Email: "a@example.com", DisplayName: "a\u202eb"}, "display_name"},
		} {
			t.Run(name+" is refused", func(t *testing.T) {
				_, err := a.registrar.Create(ctx, c.account)
				e, ok := apperr.As(err)
				require.True(t, ok, "%v", err)
				require.Contains(t, e.Code+" "+e.Summary(), c.want)
			})
		}
	})
}

func TestAddresses(t *testing.T) {
	onAPI(t, func(t *testing.T, s *sitetest.Site, a api) {
		admin := s.AdminToken()
		email, id, _ := s.NewAccount("addressed")
		t.Run("are verified once", func(t *testing.T) {
			for range 2 {
				require.NoError(t, a.registrar.MarkVerified(t.Context(), id))
			}
			require.Equal(t, 1, s.CountEntries(admin, "user.email_verified"))
		})
		t.Run("change", func(t *testing.T) {
			changed, err := a.registrar.ChangeEmail(t.Context(), id, "other@example.com")
			require.NoError(t, err)
			require.Equal(t, "other@example.com", changed.Email)
			require.True(t, changed.Verified)
			require.Equal(t, 1, s.CountEntries(admin, "user.email_changed"))
			require.Equal(t, 1, s.CountEntries(admin, "user.email_verified"), "it was verified before")
		})
		t.Run("are verified by a change", func(t *testing.T) {
			_, other, _ := s.NewAccount("unverified")
			changed, err := a.registrar.ChangeEmail(t.Context(), other, "verified@example.com")
			require.NoError(t, err)
			require.True(t, changed.Verified)
			require.Equal(t, 2, s.CountEntries(admin, "user.email_verified"))
		})
		t.Run("are taken by one account", func(t *testing.T) {
			_, other, _ := s.NewAccount("latecomer")
			_, err := a.registrar.ChangeEmail(t.Context(), other, "other@example.com")
			require.ErrorIs(t, err, usersapi.ProblemEmailTaken.New(""))
			_, free, err := a.accounts.ByEmail(t.Context(), email)
			require.NoError(t, err)
			require.False(t, free, "the old address is free")
		})
		t.Run("of unknown accounts are not found", func(t *testing.T) {
			for _, unknown := range []string{ids.New(), "nonsense"} {
				require.ErrorIs(t, a.registrar.MarkVerified(t.Context(), unknown), apperr.NotFound(""))
			}
		})
	})
}

func TestRaiseRole(t *testing.T) {
	onAPI(t, func(t *testing.T, s *sitetest.Site, a api) {
		_, id, _ := s.NewAccount("raised")
		now, isRaised, err := a.roles.RaiseRole(t.Context(), id, usersapi.RoleInstructor)
		require.NoError(t, err)
		require.Equal(t, []any{usersapi.RoleInstructor, true}, []any{now, isRaised})
		now, isRaised, err = a.roles.RaiseRole(t.Context(), id, usersapi.RoleMember)
		require.NoError(t, err)
		require.Equal(t, []any{usersapi.RoleInstructor, false}, []any{now, isRaised}, "a role is never lowered")
		require.Equal(t, 1, s.CountEntries(s.AdminToken(), "user.role_changed"))
		_, _, err = a.roles.RaiseRole(t.Context(), ids.New(), usersapi.RoleMember)
		require.ErrorIs(t, err, apperr.NotFound(""))
	})
}

func TestRecordLogin(t *testing.T) {
	onAPI(t, func(t *testing.T, s *sitetest.Site, a api) {
		admin := s.AdminToken()
		_, id, _ := s.NewAccount("visitor")
		isActive, err := a.registrar.RecordLogin(t.Context(), id)
		require.NoError(t, err)
		require.True(t, isActive)
		require.NotEmpty(t, s.Want(200, "GET", "/admin/users/"+id, admin, nil).Text("last_login_at"))
		s.Want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"disabled"}`)
		for _, inactive := range []string{id, ids.New()} {
			isActive, err := a.registrar.RecordLogin(t.Context(), inactive)
			require.NoError(t, err)
			require.False(t, isActive)
		}
	})
}

package users

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/testkit/dbtest"
)

// onStores runs a test with a store on an empty database of each kind.
func onStores(t *testing.T, test func(t *testing.T, s *store)) {
	t.Helper()
	dbtest.OnBoth(t, func(t *testing.T, d *db.DB) { test(t, newStore(d)) }, Migrations)
}

// insertAccount inserts an active account and returns it.
func insertAccount(t *testing.T, s *store, name string, role identity.Role) *account {
	t.Helper()
	now := clock.System{}.Now()
	a := &account{
		ID: ids.New(), Email: name + "@example.com", Role: role, Status: statusActive, Version: 1,
		CreatedAt: now, UpdatedAt: now,
	}
	a.setDisplayName(name)
	require.NoError(t, s.insert(t.Context(), a))
	return a
}

func TestStoreOfAccounts(t *testing.T) {
	onStores(t, func(t *testing.T, s *store) {
		ctx := t.Context()
		empty, err := s.isEmpty(ctx)
		require.NoError(t, err)
		require.True(t, empty)
		a := insertAccount(t, s, "ada", usersapi.RoleUser)
		empty, err = s.isEmpty(ctx)
		require.NoError(t, err)
		require.False(t, empty)

		t.Run("both lookups return what was inserted", func(t *testing.T) {
			for _, find := range []func() (*account, error){
				func() (*account, error) { return s.findByID(ctx, a.ID) },
				func() (*account, error) { return s.findByEmail(ctx, a.Email) },
			} {
				found, err := find()
				require.NoError(t, err)
				require.Equal(t, a, found)
			}
		})
		t.Run("an address belongs to one account", func(t *testing.T) {
			second := *a
			second.ID = ids.New()
			require.True(t, db.IsDuplicate(s.insert(ctx, &second)))
		})
		t.Run("a saved account has the next version and keeps its beginning", func(t *testing.T) {
			changed := *a
			changed.Role, changed.Status, changed.EmailVerified = usersapi.RoleAdmin, statusDisabled, true
			changed.setDisplayName("ADA")
			changed.CreatedAt = a.CreatedAt.Add(time.Hour)
			changed.UpdatedAt = a.UpdatedAt.Add(time.Minute)
			require.NoError(t, s.save(ctx, &changed))
			found, err := s.findByID(ctx, a.ID)
			require.NoError(t, err)
			want := changed
			want.Version, want.CreatedAt = 2, a.CreatedAt
			require.Equal(t, &want, found)
		})
		t.Run("a removed account has no name", func(t *testing.T) {
			name, ok, err := s.findName(ctx, a.ID)
			require.NoError(t, err)
			require.Equal(t, []any{"ADA", true}, []any{name, ok})
			require.NoError(t, s.remove(ctx, a.ID))
			_, ok, err = s.findName(ctx, a.ID)
			require.NoError(t, err)
			require.False(t, ok)
			_, err = s.findByID(ctx, a.ID)
			require.True(t, db.IsNotFound(err))
		})
	})
}

// Only administrators who can act count when the last one is looked for.
func TestActiveAdminsAreLocked(t *testing.T) {
	onStores(t, func(t *testing.T, s *store) {
		first, second := insertAccount(t, s, "a", usersapi.RoleAdmin), insertAccount(t, s, "b", usersapi.RoleAdmin)
		insertAccount(t, s, "teacher", usersapi.RoleInstructor)
		disabled := insertAccount(t, s, "c", usersapi.RoleAdmin)
		disabled.Status = statusDisabled
		require.NoError(t, s.save(t.Context(), disabled))
		require.NoError(t, s.db.InTx(t.Context(), func(ctx context.Context) error {
			locked, err := s.lockAdmins(ctx)
			require.NoError(t, err)
			require.Equal(t, []string{first.ID, second.ID}, locked, "in the order of their ids")
			return nil
		}))
	})
}

// A shared lock lets others share it and keeps the account from being changed, so that what a role
// allows in a transaction is still allowed at its commit.
func TestSharedLocksKeepChangesAway(t *testing.T) {
	t.Parallel()
	s := newStore(dbtest.Open(t, dbtest.Postgres(t), Migrations))
	a := insertAccount(t, s, "locked", usersapi.RoleInstructor)
	beside := func(lock func(context.Context, string) (*account, error)) error {
		return s.db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := s.db.Exec(ctx, "SET LOCAL lock_timeout = '50ms'")
			require.NoError(t, err)
			_, err = lock(ctx, a.ID)
			return err
		})
	}
	require.NoError(t, s.db.InTx(t.Context(), func(ctx context.Context) error {
		_, err := s.lockForShare(ctx, a.ID)
		require.NoError(t, err)
		require.NoError(t, beside(s.lockForShare))
		require.NoError(t, beside(s.findByID))
		require.ErrorContains(t, beside(s.lockForUpdate), "lock")
		return nil
	}))
	require.NoError(t, beside(s.lockForUpdate), "the lock ends with its transaction")
}

// A request whose account was deleted while it was under way is that of an unknown caller.
func TestDeletedCallers(t *testing.T) {
	onStores(t, func(t *testing.T, s *store) {
		service := newService(s.db, s, events.NewBus(s.db, clock.System{}), broadcast.New(nil), clock.System{})
		gone := identity.WithCaller(t.Context(), identity.Caller{UserID: ids.New(), Role: usersapi.RoleUser})
		_, err := service.getCaller(gone)
		require.ErrorIs(t, err, apperr.InvalidToken())
		_, err = newExporter(service, HolderParams{}).exportCaller(gone, true)
		require.ErrorIs(t, err, apperr.InvalidToken())
	})
}

package userstest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/modules/users/userstest"
	"lyceum/platform/identity"
)

func TestLookups(t *testing.T) {
	accounts := &userstest.Accounts{}
	ada, bob := accounts.New("Ada Byron", usersapi.RoleMember), accounts.New("Bob", usersapi.RoleUser)
	require.Equal(t, "ada-byron@example.org", ada.Email)

	found, ok, err := accounts.ByID(t.Context(), ada.ID)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, ada, found)
	found, ok, err = accounts.ByEmail(t.Context(), " BOB@Example.org")
	require.NoError(t, err)
	require.True(t, ok, "an address in any spelling")
	require.Equal(t, bob, found)

	byID, err := accounts.ByIDs(t.Context(), []string{ada.ID, "missing"})
	require.NoError(t, err)
	require.Equal(t, map[string]usersapi.Account{ada.ID: ada}, byID)
	byEmail, err := accounts.ByEmails(t.Context(), []string{bob.Email, "nobody@example.org"})
	require.NoError(t, err)
	require.Equal(t, map[string]usersapi.Account{bob.Email: bob}, byEmail)
	names, err := accounts.Names(t.Context(), []string{ada.ID, bob.ID, "missing"})
	require.NoError(t, err)
	require.Equal(t, map[string]string{ada.ID: "Ada Byron", bob.ID: "Bob"}, names)
}

func TestMissingAccountsAreNoError(t *testing.T) {
	accounts := &userstest.Accounts{}
	gone := accounts.New("Gone", usersapi.RoleUser)
	accounts.Remove(gone.ID)
	_, ok, err := accounts.ByID(t.Context(), gone.ID)
	require.NoError(t, err)
	require.False(t, ok)
	for _, address := range []string{gone.Email, "no address"} {
		_, ok, err = accounts.ByEmail(t.Context(), address)
		require.NoError(t, err)
		require.False(t, ok, address)
	}
	_, ok, err = accounts.Account(t.Context(), gone.ID)
	require.NoError(t, err)
	require.False(t, ok)
}

func TestChanges(t *testing.T) {
	accounts := &userstest.Accounts{}
	ada := accounts.New("Ada", usersapi.RoleMember)

	now, isRaised, err := accounts.RaiseRole(t.Context(), ada.ID, usersapi.RoleInstructor)
	require.NoError(t, err)
	require.True(t, isRaised)
	require.Equal(t, usersapi.RoleInstructor, now)
	now, isRaised, err = accounts.RaiseRole(t.Context(), ada.ID, usersapi.RoleUser)
	require.NoError(t, err)
	require.False(t, isRaised, "a role is never lowered")
	require.Equal(t, usersapi.RoleInstructor, now)

	require.NoError(t, accounts.MarkVerified(t.Context(), ada.ID))
	accounts.Disable(ada.ID)
	locked, ok, err := accounts.LockAccount(t.Context(), ada.ID)
	require.NoError(t, err)
	require.True(t, ok)
	require.True(t, locked.Verified)
	seen, _, err := accounts.Account(t.Context(), ada.ID)
	require.NoError(t, err)
	require.Equal(t, identity.Account{Role: usersapi.RoleInstructor}, seen)
}

func TestRegistrar(t *testing.T) {
	accounts := &userstest.Accounts{}
	ada, err := accounts.Create(t.Context(), usersapi.NewAccount{Email: "ada@example.org", Role: usersapi.RoleUser})
	require.NoError(t, err)
	require.True(t, ada.Active)
	bob := accounts.New("Bob", usersapi.RoleUser)
	require.Equal(t, 2, accounts.Count())

	_, err = accounts.Create(t.Context(), usersapi.NewAccount{Email: "ada@example.org"})
	require.ErrorIs(t, err, usersapi.ProblemEmailTaken.New("taken"))
	_, err = accounts.ChangeEmail(t.Context(), bob.ID, "ada@example.org")
	require.ErrorIs(t, err, usersapi.ProblemEmailTaken.New("taken"))
	changed, err := accounts.ChangeEmail(t.Context(), bob.ID, "robert@example.org")
	require.NoError(t, err)
	require.Equal(t, []any{"robert@example.org", true}, []any{changed.Email, changed.Verified})

	isActive, err := accounts.RecordLogin(t.Context(), bob.ID)
	require.NoError(t, err)
	require.True(t, isActive)
	accounts.RecordLoginFunc = func(context.Context) { accounts.Disable(bob.ID) }
	isActive, err = accounts.RecordLogin(t.Context(), bob.ID)
	require.NoError(t, err)
	require.False(t, isActive)
}

func TestFindFunc(t *testing.T) {
	broken := errors.New("broken")
	accounts := &userstest.Accounts{FindFunc: func(context.Context) error { return broken }}
	_, _, err := accounts.ByID(t.Context(), "1")
	require.ErrorIs(t, err, broken)
	_, err = accounts.Names(t.Context(), []string{"1"})
	require.ErrorIs(t, err, broken)
}

// countingHolder exports two records of one section.
type countingHolder struct{ usersapi.Holder }

func (countingHolder) Export(_ context.Context, userID string, record usersapi.Record) error {
	for n := range 2 {
		if err := record("numbers", map[string]any{"n": n, "of": userID}); err != nil {
			return err
		}
	}
	return nil
}

func TestReadExport(t *testing.T) {
	require.Equal(t, map[string][]map[string]any{"numbers": {{"n": 0.0, "of": "u"}, {"n": 1.0, "of": "u"}}},
		userstest.ReadExport(t, countingHolder{}, "u"))
}

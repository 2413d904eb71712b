// Package userstest has accounts in memory for the tests of modules that ask module users.
package userstest

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/text"
)

// Accounts are the accounts that a test has added. They are a usersapi.Accounts, a usersapi.Registrar and
// a usersapi.Roles, and tell an authenticator the role and the state of an account. They keep no
// transactions: a change stays when the caller rolls back. The zero value has no account. Accounts are
// safe for concurrent use.
type Accounts struct {
	// FindFunc, if set, is called before each lookup. Its error is returned by the lookup.
	FindFunc func(ctx context.Context) error
	// RecordLoginFunc, if set, is called at the beginning of RecordLogin, in the transaction of the caller.
	RecordLoginFunc func(ctx context.Context)

	mu   sync.Mutex
	byID map[string]usersapi.Account
}

var (
	_ usersapi.Accounts  = (*Accounts)(nil)
	_ usersapi.Registrar = (*Accounts)(nil)
	_ usersapi.Roles     = (*Accounts)(nil)
)

// New adds an active account with a role and returns it. Its display name is name, and its address,
// which is not verified, is made of name, such as olga@example.org.
func (a *Accounts) New(name string, role identity.Role) usersapi.Account {
	account := usersapi.Account{
		ID: ids.New(), Email: strings.ToLower(strings.ReplaceAll(name, " ", "-")) + "@example.org", DisplayName: name,
		Role: role, Active: true,
	}
	a.Put(account)
	return account
}

// Put adds an account or replaces the one with its id.
func (a *Accounts) Put(account usersapi.Account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byID == nil {
		a.byID = map[string]usersapi.Account{}
	}
	a.byID[account.ID] = account
}

// Change lets edit change an account, if it exists.
func (a *Accounts) Change(id string, edit func(*usersapi.Account)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if account, ok := a.byID[id]; ok {
		edit(&account)
		a.byID[id] = account
	}
}

// Count returns how many accounts there are.
func (a *Accounts) Count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.byID)
}

// Disable disables an account.
func (a *Accounts) Disable(id string) {
	a.Change(id, func(account *usersapi.Account) { account.Active = false })
}

// Remove removes an account, as its deletion does.
func (a *Accounts) Remove(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.byID, id)
}

// ByID implements usersapi.Accounts.
func (a *Accounts) ByID(ctx context.Context, id string) (account usersapi.Account, ok bool, err error) {
	found, err := a.ByIDs(ctx, []string{id})
	account, ok = found[id]
	return account, ok, err
}

// ByEmail implements usersapi.Accounts.
func (a *Accounts) ByEmail(ctx context.Context, email string) (account usersapi.Account, ok bool, err error) {
	canonical, err := text.NormalizeEmail(email)
	if err != nil {
		return account, false, nil //nolint:nilerr // nobody has what is no address
	}
	found, err := a.ByEmails(ctx, []string{canonical})
	account, ok = found[canonical]
	return account, ok, err
}

// ByIDs implements usersapi.Accounts.
func (a *Accounts) ByIDs(ctx context.Context, wanted []string) (map[string]usersapi.Account, error) {
	return a.find(ctx, wanted, func(account usersapi.Account) string { return account.ID })
}

// ByEmails implements usersapi.Accounts.
func (a *Accounts) ByEmails(ctx context.Context, wanted []string) (map[string]usersapi.Account, error) {
	return a.find(ctx, wanted, func(account usersapi.Account) string { return account.Email })
}

// find returns the accounts whose key is wanted, by that key.
func (a *Accounts) find(
	ctx context.Context, wanted []string, key func(usersapi.Account) string,
) (map[string]usersapi.Account, error) {
	if a.FindFunc != nil {
		if err := a.FindFunc(ctx); err != nil {
			return nil, err
		}
	}
	isWanted := make(map[string]bool, len(wanted))
	for _, k := range wanted {
		isWanted[k] = true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	found := map[string]usersapi.Account{}
	for _, account := range a.byID {
		if k := key(account); isWanted[k] {
			found[k] = account
		}
	}
	return found, nil
}

// Names implements usersapi.Accounts.
func (a *Accounts) Names(ctx context.Context, wanted []string) (map[string]string, error) {
	found, err := a.ByIDs(ctx, wanted)
	names := make(map[string]string, len(found))
	for id, account := range found {
		names[id] = account.DisplayName
	}
	return names, err
}

// LockAccount implements usersapi.Roles. It keeps nobody from changing the account.
func (a *Accounts) LockAccount(ctx context.Context, id string) (usersapi.Account, bool, error) {
	return a.ByID(ctx, id)
}

// RaiseRole implements usersapi.Roles.
func (a *Accounts) RaiseRole(_ context.Context, id string, to identity.Role) (now identity.Role, isRaised bool, err error) {
	a.Change(id, func(account *usersapi.Account) {
		if isRaised = !account.Role.IsAtLeast(to); isRaised {
			account.Role = to
		}
		now = account.Role
	})
	return now, isRaised, nil
}

// Create implements usersapi.Registrar. It takes every address and every name.
func (a *Accounts) Create(ctx context.Context, n usersapi.NewAccount) (usersapi.Account, error) {
	if _, isTaken, err := a.ByEmail(ctx, n.Email); isTaken || err != nil {
		return usersapi.Account{}, errors.Join(err, usersapi.ProblemEmailTaken.New("taken"))
	}
	created := usersapi.Account{
		ID: cmp.Or(n.ID, ids.New()), Email: n.Email, DisplayName: n.DisplayName, Role: n.Role, Verified: n.Verified,
		Active: true,
	}
	a.Put(created)
	return created, nil
}

// ChangeEmail implements usersapi.Registrar.
func (a *Accounts) ChangeEmail(ctx context.Context, id, email string) (usersapi.Account, error) {
	if _, isTaken, err := a.ByEmail(ctx, email); isTaken || err != nil {
		return usersapi.Account{}, errors.Join(err, usersapi.ProblemEmailTaken.New("taken"))
	}
	a.Change(id, func(account *usersapi.Account) { account.Email, account.Verified = email, true })
	changed, _, err := a.ByID(ctx, id)
	return changed, err
}

// RecordLogin implements usersapi.Registrar. It keeps nobody from changing the account.
func (a *Accounts) RecordLogin(ctx context.Context, id string) (isActive bool, err error) {
	if a.RecordLoginFunc != nil {
		a.RecordLoginFunc(ctx)
	}
	a.Change(id, func(account *usersapi.Account) { isActive = account.Active })
	return isActive, nil
}

// MarkVerified implements usersapi.AddressVerifier.
func (a *Accounts) MarkVerified(_ context.Context, id string) error {
	a.Change(id, func(account *usersapi.Account) { account.Verified = true })
	return nil
}

// Account tells an authenticator the role and the state of an account.
func (a *Accounts) Account(ctx context.Context, id string) (identity.Account, bool, error) {
	account, ok, err := a.ByID(ctx, id)
	return identity.Account{Role: account.Role, Active: account.Active}, ok, err
}

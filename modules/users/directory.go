package users

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyset"
	"lyceum/platform/text"
)

// ByID implements usersapi.Accounts.
func (s *Service) ByID(ctx context.Context, id string) (usersapi.Account, bool, error) {
	if !ids.IsValid(id) {
		return usersapi.Account{}, false, nil
	}
	return lookUp(s.store.findByID(ctx, id))
}

// ByEmail implements usersapi.Accounts.
func (s *Service) ByEmail(ctx context.Context, email string) (usersapi.Account, bool, error) {
	canonical, err := text.NormalizeEmail(email)
	if err != nil {
		return usersapi.Account{}, false, nil //nolint:nilerr // no account has what is not an address
	}
	return lookUp(s.store.findByEmail(ctx, canonical))
}

// LockAccount implements usersapi.Roles.
func (s *Service) LockAccount(ctx context.Context, id string) (usersapi.Account, bool, error) {
	if !ids.IsValid(id) {
		return usersapi.Account{}, false, nil
	}
	return lookUp(s.store.lockForShare(ctx, id))
}

// lookUp turns the result of the store into that of usersapi.Accounts.
func lookUp(a *account, err error) (usersapi.Account, bool, error) {
	if db.IsNotFound(err) {
		return usersapi.Account{}, false, nil
	}
	if err != nil {
		return usersapi.Account{}, false, err
	}
	return a.toAPI(), true, nil
}

// ByIDs implements usersapi.Accounts.
func (s *Service) ByIDs(ctx context.Context, list []string) (map[string]usersapi.Account, error) {
	rows, err := s.store.findByIDs(ctx, list)
	accounts := make(map[string]usersapi.Account, len(rows))
	for _, a := range rows {
		accounts[a.ID] = a.toAPI()
	}
	return accounts, err
}

// ByEmails implements usersapi.Accounts.
func (s *Service) ByEmails(ctx context.Context, emails []string) (map[string]usersapi.Account, error) {
	rows, err := s.store.findByEmails(ctx, emails)
	accounts := make(map[string]usersapi.Account, len(rows))
	for _, a := range rows {
		accounts[a.Email] = a.toAPI()
	}
	return accounts, err
}

// Names implements usersapi.Accounts. In a transaction it asks the database: the caller sees names
// that it has changed itself, and the cache, which all share, does not.
func (s *Service) Names(ctx context.Context, list []string) (map[string]string, error) {
	if db.IsInTx(ctx) {
		return s.store.findNames(ctx, list)
	}
	return s.names.GetAll(ctx, list, s.store.findNames)
}

// Account implements identity.Accounts: what the account may do now.
func (s *Service) Account(ctx context.Context, id string) (identity.Account, bool, error) {
	a, ok, err := s.ByID(ctx, id)
	return identity.Account{Role: a.Role, Active: a.Active, Verified: a.Verified}, ok, err
}

// Empty reports whether there is no account at all.
func (s *Service) Empty(ctx context.Context) (bool, error) { return s.store.isEmpty(ctx) }

// getCaller returns the account of the caller. It returns an invalid-token error if the account was
// deleted while the request was on its way.
func (s *Service) getCaller(ctx context.Context) (*account, error) {
	a, err := s.store.findByID(ctx, identity.CallerFrom(ctx).UserID)
	if db.IsNotFound(err) {
		err = apperr.InvalidToken()
	}
	return a, err
}

// getAccount returns an account, or errNoAccount.
func (s *Service) getAccount(ctx context.Context, id string) (*account, error) {
	if !ids.IsValid(id) {
		return nil, errNoAccount
	}
	a, err := s.store.findByID(ctx, id)
	if db.IsNotFound(err) {
		return nil, errNoAccount
	}
	return a, err
}

// listFilter restricts the list of accounts. Empty fields restrict nothing.
type listFilter struct {
	Q      string // part of the address or of the display name
	Role   string
	Status string
}

// listAccounts returns at most limit accounts after a position, the newest first.
func (s *Service) listAccounts(
	ctx context.Context, f listFilter, after *keyset.Position, limit int,
) ([]account, error) {
	return s.store.list(ctx, f, after, limit)
}

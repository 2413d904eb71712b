package users

import (
	"cmp"
	"context"
	"strings"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/broadcast"
	"lyceum/platform/cache"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/text"
)

// Service is what the domain does with accounts.
type Service struct {
	db        *db.DB
	store     *store
	events    *events.Bus
	broadcast *broadcast.Bus
	clock     clock.Clock
	// names are asked for by nearly every answer.
	names *cache.Invalidated[string]
}

func newService(d *db.DB, s *store, e *events.Bus, b *broadcast.Bus, c clock.Clock) *Service {
	return &Service{d, s, e, b, c, cache.NewInvalidated(b, identity.TopicAccount, s.name)}
}

var (
	errMissing   = apperr.NotFound("There is no such account.")
	errLastAdmin = problemLastAdmin.New("This is the last active administrator.")
)

// Create adds an account: 409 email-taken, 422 for a bad address or name.
func (s *Service) Create(ctx context.Context, n usersapi.NewAccount) (usersapi.Account, error) {
	email, err := text.NormalizeEmail(n.Email)
	if err != nil {
		return usersapi.Account{}, apperr.Invalid("email", err.Error())
	}
	name, err := displayName(n.DisplayName, email)
	if err != nil {
		return usersapi.Account{}, err
	}
	now := s.clock.Now()
	u := &user{ID: cmp.Or(n.ID, ids.New()), Email: email, Role: n.Role, Status: active, EmailVerified: n.Verified, Version: 1, CreatedAt: now, UpdatedAt: now}
	u.rename(name)
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.insert(ctx, u); err != nil {
			return err
		}
		if err := s.record(ctx, auditapi.Entry{Action: "user.registered", TargetID: u.ID, ActorID: registeredBy(ctx, u.ID), Data: map[string]any{"role": u.Role}}); err != nil {
			return err
		}
		return s.events.Publish(ctx, usersapi.Registered{UserID: u.ID, Role: string(u.Role)})
	})
	if err != nil {
		return usersapi.Account{}, emailTaken(err)
	}
	return u.account(), nil
}

// registeredBy is the new user himself, save on the command line, where nobody is signed in.
func registeredBy(ctx context.Context, id string) string {
	if identity.CallerFrom(ctx).Via != "" {
		return ""
	}
	return id
}

// displayName checks a given name; without one it is the address's local part.
func displayName(name, email string) (string, error) {
	name = text.CleanLine(name)
	if name == "" {
		name, _, _ = strings.Cut(email, "@")
	}
	if text.CountRunes(name) > maxDisplayName {
		return "", apperr.Invalid("display_name", "at most 100 characters")
	}
	if err := text.CheckLine(name); err != nil {
		return "", apperr.Invalid("display_name", err.Error())
	}
	return name, nil
}

func (s *Service) record(ctx context.Context, e auditapi.Entry) error {
	e.TargetType = "user"
	return s.events.Publish(ctx, e)
}

// ByID gives an account.
func (s *Service) ByID(ctx context.Context, id string) (usersapi.Account, bool, error) {
	if !ids.IsValid(id) {
		return usersapi.Account{}, false, nil
	}
	return found(s.store.byID(ctx, id))
}

// Hold gives an account and keeps it as it is for the rest of the transaction.
func (s *Service) Hold(ctx context.Context, id string) (usersapi.Account, bool, error) {
	if !ids.IsValid(id) {
		return usersapi.Account{}, false, nil
	}
	return found(s.store.lockForShare(ctx, id))
}

// caller is the account behind the request: 401 when it was deleted this moment.
func (s *Service) caller(ctx context.Context) (*user, error) {
	u, err := s.store.byID(ctx, identity.CallerFrom(ctx).UserID)
	if db.IsNotFound(err) {
		err = apperr.InvalidToken()
	}
	return u, err
}

// ByEmail gives the account with an address in any spelling.
func (s *Service) ByEmail(ctx context.Context, email string) (usersapi.Account, bool, error) {
	canonical, err := text.NormalizeEmail(email)
	if err != nil {
		return usersapi.Account{}, false, nil //nolint:nilerr // what is no address belongs to nobody
	}
	return found(s.store.byEmail(ctx, canonical))
}

func found(u *user, err error) (usersapi.Account, bool, error) {
	if db.IsNotFound(err) {
		return usersapi.Account{}, false, nil
	}
	return u.account(), err == nil, err
}

// ByIDs gives the accounts that exist.
func (s *Service) ByIDs(ctx context.Context, list []string) (map[string]usersapi.Account, error) {
	rows, err := s.store.byIDs(ctx, list)
	out := make(map[string]usersapi.Account, len(rows))
	for _, u := range rows {
		out[u.ID] = u.account()
	}
	return out, err
}

// ByEmails gives the accounts that exist, by canonical address.
func (s *Service) ByEmails(ctx context.Context, emails []string) (map[string]usersapi.Account, error) {
	rows, err := s.store.byEmails(ctx, emails)
	out := make(map[string]usersapi.Account, len(rows))
	for _, u := range rows {
		out[u.Email] = u.account()
	}
	return out, err
}

// Names gives the display names of the accounts that exist. A transaction sees its own changes, which others
// must not see yet.
func (s *Service) Names(ctx context.Context, list []string) (map[string]string, error) {
	if db.IsInTx(ctx) {
		return s.store.names(ctx, list)
	}
	return s.names.GetAll(ctx, list, s.store.names)
}

// Account answers platform/identity: what may this account do now?
func (s *Service) Account(ctx context.Context, id string) (identity.Account, bool, error) {
	a, ok, err := s.ByID(ctx, id)
	return identity.Account{Role: a.Role, Active: a.Active, Verified: a.Verified}, ok, err
}

// MarkVerified notes that the address is the account's own; once is enough.
func (s *Service) MarkVerified(ctx context.Context, id string) error {
	return s.change(ctx, id, func(ctx context.Context, u *user) ([]auditapi.Entry, error) {
		if u.EmailVerified {
			return nil, nil
		}
		u.EmailVerified = true
		if err := s.events.Publish(ctx, usersapi.EmailVerified{UserID: id}); err != nil {
			return nil, err
		}
		return []auditapi.Entry{{Action: "user.email_verified", ActorID: id}}, nil
	})
}

// ChangeEmail gives an account another address that its owner has confirmed: 409 email-taken.
func (s *Service) ChangeEmail(ctx context.Context, id, email string) (a usersapi.Account, err error) {
	err = s.change(ctx, id, func(ctx context.Context, u *user) ([]auditapi.Entry, error) {
		entries := []auditapi.Entry{{Action: "user.email_changed", ActorID: id}}
		if !u.EmailVerified {
			if err := s.events.Publish(ctx, usersapi.EmailVerified{UserID: id}); err != nil {
				return nil, err
			}
			entries = append(entries, auditapi.Entry{Action: "user.email_verified", ActorID: id})
		}
		u.Email, u.EmailVerified = email, true
		a = u.account()
		return entries, nil
	})
	return a, emailTaken(err)
}

// emailTaken turns a broken unique constraint into what the caller is told.
func emailTaken(err error) error {
	if db.IsDuplicate(err) {
		return usersapi.ProblemEmailTaken.New("An account with this address exists.")
	}
	return err
}

// TouchLogin notes the time of a login; false when the account is disabled or gone by now.
func (s *Service) TouchLogin(ctx context.Context, id string) (bool, error) {
	return s.store.touchLogin(ctx, id, s.clock.Now())
}

// Grant raises a role, never lowers it.
func (s *Service) Grant(ctx context.Context, id string, role identity.Role) (now identity.Role, granted bool, err error) {
	err = s.change(ctx, id, func(ctx context.Context, u *user) ([]auditapi.Entry, error) {
		now = u.Role
		if u.Role.IsAtLeast(role) {
			return nil, nil
		}
		from := u.Role
		u.Role, now, granted = role, role, true
		if err := s.events.Publish(ctx, usersapi.RoleGranted{UserID: id, Role: string(role)}); err != nil {
			return nil, err
		}
		return []auditapi.Entry{roleChanged(from, role)}, nil
	})
	return now, granted, err
}

func roleChanged(from, to identity.Role) auditapi.Entry {
	return auditapi.Entry{Action: "user.role_changed", Data: map[string]any{"from": from, "to": to}}
}

// change locks an account, lets fn change it and writes the entries that fn names; none means
// that nothing changed. Every replica forgets what it knew of the account.
func (s *Service) change(ctx context.Context, id string, fn func(context.Context, *user) ([]auditapi.Entry, error)) error {
	if !ids.IsValid(id) {
		return errMissing
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		u, err := s.store.lockForUpdate(ctx, id)
		if db.IsNotFound(err) {
			return errMissing
		}
		if err != nil {
			return err
		}
		entries, err := fn(ctx, u)
		if err != nil || len(entries) == 0 {
			return err
		}
		u.UpdatedAt = s.clock.Now()
		if err := s.store.save(ctx, u); err != nil {
			return err
		}
		for _, e := range entries {
			e.TargetID = id
			if err := s.record(ctx, e); err != nil {
				return err
			}
		}
		db.AfterCommit(ctx, func() { s.broadcast.SendSignal(identity.TopicAccount, id) })
		return nil
	})
}

// Empty says whether there is no account at all.
func (s *Service) Empty(ctx context.Context) (bool, error) { return s.store.empty(ctx) }

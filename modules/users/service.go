package users

import (
	"cmp"
	"context"

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

// Service creates, finds and changes accounts. It is safe for concurrent use.
type Service struct {
	db        *db.DB
	store     *store
	events    *events.Bus
	broadcast *broadcast.Bus
	clock     clock.Clock
	// names caches display names, which nearly every answer shows.
	names *cache.Invalidated[string]
}

func newService(d *db.DB, s *store, e *events.Bus, b *broadcast.Bus, c clock.Clock) *Service {
	return &Service{d, s, e, b, c, cache.NewInvalidated(b, identity.TopicAccount, s.findName)}
}

var (
	errNoAccount = apperr.NotFound("There is no such account.")
	errLastAdmin = problemLastAdmin.New("This is the last active administrator. Make another account an administrator first.")
)

// Create implements usersapi.Registrar.
func (s *Service) Create(ctx context.Context, n usersapi.NewAccount) (usersapi.Account, error) {
	email, err := text.NormalizeEmail(n.Email)
	if err != nil {
		return usersapi.Account{}, apperr.Invalid("email", err.Error())
	}
	name, err := cleanDisplayName(cmp.Or(text.CleanLine(n.DisplayName), localPart(email)))
	if err != nil {
		return usersapi.Account{}, err
	}
	now := s.clock.Now()
	a := &account{
		ID: cmp.Or(n.ID, ids.New()), Email: email, Role: n.Role, Status: statusActive,
		EmailVerified: n.Verified, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	a.setDisplayName(name)

	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.insert(ctx, a); err != nil {
			return err
		}
		entry := auditapi.Entry{
			Action: "user.registered", TargetID: a.ID, ActorID: registrant(ctx, a.ID),
			Data: map[string]any{"role": a.Role},
		}
		if err := s.publishEntry(ctx, entry); err != nil {
			return err
		}
		return s.events.Publish(ctx, usersapi.Registered{UserID: a.ID, Role: a.Role})
	})
	if err != nil {
		return usersapi.Account{}, explainDuplicate(err)
	}
	return a.toAPI(), nil
}

// registrant returns the actor of a registration: the new account itself, or "" at the command
// line, where nobody is signed in.
func registrant(ctx context.Context, id string) string {
	if identity.CallerFrom(ctx).Via != "" {
		return ""
	}
	return id
}

// explainDuplicate returns ProblemEmailTaken for the error of a second account with one address,
// and every other error as it is.
func explainDuplicate(err error) error {
	if db.IsDuplicate(err) {
		return usersapi.ProblemEmailTaken.New("An account with this address exists already.")
	}
	return err
}

// publishEntry publishes an audit entry about an account.
func (s *Service) publishEntry(ctx context.Context, e auditapi.Entry) error {
	e.TargetType = "user"
	return s.events.Publish(ctx, e)
}

// change locks an account, calls fn to change it, stores the result and publishes the entries that
// fn returns. No entries mean that nothing changed. After the commit every replica drops what it
// has cached of the account. change returns errNoAccount for an unknown id.
func (s *Service) change(
	ctx context.Context, id string, fn func(context.Context, *account) ([]auditapi.Entry, error),
) error {
	if !ids.IsValid(id) {
		return errNoAccount
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		a, err := s.store.lockForUpdate(ctx, id)
		if db.IsNotFound(err) {
			return errNoAccount
		}
		if err != nil {
			return err
		}
		entries, err := fn(ctx, a)
		if err != nil || len(entries) == 0 {
			return err
		}
		a.UpdatedAt = s.clock.Now()
		if err := s.store.save(ctx, a); err != nil {
			return err
		}
		for _, e := range entries {
			e.TargetID = id
			if err := s.publishEntry(ctx, e); err != nil {
				return err
			}
		}
		s.dropCachesAfterCommit(ctx, id)
		return nil
	})
}

// dropCachesAfterCommit makes every replica drop what it has cached of an account: its name, role
// and status.
func (s *Service) dropCachesAfterCommit(ctx context.Context, id string) {
	db.AfterCommitAttempt(ctx, func() { s.broadcast.SendSignal(identity.TopicAccount, id) })
}

// MarkVerified implements usersapi.AddressVerifier.
func (s *Service) MarkVerified(ctx context.Context, id string) error {
	return s.change(ctx, id, s.markVerified)
}

// markVerified marks the address of a locked account as verified and returns the entry of that, or
// none if it was verified before.
func (s *Service) markVerified(ctx context.Context, a *account) ([]auditapi.Entry, error) {
	if a.EmailVerified {
		return nil, nil
	}
	a.EmailVerified = true
	err := s.events.Publish(ctx, usersapi.EmailVerified{UserID: a.ID})
	return []auditapi.Entry{{Action: "user.email_verified", ActorID: a.ID}}, err
}

// ChangeEmail implements usersapi.Registrar.
func (s *Service) ChangeEmail(ctx context.Context, id, email string) (changed usersapi.Account, err error) {
	err = s.change(ctx, id, func(ctx context.Context, a *account) ([]auditapi.Entry, error) {
		entries, err := s.markVerified(ctx, a)
		if err != nil {
			return nil, err
		}
		a.Email = email
		changed = a.toAPI()
		return append([]auditapi.Entry{{Action: "user.email_changed", ActorID: id}}, entries...), nil
	})
	return changed, explainDuplicate(err)
}

// RecordLogin implements usersapi.Registrar.
func (s *Service) RecordLogin(ctx context.Context, id string) (isActive bool, err error) {
	return s.store.updateLastLogin(ctx, id, s.clock.Now())
}

// RaiseRole implements usersapi.Roles.
func (s *Service) RaiseRole(
	ctx context.Context, id string, to identity.Role,
) (now identity.Role, isRaised bool, err error) {
	err = s.change(ctx, id, func(ctx context.Context, a *account) ([]auditapi.Entry, error) {
		now, isRaised = a.Role, !a.Role.IsAtLeast(to)
		if !isRaised {
			return nil, nil
		}
		entry := newRoleEntry(a.Role, to)
		a.Role, now = to, to
		return []auditapi.Entry{entry}, s.events.Publish(ctx, usersapi.RoleGranted{UserID: id, Role: to})
	})
	return now, isRaised, err
}

// newRoleEntry returns the audit entry of another role.
func newRoleEntry(from, to identity.Role) auditapi.Entry {
	return auditapi.Entry{Action: "user.role_changed", Data: map[string]any{"from": from, "to": to}}
}

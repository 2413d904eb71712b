package invites

import (
	"context"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/invites/invitesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/auth"
	"lyceum/platform/clock"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/ids"
	"lyceum/platform/limit"
	"lyceum/platform/mail"
	"lyceum/platform/text"
)

// Service makes, revokes and redeems invites.
type Service struct {
	db       *db.DB
	store    *store
	accounts usersapi.Accounts
	roles    usersapi.Roles
	events   *events.Bus
	mailer   *mail.Mailer
	clock    clock.Clock
	key      []byte
	url      string
	limiter  *limit.Limiter
	guesses  limit.Budget
}

func newService(d *db.DB, s *store, a usersapi.Accounts, r usersapi.Roles, e *events.Bus, m *mail.Mailer, c clock.Clock, k *auth.Keys,
	l *limit.Limiter, cfg *config.Config) *Service {
	return &Service{d, s, a, r, e, m, c, k.Derive("invite codes"), cfg.PublicURL, l, limit.Budget{Name: "redeem", Rate: cfg.RateLimitRedeem}}
}

// newInvite is what an administrator asks for.
type newInvite struct {
	Role      auth.Role
	ExpiresAt *clock.Time
	MaxUses   int
	Email     string
	Note      string
}

// create makes an invite and gives its code, which is never shown again. With an address the code is mailed there.
func (s *Service) create(ctx context.Context, n newInvite) (i *invite, code string, err error) {
	now := s.clock.Now()
	if n.ExpiresAt != nil && !n.ExpiresAt.After(now) {
		return nil, "", apperr.Invalid("body.expires_at", "must lie in the future")
	}
	code = newCode()
	i = &invite{ID: ids.New(), CodeHash: hashOf(s.key, code), CodePrefix: code[:prefixSize], RoleToGrant: n.Role, Note: n.Note,
		MaxUses: n.MaxUses, ExpiresAt: n.ExpiresAt, CreatedBy: auth.CallerFrom(ctx).UserID, CreatedAt: now}
	if n.Email != "" {
		email, err := text.Email(n.Email)
		if err != nil {
			return nil, "", apperr.Invalid("body.email", err.Error())
		}
		i.Email = &email
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.insert(ctx, i); err != nil {
			return err
		}
		if err := s.mailCode(ctx, i, code); err != nil {
			return err
		}
		return s.record(ctx, "invite.created", i.ID, map[string]any{"role": i.RoleToGrant, "max_uses": i.MaxUses})
	})
	return i, code, err
}

func (s *Service) mailCode(ctx context.Context, i *invite, code string) error {
	if i.Email == nil {
		return nil
	}
	until := ""
	if i.ExpiresAt != nil {
		until = i.ExpiresAt.Std().Format("2 January 2006, 15:04 UTC")
	}
	return s.mailer.Queue(ctx, mail.Mail{Kind: "invite", To: *i.Email, Data: map[string]any{
		"Code": code, "Role": string(i.RoleToGrant), "Link": s.mailer.Link("/join", "code", code), "ExpiresAt": until,
	}})
}

func (s *Service) record(ctx context.Context, action, id string, data map[string]any) error {
	return s.events.Publish(ctx, auditapi.Entry{Action: action, TargetType: "invite", TargetID: id, Data: data})
}

// revoke takes an invite back; one that is revoked already stays so.
func (s *Service) revoke(ctx context.Context, id string) error {
	if !ids.Valid(id) {
		return errMissing
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		i, err := s.store.lock(ctx, id)
		if db.IsNotFound(err) {
			return errMissing
		}
		if err != nil || i.RevokedAt != nil {
			return err
		}
		if err := s.store.revoke(ctx, id, s.clock.Now()); err != nil {
			return err
		}
		return s.record(ctx, "invite.revoked", id, nil)
	})
}

// redemption is the answer to a redeemer.
type redemption struct {
	Role    auth.Role
	Granted bool
}

// redeem uses a code for the caller. The use, the role, the audit entry and what follows commit
// together; a failure is written down on its own.
func (s *Service) redeem(ctx context.Context, code string) (r redemption, err error) {
	// Reserved before the work: only codes that did not hold count.
	hit := s.limiter.Take(ctx, s.guesses, auth.CallerFrom(ctx).UserID)
	if err := hit.Err("Too many codes did not hold; wait for the window to end."); err != nil {
		return r, err
	}
	r, err = s.redeemCode(ctx, code)
	if fault, ok := apperr.As(err); err == nil || !ok || fault.Status >= 500 {
		s.limiter.GiveBack(ctx, hit)
	}
	return r, err
}

func (s *Service) redeemCode(ctx context.Context, code string) (r redemption, err error) {
	i, err := s.store.byHash(ctx, hashOf(s.key, code))
	if db.IsNotFound(err) {
		return r, s.fail(ctx, "", errMissing)
	}
	if err != nil {
		return r, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		r, err = s.redeemLocked(ctx, i.ID)
		return err
	})
	if fault, ok := apperr.As(err); ok && fault.Status < 500 {
		return r, s.fail(ctx, i.ID, fault)
	}
	return r, err
}

// fail records a refused redemption, never the code.
func (s *Service) fail(ctx context.Context, id string, fault *apperr.Error) error {
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		return s.record(ctx, "invite.redeem_failed", id, map[string]any{"reason": fault.Code})
	})
	if err != nil {
		return err
	}
	return fault
}

func (s *Service) redeemLocked(ctx context.Context, id string) (r redemption, err error) {
	caller := auth.CallerFrom(ctx)
	i, err := s.store.lock(ctx, id)
	if err != nil {
		return r, err
	}
	account, _, err := s.accounts.ByID(ctx, caller.UserID)
	if err != nil {
		return r, err
	}
	again, err := s.store.redeemed(ctx, id, caller.UserID)
	if err != nil {
		return r, err
	}
	if again {
		return redemption{Role: account.Role}, nil
	}
	if err := s.check(ctx, i, account); err != nil {
		return r, err
	}
	if account.Role.AtLeast(i.RoleToGrant) {
		return redemption{Role: account.Role}, s.verifyAddress(ctx, i, account)
	}
	return s.spend(ctx, i, account)
}

// check tells why an invite can't be redeemed now, if so: an inviter who may no longer grant has revoked it.
func (s *Service) check(ctx context.Context, i *invite, redeemer usersapi.Account) error {
	now, err := s.store.now(ctx)
	if err != nil {
		return err
	}
	inviter, known, err := s.accounts.ByID(ctx, i.CreatedBy)
	if err != nil {
		return err
	}
	status := i.status(now)
	if !known || !inviter.Active || !inviter.Role.AtLeast(auth.Admin) {
		status = revoked
	}
	if fault := gone[status]; fault != nil {
		return fault
	}
	if !i.isFor(redeemer.Email) {
		return errAddress
	}
	return nil
}

func (s *Service) verifyAddress(ctx context.Context, i *invite, a usersapi.Account) error {
	if i.Email == nil {
		return nil
	}
	return s.accounts.MarkVerified(ctx, a.ID)
}

func (s *Service) spend(ctx context.Context, i *invite, a usersapi.Account) (r redemption, err error) {
	taken, err := s.store.take(ctx, i.ID)
	if err != nil {
		return r, err
	}
	if !taken {
		return r, gone[exhausted]
	}
	if err := s.store.addRedemption(ctx, i.ID, a.ID, s.clock.Now()); err != nil {
		return r, err
	}
	if err := s.verifyAddress(ctx, i, a); err != nil {
		return r, err
	}
	if r.Role, r.Granted, err = s.roles.Grant(ctx, a.ID, i.RoleToGrant); err != nil {
		return r, err
	}
	if err := s.record(ctx, "invite.redeemed", i.ID, map[string]any{"role": i.RoleToGrant, "user_id": a.ID}); err != nil {
		return r, err
	}
	return r, s.events.Publish(ctx, invitesapi.Redeemed{InviteID: i.ID, UserID: a.ID, Role: string(i.RoleToGrant)})
}

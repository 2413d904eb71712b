package users

import (
	"context"
	"slices"
	"strings"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyset"
	"lyceum/platform/text"
)

// listFilter is what shapes the list of accounts. Q is part of an address or display name; empty fields let everything
// through.
type listFilter struct {
	Q      string
	Role   string
	Status string
}

// listAccounts returns one page of the accounts that f lets through, the newest first.
func (s *Service) listAccounts(ctx context.Context, f listFilter, after *keyset.Position, limit int) ([]user, error) {
	return s.store.list(ctx, f, after, limit)
}

// getAccount returns an account, or 404 if there is none with the id.
func (s *Service) getAccount(ctx context.Context, id string) (*user, error) {
	if !ids.IsValid(id) {
		return nil, errMissing
	}
	u, err := s.store.byID(ctx, id)
	if db.IsNotFound(err) {
		return nil, errMissing
	}
	return u, err
}

// patch is what may change; nil leaves a part as it is.
type patch struct {
	Role        *identity.Role
	Status      *string
	DisplayName *string
	// ClearName lets the display name fall back to the local part of the address.
	ClearName bool
	Email     *string
}

// update changes an account and gives it as it is then. The last active administrator stays one,
// however many try at once: 409 last-admin. Another account's address is 409 email-taken.
func (s *Service) update(ctx context.Context, id string, p patch) (u *user, err error) {
	if p.Email != nil {
		email, err := text.NormalizeEmail(*p.Email)
		if err != nil {
			return nil, apperr.Invalid("email", err.Error())
		}
		p.Email = &email
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		admins, err := s.adminsIfNeeded(ctx, p)
		if err != nil {
			return err
		}
		oldEmail := ""
		err = s.change(ctx, id, func(ctx context.Context, locked *user) ([]auditapi.Entry, error) {
			u, oldEmail = locked, locked.Email
			if err := db.CheckVersion(ctx, locked.Version); err != nil {
				return nil, err
			}
			if locked.activeAdmin() && p.endsAdmin() && len(slices.DeleteFunc(admins, func(a string) bool { return a == id })) == 0 {
				return nil, errLastAdmin
			}
			wasAdmin, wasActive := locked.activeAdmin(), locked.Status == active
			entries, err := s.apply(ctx, locked, p)
			if err == nil && wasActive && locked.Status != active {
				err = s.events.Publish(ctx, usersapi.Disabled{UserID: id})
			}
			if err == nil && wasAdmin && !locked.activeAdmin() {
				err = s.events.Publish(ctx, usersapi.AdminLost{UserID: id})
			}
			return entries, err
		})
		if err != nil || u.Email == oldEmail {
			return err
		}
		return s.events.Publish(ctx, usersapi.EmailReplaced{UserID: id, OldEmail: oldEmail})
	})
	return u, emailTaken(err)
}

func (p patch) endsAdmin() bool {
	return p.Role != nil && *p.Role != usersapi.RoleAdmin || p.Status != nil && *p.Status != active
}

// adminsIfNeeded locks the administrators before the account itself, so that all take locks in one order.
func (s *Service) adminsIfNeeded(ctx context.Context, p patch) ([]string, error) {
	if !p.endsAdmin() {
		return nil, nil
	}
	return s.store.lockAdmins(ctx)
}

func (s *Service) apply(ctx context.Context, u *user, p patch) (entries []auditapi.Entry, err error) {
	if p.Role != nil && *p.Role != u.Role {
		if p.Role.IsAtLeast(u.Role) {
			if err := s.events.Publish(ctx, usersapi.RoleGranted{UserID: u.ID, Role: string(*p.Role)}); err != nil {
				return nil, err
			}
		}
		entries = append(entries, roleChanged(u.Role, *p.Role))
		u.Role = *p.Role
	}
	if p.Status != nil && *p.Status != u.Status {
		entries = append(entries, auditapi.Entry{Action: map[string]string{active: "user.enabled", disabled: "user.disabled"}[*p.Status]})
		u.Status = *p.Status
	}
	if p.Email != nil && *p.Email != u.Email {
		u.Email, u.EmailVerified = *p.Email, false
		entries = append(entries, auditapi.Entry{Action: "user.email_changed"})
	}
	if p.ClearName {
		local, _, _ := strings.Cut(u.Email, "@")
		p.DisplayName = &local
	}
	if p.DisplayName != nil {
		name := text.CleanLine(*p.DisplayName)
		if name == "" {
			return nil, apperr.Invalid("display_name", "must not be empty")
		}
		if name, err = displayName(name, u.Email); err != nil {
			return nil, err
		}
		if name != u.DisplayName {
			u.rename(name)
			entries = append(entries, auditapi.Entry{Action: "user.updated", Data: map[string]any{"fields": []string{"display_name"}}})
		}
	}
	return entries, nil
}

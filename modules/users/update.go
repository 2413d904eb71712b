package users

import (
	"context"
	"slices"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

// accountPatch is a change of an account. A nil field leaves its part as it is.
type accountPatch struct {
	Role        *identity.Role
	Status      *string
	DisplayName *string
	// ClearName sets the display name to the local part of the address.
	ClearName bool
	Email     *string
}

// mayEndAdmin reports whether the change could leave an administrator without rights.
func (p accountPatch) mayEndAdmin() bool {
	return p.Role != nil && *p.Role != usersapi.RoleAdmin || p.Status != nil && *p.Status != statusActive
}

// updateAccount changes an account and returns it as it is then. It returns errLastAdmin if no
// active administrator would remain, however many such changes run at once, ProblemEmailTaken if
// another account has the address, and errNoAccount for an unknown id.
func (s *Service) updateAccount(ctx context.Context, id string, p accountPatch) (updated *account, err error) {
	if p.Email != nil {
		email, err := text.NormalizeEmail(*p.Email)
		if err != nil {
			return nil, apperr.Invalid("email", err.Error())
		}
		p.Email = &email
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		var otherAdmins []string
		if p.mayEndAdmin() {
			// The administrators are locked before the account, so that all changes take locks in
			// one order.
			admins, err := s.store.lockAdmins(ctx)
			if err != nil {
				return err
			}
			otherAdmins = slices.DeleteFunc(admins, func(admin string) bool { return admin == id })
		}
		oldEmail := ""
		err := s.change(ctx, id, func(ctx context.Context, a *account) ([]auditapi.Entry, error) {
			if err := db.CheckVersion(ctx, a.Version); err != nil {
				return nil, err
			}
			if a.isActiveAdmin() && p.mayEndAdmin() && len(otherAdmins) == 0 {
				return nil, errLastAdmin
			}
			updated, oldEmail = a, a.Email
			return s.applyPatch(ctx, a, p)
		})
		if err != nil || updated.Email == oldEmail {
			return err
		}
		// Published last: a taken address has been refused by now.
		return s.events.Publish(ctx, usersapi.EmailReplaced{UserID: id, OldEmail: oldEmail})
	})
	return updated, explainDuplicate(err)
}

// applyPatch changes a locked account, publishes the events of the change and returns its audit
// entries.
func (s *Service) applyPatch(ctx context.Context, a *account, p accountPatch) (entries []auditapi.Entry, err error) {
	before := *a
	if p.Role != nil && *p.Role != a.Role {
		entries = append(entries, newRoleEntry(a.Role, *p.Role))
		a.Role = *p.Role
	}
	if p.Status != nil && *p.Status != a.Status {
		action := map[string]string{statusActive: "user.enabled", statusDisabled: "user.disabled"}[*p.Status]
		entries = append(entries, auditapi.Entry{Action: action})
		a.Status = *p.Status
	}
	if p.Email != nil && *p.Email != a.Email {
		entries = append(entries, auditapi.Entry{Action: "user.email_changed"})
		a.Email, a.EmailVerified = *p.Email, false
	}
	if p.ClearName {
		local := localPart(a.Email)
		p.DisplayName = &local
	}
	if p.DisplayName != nil {
		name, err := cleanDisplayName(*p.DisplayName)
		if err != nil {
			return nil, err
		}
		if name != a.DisplayName {
			a.setDisplayName(name)
			fields := map[string]any{"fields": []string{"display_name"}}
			entries = append(entries, auditapi.Entry{Action: "user.updated", Data: fields})
		}
	}
	return entries, s.publishRights(ctx, before, *a)
}

// publishRights publishes what a change has done to the rights of an account.
func (s *Service) publishRights(ctx context.Context, before, after account) error {
	var changes []events.Event
	if after.Role != before.Role && after.Role.IsAtLeast(before.Role) {
		changes = append(changes, usersapi.RoleGranted{UserID: after.ID, Role: after.Role})
	}
	if before.Status == statusActive && after.Status != statusActive {
		changes = append(changes, usersapi.Disabled{UserID: after.ID})
	}
	if before.isActiveAdmin() && !after.isActiveAdmin() {
		changes = append(changes, usersapi.AdminLost{UserID: after.ID})
	}
	for _, event := range changes {
		if err := s.events.Publish(ctx, event); err != nil {
			return err
		}
	}
	return nil
}

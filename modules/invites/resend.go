package invites

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// resend mails a new code for an invite to its address; the old code is void with the commit. It returns 404 for no invite,
// 410 for one that has ended and 409 no-email for one without an address. An invite whose inviter may no longer grant is
// revoked with the refusal.
func (s *Service) resend(ctx context.Context, id string) (i *invite, err error) {
	if !ids.IsValid(id) {
		return nil, errMissing
	}
	void := false
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		void = false
		if err := s.mayGrant(ctx); err != nil {
			return err
		}
		if i, err = s.openInvite(ctx, id); err != nil {
			return err
		}
		inviter, known, err := s.accounts.ByID(ctx, i.CreatedBy)
		if err != nil {
			return err
		}
		if void = !known || !inviter.Active || !inviter.Role.IsAtLeast(usersapi.RoleAdmin); void {
			return s.revokeNow(ctx, theOne, id, map[string]any{"reason": "inviter"})
		}
		if i.address() == nil {
			return errNoEmail
		}
		return s.sendAgain(ctx, i)
	})
	if err == nil && void {
		return nil, errVoid
	}
	return i, err
}

// openInvite holds an invite that is active for the rest of the transaction.
func (s *Service) openInvite(ctx context.Context, id string) (*invite, error) {
	i, now, err := s.store.lockAt(ctx, id)
	if db.IsNotFound(err) {
		return nil, errMissing
	}
	if err != nil {
		return nil, err
	}
	if fault := gone[i.status(now)]; fault != nil {
		return nil, fault
	}
	return i, nil
}

func (s *Service) sendAgain(ctx context.Context, i *invite) error {
	var titles []string
	courses, err := s.coursesOf(ctx, i)
	if err != nil {
		return err
	}
	for _, c := range courses {
		titles = append(titles, c.Title)
	}
	code := newCode()
	i.CodeHash, i.CodePrefix = hashOf(s.key, code), code[:prefixSize]
	if err := s.store.replaceCode(ctx, i); err != nil {
		return err
	}
	if err := s.record(ctx, "invite.resent", i.ID, nil); err != nil {
		return err
	}
	return s.mailer.Queue(ctx, s.mailOf(made{i, code}, told(titles)))
}

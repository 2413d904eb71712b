package invites

import (
	"context"
	"errors"

	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// resend mails a new code for an active invite to its address. The old code is void with the
// commit. It returns errNoInvite for an unknown id, the status error of an invite that has ended,
// and errNoEmail for one without an address. An invite whose inviter may no longer grant roles is
// revoked with the refusal.
func (s *Service) resend(ctx context.Context, id string) (resent *invite, err error) {
	if !ids.IsValid(id) {
		return nil, errNoInvite
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.requireAdmin(ctx); err != nil {
			return err
		}
		if resent, err = s.lockActive(ctx, id); err != nil {
			return err
		}
		isGranted, err := s.inviterMayGrant(ctx, resent)
		switch {
		case err != nil:
			return err
		case !isGranted:
			return errInviterLostRole
		case resent.address() == nil:
			return errNoEmail
		}
		return s.replaceCode(ctx, resent)
	})
	if errors.Is(err, errLostRole) {
		revoke := func(ctx context.Context) error { return s.revokeForInviter(ctx, id) }
		if failure := s.db.InTx(ctx, revoke); failure != nil {
			return nil, failure
		}
	}
	return resent, err
}

// lockActive returns an invite and locks it for the rest of the transaction. It returns
// errNoInvite, or the error of its status if that is not active.
func (s *Service) lockActive(ctx context.Context, id string) (*invite, error) {
	i, now, err := s.store.lockWithTime(ctx, id)
	if db.IsNotFound(err) {
		return nil, errNoInvite
	}
	if err != nil {
		return nil, err
	}
	if statusError := statusErrors[i.status(now)]; statusError != nil {
		return nil, statusError
	}
	return i, nil
}

// replaceCode gives an invite a new code and mails it.
func (s *Service) replaceCode(ctx context.Context, i *invite) error {
	courses, err := s.coursesOf(ctx, i)
	if err != nil {
		return err
	}
	code := newCode()
	i.CodeHash, i.CodePrefix = hashCode(s.codeKey, code), code[:codePrefixSize]
	if err := s.store.replaceCode(ctx, i); err != nil {
		return err
	}
	if err := s.publishEntry(ctx, "invite.resent", i.ID, nil); err != nil {
		return err
	}
	return s.mailer.Queue(ctx, s.newMail(createdInvite{i, code}, listTitles(courses)))
}

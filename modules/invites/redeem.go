package invites

import (
	"bytes"
	"context"
	"errors"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

// outcome is the result of a redemption.
type outcome struct {
	// Role is the role of the account afterwards.
	Role identity.Role
	// Granted says that this redemption raised the role.
	Granted bool
	// Courses are the courses that the invite enrolls in, also when it did so before.
	Courses []coursesapi.Course
}

// redeem redeems the code for the caller. The use, the role, the enrollments and their audit
// entries commit together. A use is spent only if the role was raised. An account that has redeemed
// the invite before gets the same outcome again, without another use.
//
// It returns a not-found error for an unknown code, problem invite-expired, invite-revoked or
// invite-exhausted for an invite that has ended, invite-wrong-address for one that is bound to
// another address, and a too-many-requests error after too many refused codes. Each refusal has an
// audit entry.
func (s *Service) redeem(ctx context.Context, code string) (o outcome, err error) {
	// The hit is taken before the work and given back unless the code was refused, so that guesses
	// made at once count, too.
	hit := s.limiter.TakeHit(ctx, s.refusals, identity.CallerFrom(ctx).UserID)
	if err := hit.RefusalError("Too many codes did not hold; wait for the window to end."); err != nil {
		return o, err
	}
	o, err = s.redeemCode(ctx, code)
	if refusal, ok := apperr.As(err); err == nil || !ok || refusal.IsFault() {
		s.limiter.GiveBack(ctx, hit)
	}
	return o, err
}

// redeemCode finds the invite and redeems it. It takes the same steps for every text that is no
// code, whatever it looks like: one hash, one lookup, one audit entry.
func (s *Service) redeemCode(ctx context.Context, code string) (o outcome, err error) {
	i, err := s.store.findByHash(ctx, hashCode(s.codeKey, truncateCode(code)))
	if err != nil && !db.IsNotFound(err) {
		return o, err
	}
	switch {
	case text.CountRunes(code) > maxCodeLength:
		return o, s.publishRefusal(ctx, "", errCodeTooLong)
	case err != nil:
		return o, s.publishRefusal(ctx, "", errNoInvite)
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		o, err = s.redeemInvite(ctx, i)
		return err
	})
	if refusal, ok := apperr.As(err); ok && !refusal.IsFault() {
		return outcome{}, s.publishRefusal(ctx, i.ID, refusal)
	}
	return o, err
}

// publishRefusal publishes the audit entry of a refused redemption, which never has the code, and
// returns the refusal. It revokes an invite whose inviter may no longer grant roles.
func (s *Service) publishRefusal(ctx context.Context, inviteID string, refusal *apperr.Error) error {
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		data := map[string]any{"reason": refusal.Code}
		if err := s.publishEntry(ctx, "invite.redeem_failed", inviteID, data); err != nil {
			return err
		}
		if !errors.Is(refusal, errLostRole) {
			return nil
		}
		return s.revokeForInviter(ctx, inviteID)
	})
	if err != nil {
		return err
	}
	return refusal
}

// redeemInvite redeems an invite in the caller's transaction. found is the invite as it was before
// the transaction. Everything that needs no lock comes first: when many race for one use, those who
// come too late must not keep the others waiting.
func (s *Service) redeemInvite(ctx context.Context, found *invite) (o outcome, err error) {
	account, known, err := s.accounts.ByID(ctx, identity.CallerFrom(ctx).UserID)
	if err != nil {
		return o, err
	}
	if !known {
		return o, apperr.InvalidToken() // deleted while the request was on its way
	}
	o.Role = account.Role
	_, hasRedeemed, err := s.store.findRedemption(ctx, found.ID, account.ID)
	if err != nil {
		return o, err
	}

	i, now, err := s.store.lockWithTime(ctx, found.ID)
	if err != nil {
		return o, err
	}
	if !bytes.Equal(i.CodeHash, found.CodeHash) {
		return o, errNoInvite // a new code was sent in the meantime
	}
	statusError := statusErrors[i.status(now)]
	if !hasRedeemed && statusError != nil {
		return o, statusError
	}
	// Looked up again under the lock: the account may have sent the code twice at once.
	prior, hasRedeemed, err := s.store.findRedemption(ctx, found.ID, account.ID)
	if err != nil {
		return o, err
	}
	if hasRedeemed && (prior.Counted || account.Role.IsAtLeast(i.RoleToGrant)) {
		o.Courses, err = s.coursesOf(ctx, i)
		return o, err
	}
	if statusError != nil {
		return o, statusError
	}
	if err := s.checkRedeemable(ctx, i, account); err != nil {
		return o, err
	}
	return s.applyGrant(ctx, i, account)
}

// checkRedeemable returns why an active invite can't be redeemed by an account: errInviterLostRole
// or errWrongAddress.
func (s *Service) checkRedeemable(ctx context.Context, i *invite, account usersapi.Account) error {
	isGranted, err := s.inviterMayGrant(ctx, i)
	if err != nil {
		return err
	}
	if !isGranted {
		return errInviterLostRole
	}
	if !i.isFor(account.Email) {
		return errWrongAddress
	}
	return nil
}

// applyGrant raises the role of the account and enrolls it. The code of an invite with an address
// came by mail, so the address is verified by it.
func (s *Service) applyGrant(ctx context.Context, i *invite, account usersapi.Account) (o outcome, err error) {
	if i.Email != nil {
		if err := s.verifier.MarkVerified(ctx, account.ID); err != nil {
			return o, err
		}
	}
	if o.Role, o.Granted, err = s.roles.RaiseRole(ctx, account.ID, i.RoleToGrant); err != nil {
		return o, err
	}
	if o.Granted {
		if err := s.consumeUse(ctx, i, account.ID); err != nil {
			return o, err
		}
	}
	r := redemption{InviteID: i.ID, UserID: account.ID, Counted: o.Granted, CreatedAt: s.clock.Now()}
	if err := s.store.saveRedemption(ctx, r); err != nil {
		return o, err
	}
	if s.courses == nil {
		return o, nil
	}
	if err := s.courses.Enroll(ctx, account.ID, i.courseIDs()); err != nil {
		return o, err
	}
	o.Courses, err = s.coursesOf(ctx, i)
	return o, err
}

// consumeUse spends one use of an invite. It returns the error of an exhausted invite if none is
// left.
func (s *Service) consumeUse(ctx context.Context, i *invite, accountID string) error {
	isConsumed, err := s.store.consumeUse(ctx, i.ID)
	if err != nil {
		return err
	}
	if !isConsumed {
		return statusErrors[statusExhausted]
	}
	return s.publishEntry(ctx, "invite.redeemed", i.ID,
		map[string]any{"role": i.RoleToGrant, "user_id": accountID, "invited_by": i.CreatedBy})
}

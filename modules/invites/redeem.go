package invites

import (
	"bytes"
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

// outcome is the answer to a redeemer.
type outcome struct {
	Role    identity.Role
	Granted bool
	// Courses are those that the invite enrolls in.
	Courses []course
}

// course is one that an invite enrolls in, as the redeemer is told of it.
type course struct {
	ID    string
	Slug  string
	Title string
}

// redeem uses a code for the caller. The use, the role, the courses, the audit entries and what follows commit
// together; a failure is written down on its own.
func (s *Service) redeem(ctx context.Context, code string) (o outcome, err error) {
	// Reserved before the work: only codes that did not hold count.
	hit := s.limiter.TakeHit(ctx, s.guesses, identity.CallerFrom(ctx).UserID)
	if err := hit.RefusalError("Too many codes did not hold; wait for the window to end."); err != nil {
		return o, err
	}
	o, err = s.redeemCode(ctx, code)
	if fault, ok := apperr.As(err); err == nil || !ok || fault.IsFault() {
		s.limiter.GiveBack(ctx, hit)
	}
	return o, err
}

// redeemCode takes the same steps for every string that is no code, whatever it looks like: one hash, one
// look into the index, one entry.
func (s *Service) redeemCode(ctx context.Context, code string) (o outcome, err error) {
	i, err := s.store.byHash(ctx, hashOf(s.key, readable(code)))
	if err != nil && !db.IsNotFound(err) {
		return o, err
	}
	switch {
	case text.CountRunes(code) > maxTyped:
		return o, s.fail(ctx, "", errTooLong)
	case err != nil:
		return o, s.fail(ctx, "", errMissing)
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		o, err = s.redeemNow(ctx, i)
		return err
	})
	if fault, ok := apperr.As(err); ok && !fault.IsFault() {
		return outcome{}, s.fail(ctx, i.ID, fault)
	}
	return o, err
}

// fail records a refused redemption, never the code. An invite that nobody may grant any more is revoked with it.
func (s *Service) fail(ctx context.Context, id string, fault *apperr.Error) error {
	err := s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.record(ctx, "invite.redeem_failed", id, map[string]any{"reason": fault.Code}); err != nil || fault != errVoid {
			return err
		}
		return s.revokeNow(ctx, theOne, id, map[string]any{"reason": "inviter"})
	})
	if err != nil {
		return err
	}
	return fault
}

// redeemNow asks what needs no lock first: of many who race for one use, those who come too late must hold up the others
// for no longer than it takes to tell them.
func (s *Service) redeemNow(ctx context.Context, found *invite) (o outcome, err error) {
	id := found.ID
	account, known, err := s.accounts.ByID(ctx, identity.CallerFrom(ctx).UserID)
	if err != nil {
		return o, err
	}
	if !known {
		return o, apperr.InvalidToken() // deleted this moment
	}
	o.Role = account.Role
	prior, err := s.store.redemption(ctx, id, account.ID)
	if err != nil {
		return o, err
	}
	i, now, err := s.store.lockAt(ctx, id)
	if err != nil {
		return o, err
	}
	if !bytes.Equal(i.CodeHash, found.CodeHash) {
		return o, errMissing // another code was sent this moment
	}
	fault := gone[i.status(now)]
	if prior == nil && fault != nil {
		return o, fault
	}
	if prior, err = s.store.redemption(ctx, id, account.ID); err != nil { // again, as he may have raced with himself
		return o, err
	}
	if prior != nil && (prior.Counted || account.Role.IsAtLeast(i.RoleToGrant)) {
		o.Courses, err = s.coursesOf(ctx, i)
		return o, err
	}
	if fault != nil {
		return o, fault
	}
	if err := s.holds(ctx, i, account); err != nil {
		return o, err
	}
	return s.give(ctx, i, account)
}

// holds tells why an invite that is open can't be redeemed now, if so.
func (s *Service) holds(ctx context.Context, i *invite, redeemer usersapi.Account) error {
	inviter, known, err := s.accounts.ByID(ctx, i.CreatedBy)
	if err != nil {
		return err
	}
	if !known || !inviter.Active || !inviter.Role.IsAtLeast(usersapi.RoleAdmin) {
		return errVoid
	}
	if !i.isFor(redeemer.Email) {
		return errAddress
	}
	return nil
}

// give does what the invite says. Only a role that it has raised spends a use.
func (s *Service) give(ctx context.Context, i *invite, a usersapi.Account) (o outcome, err error) {
	if i.Email != nil {
		if err := s.verifier.MarkVerified(ctx, a.ID); err != nil {
			return o, err
		}
	}
	if o.Role, o.Granted, err = s.roles.RaiseRole(ctx, a.ID, i.RoleToGrant); err != nil {
		return o, err
	}
	if o.Granted {
		if err := s.spend(ctx, i, a.ID); err != nil {
			return o, err
		}
	}
	if err := s.store.addRedemption(ctx, redemption{i.ID, a.ID, o.Granted, s.clock.Now()}); err != nil {
		return o, err
	}
	if s.courses == nil {
		return o, nil
	}
	if err := s.courses.Enroll(ctx, a.ID, i.courses()); err != nil {
		return o, err
	}
	o.Courses, err = s.coursesOf(ctx, i)
	return o, err
}

// coursesOf returns the courses of an invite that are there and take learners in.
func (s *Service) coursesOf(ctx context.Context, i *invite) (out []course, err error) {
	all := i.courses()
	if s.courses == nil || len(all) == 0 {
		return nil, nil
	}
	known, err := s.courses.Courses(ctx, all)
	for _, id := range all {
		if c, ok := known[id]; ok && !c.Archived {
			out = append(out, course{id, c.Slug, c.Title})
		}
	}
	return out, err
}

func (s *Service) spend(ctx context.Context, i *invite, userID string) error {
	taken, err := s.store.take(ctx, i.ID)
	if err != nil {
		return err
	}
	if !taken {
		return gone[exhausted]
	}
	return s.record(ctx, "invite.redeemed", i.ID, map[string]any{"role": i.RoleToGrant, "user_id": userID, "invited_by": i.CreatedBy})
}

package chat

import (
	"context"

	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// getMember returns a member of a private channel that the caller manages. It returns 404 if the
// channel or the member does not exist, and 403 for other callers.
func (s *Service) getMember(ctx context.Context, slug, userID string) (*membership, error) {
	c, err := s.findManaged(ctx, slug)
	if err != nil {
		return nil, err
	}
	if !ids.IsValid(userID) {
		return nil, errNoMember
	}
	m, err := s.store.findMember(ctx, c.ID, userID)
	if db.IsNotFound(err) {
		return nil, errNoMember
	}
	return m, err
}

// addMember lets an account read a private channel that the caller manages. It changes nothing for
// an account that is a member. It returns 404 if the channel or the account does not exist, 403 for
// other callers, and a validation fault for a channel that is not private.
//
// The membership, the account's read marker and the audit entry commit together. The marker starts
// at the end of the channel, so older messages do not count as unread.
func (s *Service) addMember(ctx context.Context, slug, userID string) (m *membership, err error) {
	c, err := s.findManaged(ctx, slug)
	if err != nil {
		return nil, err
	}
	if !ids.IsValid(userID) {
		return nil, errNoAccount
	}
	_, ok, err := s.accounts.ByID(ctx, userID)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errNoAccount
	}
	if c.Visibility != visibilityPrivate {
		return nil, apperr.InvalidFields(apperr.Field{
			Place: apperr.InPath, Location: "slug", Message: "only private channels have members",
		})
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.insertMember(ctx, c, userID); err != nil {
			return err
		}
		m, err = s.store.findMember(ctx, c.ID, userID)
		return err
	})
	return m, err
}

// insertMember makes an account a member, in the transaction of ctx, unless it is one, with the
// read marker, the signal and the audit entry.
func (s *Service) insertMember(ctx context.Context, c *channel, userID string) error {
	isAdded, err := s.store.insertMember(ctx, membership{c.ID, userID, s.clock.Now()})
	if err != nil || !isAdded {
		return err
	}
	if err := s.store.startReadMarkerOfChannel(ctx, userID, c.ID); err != nil {
		return err
	}
	s.signalAccessChanged(ctx, memberKey(c.ID, userID))
	return s.auditChannel(ctx, "channel.updated", c.ID, map[string]any{"member_added": userID})
}

// removeMember ends a membership in a channel that the caller manages. Open sockets of the account
// end within a second. Members of a channel that is no longer private can be removed, too: they
// stay members without effect, and have it again if the channel becomes private again. It returns
// 404 if the channel or the member does not exist, and 403 for other callers.
func (s *Service) removeMember(ctx context.Context, slug, userID string) error {
	c, err := s.findManaged(ctx, slug)
	if err != nil {
		return err
	}
	if !ids.IsValid(userID) {
		return errNoMember
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		isRemoved, err := s.store.deleteMember(ctx, c.ID, userID)
		if err != nil {
			return err
		}
		if !isRemoved {
			return errNoMember
		}
		s.signalAccessChanged(ctx, memberKey(c.ID, userID))
		return s.auditChannel(ctx, "channel.updated", c.ID, map[string]any{"member_removed": userID})
	})
}

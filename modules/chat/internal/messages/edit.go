package messages

import (
	"context"
	"slices"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// Edit replaces the body of a message and returns the message. The caller must be a reader of the
// channel. The same body again changes nothing. Accounts that the body mentions for the first time
// learn of it.
//
// It returns a validation fault for the body, 404 if the message does not exist or is deleted, 403
// if the caller is not its author or 15 minutes have passed, and 412 if the version does not match.
func (s *Service) Edit(ctx context.Context, c Channel, id, body string) (edited *Message, err error) {
	if faults := checkBody(body); len(faults) > 0 {
		return nil, apperr.InvalidFields(faults...)
	}
	authorID := identity.CallerFrom(ctx).UserID
	mentions, err := s.readersMentioned(ctx, c, body, authorID)
	if err != nil {
		return nil, err
	}
	err = s.changeMessage(ctx, c, id, func(ctx context.Context, m *Message, now clock.Time) (bool, error) {
		edited = m
		if m.AuthorID != authorID {
			return false, errNotAuthor
		}
		if !m.isEditable(now) {
			return false, errTooLate
		}
		if err := db.CheckVersion(ctx, m.Version); err != nil || m.Body == body {
			return false, err
		}
		known := parseMentions(m.Body, authorID)
		isKnown := func(id string) bool { return slices.Contains(known, id) }
		m.Body, m.EditedAt = body, now.ToPtr()
		return true, s.publishMentions(ctx, c.Slug, m, slices.DeleteFunc(slices.Clone(mentions), isKnown))
	})
	return edited, err
}

// Delete leaves a tombstone in place of a message and writes an audit entry. The caller must be a
// reader of the channel, and the author, an instructor or an administrator.
//
// It returns 404 if the message does not exist or is deleted, 403 for other callers, and 412 if the
// version does not match.
func (s *Service) Delete(ctx context.Context, c Channel, id string) error {
	caller := identity.CallerFrom(ctx)
	return s.changeMessage(ctx, c, id, func(ctx context.Context, m *Message, now clock.Time) (bool, error) {
		if m.AuthorID != caller.UserID && !caller.HasRole(usersapi.RoleInstructor) {
			return false, errNotRemover
		}
		if err := db.CheckVersion(ctx, m.Version); err != nil {
			return false, err
		}
		m.Body, m.DeletedAt = "", now.ToPtr()
		return true, s.events.Publish(ctx, auditapi.Entry{
			Action: "message.deleted", TargetType: "message", TargetID: m.ID, Data: map[string]any{"channel_id": c.ID},
		})
	})
}

// changeMessage locks a message, lets change work on it, numbers the change if change returns true,
// and signals the replicas after the commit. change runs in the transaction. It returns 404 if the
// message does not exist or is deleted.
func (s *Service) changeMessage(
	ctx context.Context, c Channel, id string, change func(context.Context, *Message, clock.Time) (bool, error),
) error {
	if !ids.IsValid(id) {
		return ErrNoMessage
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		m, err := s.store.lockForChange(ctx, c.ID, id)
		if err != nil {
			return err
		}
		if m.IsDeleted() {
			return ErrNoMessage
		}
		changed, err := change(ctx, m, s.clock.Now())
		if err != nil || !changed {
			return err
		}
		if m.Change, err = s.store.takeChangeNumber(ctx, c.ID); err != nil {
			return err
		}
		if err := s.store.saveMessage(ctx, m); err != nil {
			return err
		}
		db.AfterCommitAttempt(ctx, func() { s.broadcast.SendSignal(TopicChanges, c.ID) })
		return nil
	})
}

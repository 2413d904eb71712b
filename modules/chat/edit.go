package chat

import (
	"context"
	"slices"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// edit changes the body of a message: by its author, for 15 minutes. The same body again changes nothing. It returns 404 for
// a channel or message that does not exist and 403 for a channel that the caller may not read.
func (s *Service) edit(ctx context.Context, slug, id, body string) (m *message, err error) {
	c, err := s.readable(ctx, slug)
	if err != nil {
		return nil, err
	}
	if faults := bodyFaults(body); len(faults) > 0 {
		return nil, apperr.InvalidFields(faults...)
	}
	author := identity.CallerFrom(ctx).UserID
	named, err := s.mentions(ctx, c, body, author)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, c, id, func(found *message, now clock.Time) (bool, error) {
		m = found
		if found.AuthorID != author {
			return false, errNotAuthor
		}
		if !found.editable(now) {
			return false, errTooLate
		}
		if err := db.CheckVersion(ctx, found.Version); err != nil || found.Body == body {
			return false, err
		}
		known := mentioned(found.Body, author)
		named = slices.DeleteFunc(named, func(id string) bool { return slices.Contains(known, id) })
		found.Body, found.EditedAt = body, now.ToPtr()
		return true, nil
	}, func(ctx context.Context) error { return s.tell(ctx, c, m, named) })
	return m, err
}

// erase leaves a tombstone in place of a message: its author, instructors and administrators may. It returns 404 for a
// channel or message that does not exist and 403 for a channel that the caller may not read.
func (s *Service) erase(ctx context.Context, slug, id string) error {
	c, err := s.readable(ctx, slug)
	if err != nil {
		return err
	}
	caller := identity.CallerFrom(ctx)
	return s.change(ctx, c, id, func(m *message, now clock.Time) (bool, error) {
		if m.AuthorID != caller.UserID && !caller.HasRole(usersapi.RoleInstructor) {
			return false, errNotRemover
		}
		if err := db.CheckVersion(ctx, m.Version); err != nil {
			return false, err
		}
		m.Body, m.DeletedAt = "", now.ToPtr()
		return true, nil
	}, func(ctx context.Context) error {
		return s.recordOf(ctx, "message.deleted", "message", id, map[string]any{"channel_id": c.ID})
	})
}

// change holds a message, lets fn change it, numbers the change and tells every replica. A tombstone
// is there to be seen, but there is nothing left to change: 404.
func (s *Service) change(ctx context.Context, c *channel, id string, fn func(*message, clock.Time) (bool, error), then func(context.Context) error) error {
	if !ids.IsValid(id) {
		return errNoMessage
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		m, err := s.store.lockMessage(ctx, c.ID, id)
		if err != nil {
			return err
		}
		if m.deleted() {
			return errNoMessage
		}
		changed, err := fn(m, s.clock.Now())
		if err != nil || !changed {
			return err
		}
		if m.Change, err = s.store.nextChange(ctx, c.ID); err != nil {
			return err
		}
		if err := s.store.saveMessage(ctx, m); err != nil {
			return err
		}
		db.AfterCommit(ctx, func() { s.broadcast.SendSignal(topicChanges, c.ID) })
		return then(ctx)
	})
}

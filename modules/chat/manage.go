package chat

import (
	"context"
	"slices"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// channelPatch is what may change; nil leaves a part as it is.
type channelPatch struct {
	Title      *string
	Visibility *string
	CourseID   *string
}

// update changes a channel that the caller manages and returns it as the caller sees it then. It returns 404 for a channel
// that does not exist and 403 for one that the caller does not manage. A patch that changes nothing makes no new version
// and no audit entry.
func (s *Service) update(ctx context.Context, slug string, p channelPatch) (*listed, error) {
	found, err := s.managed(ctx, slug)
	if err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.lock(ctx, found.ID)
		if err != nil {
			return err
		}
		fields, err := s.apply(ctx, c, p)
		if err != nil || len(fields) == 0 {
			return err
		}
		c.UpdatedAt = s.clock.Now()
		if err := s.store.saveChannel(ctx, c); err != nil {
			return err
		}
		s.changed(ctx, c)
		return s.record(ctx, "channel.updated", c.ID, map[string]any{"fields": fields})
	})
	if err != nil {
		return nil, err
	}
	return s.listedChannel(ctx, slug)
}

// lock holds a channel and compares the version that the caller knows.
func (s *Service) lock(ctx context.Context, id string) (*channel, error) {
	c, err := s.store.lockChannel(ctx, id)
	if db.IsNotFound(err) {
		return nil, errNoChannel
	}
	if err != nil {
		return nil, err
	}
	return c, db.CheckVersion(ctx, c.Version)
}

// changed makes every replica look again at the channel and at who may read it.
func (s *Service) changed(ctx context.Context, c *channel) {
	db.AfterCommit(ctx, func() { s.broadcast.SendSignal(topicChannel, c.ID) })
}

func (s *Service) apply(ctx context.Context, c *channel, p channelPatch) (fields []string, err error) {
	if p.Title != nil {
		title, err := titleOf(*p.Title)
		if err != nil {
			return nil, err
		}
		if title != c.Title {
			c.Title, fields = title, append(fields, "title")
		}
	}
	changed, err := s.applyVisibility(ctx, c, p)
	if changed {
		fields = append(fields, "visibility")
	}
	return fields, err
}

func (s *Service) applyVisibility(ctx context.Context, c *channel, p channelPatch) (changed bool, err error) {
	visibility, courseID := c.Visibility, p.CourseID
	if p.Visibility != nil {
		visibility = *p.Visibility
	}
	if visibility == course && courseID == nil {
		courseID = c.CourseID
	}
	if visibility == c.Visibility && same(courseID, c.CourseID) {
		return false, nil
	}
	if c.Slug == hq {
		return false, errHQStays
	}
	if err := s.checkCourse(ctx, visibility, courseID); err != nil {
		return false, err
	}
	if widens(c.Visibility, visibility) {
		c.BaseSeq = c.LastSeq
	}
	c.Visibility, c.CourseID = visibility, courseID
	return true, nil
}

func same(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

// widens says whether people may read now who could not before; for them reading begins here.
func widens(from, to string) bool {
	order := []string{private, member, public}
	return from == course || to == course || slices.Index(order, to) > slices.Index(order, from)
}

// remove deletes a channel with all that was said in it and frees its slug.
func (s *Service) remove(ctx context.Context, slug string) error {
	found, err := s.managed(ctx, slug)
	if err != nil {
		return err
	}
	if found.Slug == hq {
		return errHQStays
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.lock(ctx, found.ID)
		if err != nil {
			return err
		}
		if err := s.store.deleteChannel(ctx, c.ID, s.clock.Now()); err != nil {
			return err
		}
		s.changed(ctx, c)
		return s.record(ctx, "channel.deleted", c.ID, nil)
	})
}

// memberOf gives one member of a channel.
func (s *Service) memberOf(ctx context.Context, slug, userID string) (*membership, error) {
	c, err := s.managed(ctx, slug)
	if err != nil {
		return nil, err
	}
	if !ids.IsValid(userID) {
		return nil, errNoMember
	}
	m, err := s.store.member(ctx, c.ID, userID)
	if db.IsNotFound(err) {
		return nil, errNoMember
	}
	return m, err
}

// addMember lets an account read a private channel; one who may already stays as he is.
func (s *Service) addMember(ctx context.Context, slug, userID string) (m *membership, err error) {
	c, err := s.managed(ctx, slug)
	if err != nil {
		return nil, err
	}
	if !ids.IsValid(userID) {
		return nil, errNoAccount
	}
	if _, ok, err := s.accounts.ByID(ctx, userID); err != nil || !ok {
		return nil, orElse(err, errNoAccount)
	}
	if c.Visibility != private {
		return nil, apperr.InvalidFields(apperr.Field{Place: apperr.InPath, Location: "slug", Message: "only private channels have members"})
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		added, err := s.store.addMember(ctx, membership{c.ID, userID, s.clock.Now()})
		if err == nil && added {
			err = s.joined(ctx, c, userID)
		}
		if err != nil {
			return err
		}
		m, err = s.store.member(ctx, c.ID, userID)
		return err
	})
	return m, err
}

func (s *Service) joined(ctx context.Context, c *channel, userID string) error {
	if err := s.store.startMarkOfChannel(ctx, userID, c.ID); err != nil {
		return err
	}
	s.regrant(ctx, memberKey(c.ID, userID))
	return s.record(ctx, "channel.updated", c.ID, map[string]any{"member_added": userID})
}

// removeMember takes that right back; open sockets end within a second.
func (s *Service) removeMember(ctx context.Context, slug, userID string) error {
	c, err := s.managed(ctx, slug)
	if err != nil {
		return err
	}
	if !ids.IsValid(userID) {
		return errNoMember
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		removed, err := s.store.removeMember(ctx, c.ID, userID)
		if err != nil || !removed {
			return orElse(err, errNoMember)
		}
		s.regrant(ctx, memberKey(c.ID, userID))
		return s.record(ctx, "channel.updated", c.ID, map[string]any{"member_removed": userID})
	})
}

// regrant makes every replica ask again for a right.
func (s *Service) regrant(ctx context.Context, key string) {
	db.AfterCommit(ctx, func() { s.broadcast.SendSignal(topicAccess, key) })
}

func orElse(err, fallback error) error {
	if err != nil {
		return err
	}
	return fallback
}

// person gives how an account appears to others.
func (s *Service) person(ctx context.Context, id string) (usersapi.Person, error) {
	found, err := usersapi.Persons(ctx, s.accounts, []string{id})
	return found[id], err
}

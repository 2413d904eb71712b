package chat

import (
	"context"
	"strconv"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyset"
)

// newChannel is a channel as a caller wants to create it. Without a slug it gets one from its
// title.
type newChannel struct {
	Slug, Title, Visibility string
	CourseID                *string
}

// channelPatch is what a caller wants to change; nil leaves a part as it is.
type channelPatch struct {
	Title      *string
	Visibility *string
	CourseID   *string
}

// maxSlugNumber bounds the number that is appended to a slug that is taken.
const maxSlugNumber = 1000

// ensureHQ creates the channel hq at the first start. Replicas that start together create it once.
func (s *Service) ensureHQ(ctx context.Context) error {
	now := s.clock.Now()
	_, err := s.store.insertChannel(ctx, &channel{
		ID: ids.New(), Slug: hqSlug, Title: hqTitle, Visibility: visibilityPublic,
		Version: 1, CreatedAt: now, UpdatedAt: now,
	})
	return err
}

// listChannels returns one page of the channels that the caller may read, the oldest first.
func (s *Service) listChannels(ctx context.Context, after *keyset.Position, limit int) ([]readerChannel, error) {
	filter, err := s.access.filterFor(ctx, identity.CallerFrom(ctx))
	if err != nil {
		return nil, err
	}
	return s.store.listChannels(ctx, filter, after, limit)
}

// getChannel returns a channel. It returns 404 if there is none and 403 if the caller may not read
// it.
func (s *Service) getChannel(ctx context.Context, slug string) (*readerChannel, error) {
	if _, err := s.findReadable(ctx, slug); err != nil {
		return nil, err
	}
	return s.loadForReader(ctx, slug)
}

// loadForReader is getChannel for a caller whose right to the channel was checked.
func (s *Service) loadForReader(ctx context.Context, slug string) (*readerChannel, error) {
	c, err := s.store.readerChannelBySlug(ctx, slug, identity.CallerFrom(ctx).UserID)
	if db.IsNotFound(err) {
		return nil, errNoChannel
	}
	return c, err
}

// createChannel creates a channel of the caller, an instructor. It returns validation faults for
// the title and the course, 403 for a course of another instructor, and 409 slug-taken. The channel
// and its audit entry commit together.
func (s *Service) createChannel(ctx context.Context, n newChannel) (*channel, error) {
	title, err := cleanTitle(n.Title)
	if err != nil {
		return nil, err
	}
	if err := s.checkCourse(ctx, n.Visibility, n.CourseID); err != nil {
		return nil, err
	}
	now, createdBy := s.clock.Now(), identity.CallerFrom(ctx).UserID
	c := &channel{
		ID: ids.New(), Slug: n.Slug, Title: title, Visibility: n.Visibility, CourseID: n.CourseID,
		CreatedBy: &createdBy, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.insertWithSlug(ctx, c, n.Slug); err != nil {
			return err
		}
		return s.auditChannel(ctx, "channel.created", c.ID, map[string]any{"visibility": c.Visibility})
	})
	return c, err
}

// insertWithSlug inserts a channel with the wanted slug, and returns 409 if that is taken. Without
// a wanted slug it makes one from the title and counts up until one is free.
func (s *Service) insertWithSlug(ctx context.Context, c *channel, wanted string) error {
	base := wanted
	if wanted == "" {
		base = makeSlug(c.Title)
	}
	c.Slug = base
	for n := 2; ; n++ {
		isInserted, err := s.store.insertChannel(ctx, c)
		if err != nil || isInserted {
			return err
		}
		if wanted != "" || n > maxSlugNumber {
			return errSlugTaken
		}
		c.Slug = base + "-" + strconv.Itoa(n)
	}
}

// checkCourse checks that a visibility fits a course, that the course exists for the caller, and
// that the caller owns it or is an administrator. A course that the caller can't see does not exist
// for them.
func (s *Service) checkCourse(ctx context.Context, visibility string, courseID *string) error {
	if visibility == visibilityCourse && s.access.courses == nil {
		return apperr.Invalid("visibility", "there are no courses on this server")
	}
	if err := checkCoursePair(visibility, courseID); err != nil {
		return err
	}
	if visibility != visibilityCourse {
		return nil
	}
	errNoCourse := apperr.Invalid("course_id", "there is no such course")
	if !ids.IsValid(*courseID) {
		return errNoCourse
	}
	caller := identity.CallerFrom(ctx)
	course, ok, err := s.access.courses.Find(ctx, *courseID)
	if err != nil {
		return err
	}
	if !ok {
		return errNoCourse
	}
	if course.OwnerID == caller.UserID || caller.HasRole(usersapi.RoleAdmin) {
		return nil
	}
	canRead, err := s.access.courses.CanRead(ctx, caller, *courseID)
	if err != nil {
		return err
	}
	if !canRead {
		return errNoCourse
	}
	return errNotOwner
}

// updateChannel changes a channel that the caller manages and returns it as the caller then sees
// it. It returns 404 if there is none, 403 if the caller does not manage it or the visibility of hq
// would change, 412 if the version does not match, and the faults of title and course that
// createChannel has. A patch that changes nothing writes no new version and no audit entry.
func (s *Service) updateChannel(ctx context.Context, slug string, p channelPatch) (*readerChannel, error) {
	found, err := s.findManaged(ctx, slug)
	if err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.lockChannel(ctx, found.ID)
		if err != nil {
			return err
		}
		fields, err := s.applyPatch(ctx, c, p)
		if err != nil || len(fields) == 0 {
			return err
		}
		c.UpdatedAt = s.clock.Now()
		if err := s.store.saveChannel(ctx, c); err != nil {
			return err
		}
		s.signalChannelChanged(ctx, c.ID)
		return s.auditChannel(ctx, "channel.updated", c.ID, map[string]any{"fields": fields})
	})
	if err != nil {
		return nil, err
	}
	return s.loadForReader(ctx, slug)
}

// lockChannel locks a channel for a change. It returns 404 if there is none and 412 if the version
// does not match.
func (s *Service) lockChannel(ctx context.Context, id string) (*channel, error) {
	c, err := s.store.lockChannel(ctx, id)
	if db.IsNotFound(err) {
		return nil, errNoChannel
	}
	if err != nil {
		return nil, err
	}
	return c, db.CheckVersion(ctx, c.Version)
}

// applyPatch changes c and returns the names of the fields that are different now.
func (s *Service) applyPatch(ctx context.Context, c *channel, p channelPatch) (fields []string, err error) {
	if p.Title != nil {
		title, err := cleanTitle(*p.Title)
		if err != nil {
			return nil, err
		}
		if title != c.Title {
			c.Title, fields = title, append(fields, "title")
		}
	}
	isChanged, err := s.applyVisibility(ctx, c, p)
	if isChanged {
		fields = append(fields, "visibility")
	}
	return fields, err
}

// applyVisibility changes the visibility and the course of c and returns whether they are different
// now. For accounts that can read the channel only from now on, reading begins at its present end.
func (s *Service) applyVisibility(ctx context.Context, c *channel, p channelPatch) (isChanged bool, err error) {
	visibility, courseID := c.Visibility, p.CourseID
	if p.Visibility != nil {
		visibility = *p.Visibility
	}
	if visibility == visibilityCourse && courseID == nil {
		courseID = c.CourseID
	}
	if visibility == c.Visibility && isSameID(courseID, c.CourseID) {
		return false, nil
	}
	if c.Slug == hqSlug {
		return false, errHQStays
	}
	if err := s.checkCourse(ctx, visibility, courseID); err != nil {
		return false, err
	}
	if hasMoreReaders(c.Visibility, visibility) {
		c.BaseSeq = c.LastSeq
	}
	c.Visibility, c.CourseID = visibility, courseID
	return true, nil
}

// isSameID returns whether two optional ids are equal.
func isSameID(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

// deleteChannel marks a channel that the caller manages as deleted, which ends all access to it and
// frees its slug. cleanUp deletes the messages a day later. It returns 404 if there is none, 403
// for other callers and for hq, and 412 if the version does not match.
func (s *Service) deleteChannel(ctx context.Context, slug string) error {
	found, err := s.findManaged(ctx, slug)
	if err != nil {
		return err
	}
	if found.Slug == hqSlug {
		return errHQStays
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.lockChannel(ctx, found.ID)
		if err != nil {
			return err
		}
		if err := s.store.deleteChannel(ctx, c.ID, s.clock.Now()); err != nil {
			return err
		}
		s.signalChannelChanged(ctx, c.ID)
		return s.auditChannel(ctx, "channel.deleted", c.ID, nil)
	})
}

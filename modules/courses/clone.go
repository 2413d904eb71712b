package courses

import (
	"context"
	"time"

	"lyceum/platform/apperr"
	"lyceum/platform/auth"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// cloning is how a copy differs from its course: a title and slug of its own, and its days moved.
type cloning struct {
	Title, Slug string
	ShiftDays   int
}

// maxTime is the last instant that RFC 3339 can tell.
var maxTime = clock.Of(time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC))

// clone makes a draft of the caller's own out of a course that he manages: all its texts, lessons and what keeps
// learners out of them, but no learner.
func (s *Service) clone(ctx context.Context, id string, n cloning) (c *course, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		from, err := s.manage(ctx, id)
		if err != nil {
			return err
		}
		c = s.draftOf(ctx, from)
		p := patch{Title: &n.Title}
		if n.Title == "" {
			p.Title = nil
		}
		if n.Slug != "" {
			p.Slug = &n.Slug
		}
		if _, err := s.apply(ctx, c, p); err != nil {
			return err
		}
		if err := s.insert(ctx, c, n.Slug == "", map[string]any{"source": "clone", "from": from.ID}); err != nil {
			return err
		}
		return s.copyLessons(ctx, from.ID, c.ID, n.ShiftDays)
	})
	if db.IsDuplicate(err) {
		if n.Slug == "" {
			return s.clone(ctx, id, n) // another course took the number meanwhile
		}
		return nil, errSlug
	}
	return c, err
}

func (s *Service) draftOf(ctx context.Context, from *course) *course {
	c, now := *from, s.clock.Now()
	c.ID, c.OwnerID, c.Status, c.Slug = ids.New(), auth.CallerFrom(ctx).UserID, draft, ""
	c.PublishedAt, c.Version, c.CreatedAt, c.UpdatedAt = nil, 1, now, now
	return &c
}

// copyLessons copies the lessons of a course and what they wait for; their texts stay in the database.
func (s *Service) copyLessons(ctx context.Context, from, to string, shiftDays int) error {
	lessons, err := s.store.outline(ctx, from)
	if err != nil {
		return err
	}
	all, err := s.store.needed(ctx, from, "")
	if err != nil {
		return err
	}
	now, copies := s.clock.Now(), map[string]string{}
	for i := range lessons {
		l := lessons[i]
		if l.AvailableFrom, err = shifted(l.AvailableFrom, shiftDays); err != nil {
			return err
		}
		l.ID, l.CourseID, l.Version, l.CreatedAt, l.UpdatedAt = ids.New(), to, 1, now, now
		copies[lessons[i].ID] = l.ID
		if err := s.store.copyLesson(ctx, lessons[i].ID, &l); err != nil {
			return err
		}
	}
	return s.store.copyPrerequisites(ctx, to, all, copies)
}

// shifted moves a day, within what a time may be.
func shifted(at *clock.Time, days int) (*clock.Time, error) {
	if at == nil || days == 0 {
		return at, nil
	}
	moved := at.Add(time.Duration(days) * day)
	if moved.Millis() < 0 || moved.After(maxTime) {
		return nil, apperr.Invalid("body.shift_days", "moves a lesson's day before 1970 or past 9999")
	}
	return &moved, nil
}

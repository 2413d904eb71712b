package courses

import (
	"context"
	"regexp"
	"time"
	_ "time/tzdata" // the zones, where the system has none

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// cloning is how a copy differs from its course: a title and slug of its own, and its days moved.
type cloning struct {
	Title, Slug string
	ShiftDays   int
	// TimeZone is the IANA name of the zone whose clocks the moved times keep. Without one a day has 24 hours.
	TimeZone string
}

// maxTime is the last instant that RFC 3339 can tell.
var maxTime = clock.FromTime(time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC))

// clone makes a draft of the caller's own out of a course that he manages: all its texts, lessons and what keeps
// learners out of them, but no learner.
func (s *Service) clone(ctx context.Context, id string, n cloning) (c *course, err error) {
	zone, err := zoneOf(n.TimeZone)
	if err != nil {
		return nil, err
	}
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
		return s.copyLessons(ctx, from.ID, c.ID, shift{n.ShiftDays, zone})
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
	c.ID, c.OwnerID, c.Status, c.Slug = ids.New(), identity.CallerFrom(ctx).UserID, draft, ""
	c.PublishedAt, c.Version, c.CreatedAt, c.UpdatedAt = nil, 1, now, now
	return &c
}

// copyLessons copies the lessons of a course and what they wait for; their texts stay in the database.
func (s *Service) copyLessons(ctx context.Context, from, to string, by shift) error {
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
		if l.AvailableFrom, err = by.apply(l.AvailableFrom); err != nil {
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

// zoneOf finds a time zone by its IANA name; the empty name is none.
func zoneOf(name string) (*time.Location, error) {
	if name == "" {
		return nil, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || zone == time.Local || !zoneName.MatchString(name) {
		return nil, apperr.Invalid("time_zone", "must be the name of an IANA time zone, such as Europe/Berlin")
	}
	return zone, nil
}

// zoneName leaves out what is in the folders of zones and is none of their names: localtime, right/UTC.
var zoneName = regexp.MustCompile(`^([A-Z][A-Za-z0-9_+-]*)(/[A-Z][A-Za-z0-9_+-]*)*$`)

// shift moves times by days. With a zone they keep what its clocks show.
type shift struct {
	days int
	zone *time.Location
}

// apply moves a time, within what a time may be.
func (s shift) apply(at *clock.Time) (*clock.Time, error) {
	if at == nil || s.days == 0 {
		return at, nil
	}
	moved := at.Add(time.Duration(s.days) * day)
	if s.zone != nil {
		moved = clock.FromTime(s.onTheClock(at.StdTime()))
	}
	if moved.UnixMilli() < 0 || moved.After(maxTime) {
		return nil, apperr.Invalid("shift_days", "moves a lesson's day before 1970 or past 9999")
	}
	return &moved, nil
}

// onTheClock moves a time so that the zone's clocks show the same on the other day. A time that they show twice is the
// first of both; one that they leave out moves forward by as much as they do.
func (s shift) onTheClock(at time.Time) time.Time {
	local := at.In(s.zone)
	wall := time.Date(local.Year(), local.Month(), local.Day()+s.days, local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC)
	// The clocks were set at one of these offsets: no zone changes twice in two days, or is more than a day from UTC.
	_, before := wall.Add(-day).In(s.zone).Zone()
	_, after := wall.Add(day).In(s.zone).Zone()
	first, second := wall.Add(-time.Duration(before)*time.Second), wall.Add(-time.Duration(after)*time.Second)
	shows := func(t time.Time) bool {
		_, offset := t.In(s.zone).Zone()
		return t.Add(time.Duration(offset) * time.Second).Equal(wall)
	}
	if !shows(first) && shows(second) {
		return second
	}
	return first
}

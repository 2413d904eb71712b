package courses

import (
	"context"
	"regexp"
	"time"
	_ "time/tzdata" // time zones for systems that have none

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// cloneOptions say how a copy differs from its course. Title and Slug may be empty.
type cloneOptions struct {
	Title, Slug string
	ShiftDays   int
	// TimeZone is the IANA name of the zone in which shifted times keep the time of day. If it is
	// empty, a day has 24 hours.
	TimeZone string
}

// cloneCourse creates a draft of the caller from a course that they manage. The copy has all texts,
// lessons and locks, and no learner. It returns the errors of access.Service.HoldManagedCourse,
// ErrSlugTaken, and errors of kind Invalid.
func (s *Service) cloneCourse(ctx context.Context, courseID string, o cloneOptions) (c *course.Course, err error) {
	shift, err := newDateShift(o.ShiftDays, o.TimeZone)
	if err != nil {
		return nil, err
	}
	insert, changes := s.InsertCourseWithFreeSlug, course.Changes{}
	if o.Title != "" {
		changes.Title = &o.Title
	}
	if o.Slug != "" {
		changes.Slug, insert = &o.Slug, s.insertCourse
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		from, err := s.access.HoldManagedCourse(ctx, courseID)
		if err != nil {
			return err
		}
		c = s.copyCourse(ctx, from)
		if _, err := s.applyChanges(ctx, c, changes); err != nil {
			return err
		}
		if err := insert(ctx, c, map[string]any{"source": "clone", "from": from.ID}); err != nil {
			return err
		}
		return s.copyLessons(ctx, from.ID, c.ID, shift)
	})
	if db.IsDuplicate(err) {
		if o.Slug == "" {
			return s.cloneCourse(ctx, courseID, o) // another course has taken the slug in the meantime
		}
		return nil, course.ErrSlugTaken
	}
	return c, err
}

// copyCourse returns a new draft of the caller with the texts of a course.
func (s *Service) copyCourse(ctx context.Context, from *course.Course) *course.Course {
	c, now := *from, s.clock.Now()
	c.ID, c.OwnerID, c.Status, c.Slug = ids.New(), identity.CallerFrom(ctx).UserID, course.Draft, ""
	c.PublishedAt, c.Version, c.CreatedAt, c.UpdatedAt = nil, 1, now, now
	return &c
}

// copyLessons copies the lessons of a course with their prerequisites. Their content is copied
// inside the database.
func (s *Service) copyLessons(ctx context.Context, fromID, toID string, shift dateShift) error {
	lessons, err := s.catalog.ListOutline(ctx, fromID)
	if err != nil {
		return err
	}
	prerequisites, err := s.store.listPrerequisites(ctx, fromID)
	if err != nil {
		return err
	}
	now, copies := s.clock.Now(), map[string]string{}
	for i := range lessons {
		l := lessons[i]
		if l.AvailableFrom, err = shift.moveTime(l.AvailableFrom); err != nil {
			return err
		}
		l.ID, l.CourseID, l.Version, l.CreatedAt, l.UpdatedAt = ids.New(), toID, 1, now, now
		copies[lessons[i].ID] = l.ID
		if err := s.store.copyLesson(ctx, lessons[i].ID, &l); err != nil {
			return err
		}
	}
	return s.store.copyPrerequisites(ctx, toID, prerequisites, copies)
}

// latestTime is the last instant that RFC 3339 can express.
var latestTime = clock.FromTime(time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC))

// dateShift moves times by days. In a zone, they keep the time of day; without a zone, a day has 24
// hours.
type dateShift struct {
	days int
	zone *time.Location
}

// zoneForm matches the names of zones. Folders of zones hold other files, too: localtime,
// right/UTC.
var zoneForm = regexp.MustCompile(`^([A-Z][A-Za-z0-9_+-]*)(/[A-Z][A-Za-z0-9_+-]*)*$`)

// newDateShift returns the shift by days in the zone with an IANA name, or without a zone if the
// name is empty. It returns an error of kind Invalid for any other name.
func newDateShift(days int, zoneName string) (dateShift, error) {
	if zoneName == "" {
		return dateShift{days: days}, nil
	}
	zone, err := time.LoadLocation(zoneName)
	if err != nil || zone == time.Local || !zoneForm.MatchString(zoneName) {
		return dateShift{}, apperr.Invalid("time_zone",
			"must be the name of an IANA time zone, such as Europe/Berlin")
	}
	return dateShift{days, zone}, nil
}

// moveTime returns the time after the shift. It returns an error of kind Invalid for a time before
// 1970 or after 9999.
func (s dateShift) moveTime(at *clock.Time) (*clock.Time, error) {
	if at == nil || s.days == 0 {
		return at, nil
	}
	moved := at.Add(time.Duration(s.days) * course.Day)
	if s.zone != nil {
		moved = clock.FromTime(s.keepTimeOfDay(at.StdTime()))
	}
	if moved.UnixMilli() < 0 || moved.After(latestTime) {
		return nil, apperr.Invalid("shift_days", "moves a lesson's day before 1970 or past 9999")
	}
	return &moved, nil
}

// keepTimeOfDay returns the time at which the zone's clocks show the same on the other day. If they
// show it twice, it is the first of both; if they leave it out, it moves forward by as much as they
// do.
func (s dateShift) keepTimeOfDay(at time.Time) time.Time {
	local := at.In(s.zone)
	wall := time.Date(local.Year(), local.Month(), local.Day()+s.days,
		local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC)
	// The clocks have one of these two offsets: no zone changes twice in two days, or is more than
	// a day away from UTC.
	_, before := wall.Add(-course.Day).In(s.zone).Zone()
	_, after := wall.Add(course.Day).In(s.zone).Zone()
	first := wall.Add(-time.Duration(before) * time.Second)
	second := wall.Add(-time.Duration(after) * time.Second)
	showsWall := func(t time.Time) bool {
		_, offset := t.In(s.zone).Zone()
		return t.Add(time.Duration(offset) * time.Second).Equal(wall)
	}
	if !showsWall(first) && showsWall(second) {
		return second
	}
	return first
}

package catalog

import (
	"context"

	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/outline"
	"lyceum/platform/cache"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

const (
	// maxKeyPlaces is how many places of one file are remembered. Further ones are found by a query.
	maxKeyPlaces = 3
	// maxPlacesBytes bounds the memory of the places of all files together.
	maxPlacesBytes = 16 << 20
	// keyPlaceBytes is about what a place takes in memory.
	keyPlaceBytes = 120
)

// keyPlace is a course whose cover a file is, or a lesson that uses it.
type keyPlace struct {
	CourseID string
	// LessonID is empty for a cover.
	LessonID string
}

// newKeyPlaces returns a cache of the places of files, by their key. A key that nothing uses is not kept, as anybody can
// make up keys.
func newKeyPlaces(s *store, signals cache.Signals) *cache.Invalidated[[]keyPlace] {
	load := func(ctx context.Context, key string) ([]keyPlace, bool, error) {
		places, err := s.listPlaces(ctx, key, maxKeyPlaces)
		return places, len(places) > 0, err
	}
	size := func(key string, places []keyPlace) int { return entryBytes + len(key) + len(places)*keyPlaceBytes }
	return cache.NewInvalidated(signals, outline.Topic, load).
		DropAllAtOnce().LimitAge(maxAge).LimitCost(maxPlacesBytes, size)
}

// isOpenToAll returns whether some place of a file is open to every account of the caller's role: a course that they
// need not be enrolled in, and a lesson without locks. Then no query is needed. False says nothing.
func (s *Service) isOpenToAll(ctx context.Context, caller identity.Caller, key string) (bool, error) {
	if db.HasOpenTx(ctx) {
		return false, nil
	}
	places, _, err := s.keyPlaces.Get(ctx, key)
	if err != nil {
		return false, err
	}
	now := s.clock.Now()
	for _, place := range places {
		if err := ctx.Err(); err != nil {
			return false, err // each load may take as long as a request
		}
		o, err := s.outlines.Find(ctx, place.CourseID)
		if db.IsNotFound(err) {
			continue
		}
		if err != nil {
			return false, err
		}
		if access.CanRead(&o.Course, caller, false) && (place.LessonID == "" || isUnlocked(o.FindLesson(place.LessonID), now)) {
			return true, nil
		}
	}
	return false, nil
}

// isUnlocked returns whether nothing keeps anybody out of a lesson. nil is a lesson that was deleted meanwhile.
func isUnlocked(l *course.Lesson, now clock.Time) bool {
	return l != nil && len(l.Prerequisites) == 0 && l.AvailableAfterDays == nil &&
		(l.AvailableFrom == nil || !l.AvailableFrom.After(now))
}

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
	maxKeyPlaces = 10
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

// newKeyPlaces returns a cache of the places of files, by their key.
func newKeyPlaces(s *store, signals cache.Signals) *cache.Invalidated[[]keyPlace] {
	load := func(ctx context.Context, key string) ([]keyPlace, bool, error) {
		places, err := s.listPlaces(ctx, key, maxKeyPlaces)
		return places, true, err
	}
	return cache.NewInvalidated(anyCourse{signals}, outline.Topic, load).
		LimitCost(maxPlacesBytes, func(places []keyPlace) int { return 600 + len(places)*keyPlaceBytes }) // with a long key
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

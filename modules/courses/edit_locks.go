package courses

import (
	"context"
	"slices"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
)

// applyLocks changes what keeps learners out of the lesson.
func (s *Service) applyLocks(ctx context.Context, l *lesson, p lessonPatch) (changed []string, err error) {
	if p.From && !equal(p.AvailableFrom, l.AvailableFrom) {
		if err := checkAvailableFrom(p.AvailableFrom); err != nil {
			return nil, err
		}
		l.AvailableFrom = p.AvailableFrom
		changed = append(changed, "available_from")
	}
	if p.After && !equal(p.AvailableAfterDays, l.AvailableAfterDays) {
		l.AvailableAfterDays = p.AvailableAfterDays
		changed = append(changed, "available_after_days")
	}
	if p.Prerequisites == nil {
		return changed, nil
	}
	before, err := s.prerequisites(ctx, l, *p.Prerequisites)
	if err == nil && !slices.Equal(before, l.Prerequisites) {
		l.Prerequisites = before
		changed = append(changed, "prerequisite_ids")
	}
	return changed, err
}

// checkAvailableFrom returns 422 for a day that no clock of ours can have shown.
func checkAvailableFrom(t *clock.Time) error {
	if t != nil && t.UnixMilli() < 0 {
		return apperr.Invalid("available_from", "must not lie before 1970")
	}
	return nil
}

// prerequisites holds given ids to be other lessons of the course that do not wait for this one, and puts
// them into the course's order. It also learns what l had before.
func (s *Service) prerequisites(ctx context.Context, l *lesson, given []string) (before []string, err error) {
	all, err := s.store.needed(ctx, l.CourseID, "")
	if err != nil {
		return nil, err
	}
	waits := map[string][]string{}
	for _, n := range all {
		waits[n.LessonID] = append(waits[n.LessonID], n.PrerequisiteID)
	}
	l.Prerequisites = waits[l.ID]
	if len(given) == 0 {
		return nil, nil
	}
	lessons, err := s.store.outline(ctx, l.CourseID)
	if err != nil {
		return nil, err
	}
	for _, other := range lessons {
		if slices.Contains(given, other.ID) {
			before = append(before, other.ID)
		}
	}
	if slices.ContainsFunc(given, func(id string) bool { return !slices.Contains(before, id) }) {
		return nil, apperr.Invalid("prerequisite_ids", "must name lessons of the same course")
	}
	if circular(l.ID, before, waits) {
		return nil, apperr.Invalid("prerequisite_ids", "a lesson can't wait for itself, by whatever way round")
	}
	return before, nil
}

package courses

import (
	"context"
	"slices"
	"time"

	"lyceum/platform/clock"
	"lyceum/platform/identity"
)

// lock is what keeps a learner out of a lesson that he may know of.
type lock struct {
	Locked bool
	// By are the lessons that he has to complete first.
	By []string
	// AvailableAt is when the lesson opens, if it is a matter of time and known: days after an
	// enrollment that is not there begin never.
	AvailableAt *clock.Time
}

const day = 24 * time.Hour

// learner is a caller in a course: what the locks of its lessons depend on.
type learner struct {
	manages    bool
	enrolledAt *clock.Time
	now        clock.Time
	// missing are the prerequisites of each lesson that the learner has not completed.
	missing map[string][]string
	// completed are the lessons that the learner has completed, of those that something else would lock.
	completed map[string]bool
}

// lockOf is the one rule of what is locked; unlocked says the same in SQL, and a test holds them together.
// Owner and administrators are never locked out, and nobody is locked out of a lesson that they have completed.
func (p learner) lockOf(l *lesson) lock {
	out := lock{By: []string{}}
	if p.manages || p.completed[l.ID] {
		return out
	}
	out.By = append(out.By, p.missing[l.ID]...)
	out.Locked = len(out.By) > 0
	opens, known := p.opens(l)
	if !known {
		out.Locked = true
		return out
	}
	if opens.After(p.now) {
		out.Locked, out.AvailableAt = true, &opens
	}
	return out
}

// opens is the later of the lesson's two times; the zero time where it has none, not known where it counts
// from an enrollment that is not there.
func (p learner) opens(l *lesson) (at clock.Time, known bool) {
	if l.AvailableFrom != nil {
		at = *l.AvailableFrom
	}
	if l.AvailableAfterDays == nil {
		return at, true
	}
	if p.enrolledAt == nil {
		return at, false
	}
	if after := p.enrolledAt.Add(time.Duration(*l.AvailableAfterDays) * day); after.After(at) {
		at = after
	}
	return at, true
}

// needed is one prerequisite as a learner finds it.
type needed struct {
	LessonID, PrerequisiteID string
	Done                     bool
}

// learnerOf makes a learner of what the store knows, and gives the lessons their prerequisites.
func (v *sight) learnerOf(caller identity.Caller, now clock.Time, all []needed, lessons ...*lesson) learner {
	p := learner{manages: manages(v.course, caller), enrolledAt: v.EnrolledAt, now: now, missing: map[string][]string{}}
	of := map[string][]string{}
	for _, n := range all {
		of[n.LessonID] = append(of[n.LessonID], n.PrerequisiteID)
		if !n.Done {
			p.missing[n.LessonID] = append(p.missing[n.LessonID], n.PrerequisiteID)
		}
	}
	for _, l := range lessons {
		l.Prerequisites = of[l.ID]
	}
	return p
}

// circular says whether a lesson would have to come before itself if before were what comes first.
func circular(lessonID string, before []string, others map[string][]string) bool {
	seen := map[string]bool{}
	open := slices.Clone(before)
	for len(open) > 0 {
		next := open[len(open)-1]
		open = open[:len(open)-1]
		if next == lessonID {
			return true
		}
		if !seen[next] {
			seen[next] = true
			open = append(open, others[next]...)
		}
	}
	return false
}

// openLesson gives a lesson of a course that the caller may read: 404, or 403 lesson-locked.
func (s *Service) openLesson(ctx context.Context, courseID, lessonID string) (*sight, *lesson, error) {
	v, err := s.findID(ctx, courseID)
	if err != nil {
		return nil, nil, err
	}
	l, err := s.lessonIn(ctx, v.ID, lessonID)
	if err != nil {
		return nil, nil, err
	}
	p, err := s.learnerIn(ctx, v, l)
	if err != nil {
		return nil, nil, err
	}
	if held := p.lockOf(l); held.Locked {
		return nil, nil, errLocked(held)
	}
	return v, l, nil
}

// maxAsked is how many lessons are asked for one by one; of more, all of the course are.
const maxAsked = 100

// learnerIn gives what the locks of lessons depend on for the caller, and the lessons their prerequisites.
func (s *Service) learnerIn(ctx context.Context, v *sight, lessons ...*lesson) (p learner, err error) {
	var all []needed
	caller := identity.CallerFrom(ctx)
	if v.Gated && len(lessons) > 0 {
		var asked []string
		if len(lessons) <= maxAsked {
			for _, l := range lessons {
				asked = append(asked, l.ID)
			}
		}
		all, err = s.store.needed(ctx, v.ID, caller.UserID, asked...)
	}
	p = v.learnerOf(caller, s.clock.Now(), all, lessons...)
	if err == nil {
		p.completed, err = s.completedOf(ctx, v, p, lessons)
	}
	return p, err
}

// learnerAmong is learnerIn for a list of lessons.
func (s *Service) learnerAmong(ctx context.Context, v *sight, lessons []lesson) (learner, error) {
	all := make([]*lesson, len(lessons))
	for i := range lessons {
		all[i] = &lessons[i]
	}
	return s.learnerIn(ctx, v, all...)
}

// completedOf gives those of the locked lessons that the caller has completed. It asks the store only where the caller
// has completed some lesson of the course.
func (s *Service) completedOf(ctx context.Context, v *sight, p learner, lessons []*lesson) (map[string]bool, error) {
	if v.Own.CompletedLessons == nil || *v.Own.CompletedLessons == 0 {
		return nil, nil
	}
	var locked []string
	for _, l := range lessons {
		if p.lockOf(l).Locked {
			locked = append(locked, l.ID)
		}
	}
	return s.store.completedAmong(ctx, identity.CallerFrom(ctx).UserID, locked)
}

package access

import (
	"time"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/clock"
)

// Lock is what keeps a learner out of a lesson of a course that they may read.
type Lock struct {
	IsLocked bool
	// By are the prerequisites that the learner has not completed. It is never nil.
	By []string
	// AvailableAt is when the lesson opens if only time keeps it shut and that time is known. Days
	// after an enrollment that does not exist never begin.
	AvailableAt *clock.Time
}

// LearnerState is what the locks of a course's lessons depend on for one account, besides the lessons.
type LearnerState struct {
	// IsManager says that the account owns the course or is an administrator, as CanManage does.
	IsManager bool
	// EnrolledAt is the time of the first enrollment; nil for an account that is not enrolled.
	EnrolledAt *clock.Time
	Now        clock.Time
	// Completed are the lessons of the course that the account has completed.
	Completed map[string]bool
}

// LockOf returns the lock of a lesson. It is the one rule:
//
//   - nothing is locked for the owner and administrators,
//   - a lesson stays open to the learners who have completed it,
//   - any other lesson is locked while one of its prerequisites is not completed, and until the later
//     of its two times: a day in the calendar, and days after the learner's first enrollment.
//
// Unlocked is the same rule in SQL.
func (s LearnerState) LockOf(l *course.Lesson) Lock {
	lock := Lock{By: []string{}}
	if s.IsManager || s.Completed[l.ID] {
		return lock
	}
	for _, id := range l.Prerequisites {
		if !s.Completed[id] {
			lock.By = append(lock.By, id)
		}
	}
	lock.IsLocked = len(lock.By) > 0
	opensAt, isKnown := s.openingTime(l)
	if !isKnown {
		lock.IsLocked = true
		return lock
	}
	if opensAt.After(s.Now) {
		lock.IsLocked, lock.AvailableAt = true, &opensAt
	}
	return lock
}

// openingTime returns the later of the lesson's two times, the zero time for a lesson without one.
// It is not known if it counts from an enrollment that does not exist.
func (s LearnerState) openingTime(l *course.Lesson) (at clock.Time, isKnown bool) {
	if l.AvailableFrom != nil {
		at = *l.AvailableFrom
	}
	if l.AvailableAfterDays == nil {
		return at, true
	}
	if s.EnrolledAt == nil {
		return at, false
	}
	if after := s.EnrolledAt.Add(time.Duration(*l.AvailableAfterDays) * course.Day); after.After(at) {
		at = after
	}
	return at, true
}

// newLockedError returns lesson-locked with the lock in the members that the outline of the course
// has, too.
func newLockedError(l Lock) error {
	return course.ProblemLessonLocked.New("This lesson is not open to you yet.").
		WithMember("locked", true).WithMember("locked_by", l.By).WithMember("available_at", l.AvailableAt)
}

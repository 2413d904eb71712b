package access

import (
	"cmp"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// Unlocked returns the rule of LearnerState.LockOf as a condition on rows of lessons and of their
// courses, which the query calls l and c: the lesson is not locked for the caller.
func Unlocked(caller identity.Caller, now clock.Time) Condition {
	if caller.HasRole(usersapi.RoleAdmin) {
		return Condition{SQL: "TRUE"}
	}
	user := cmp.Or(caller.UserID, ids.None)
	const hasWaited = "EXISTS (SELECT 1 FROM enrollments e WHERE e.user_id = ? AND e.course_id = c.id AND " + daysHavePassed + ")"
	return Condition{
		SQL:  "(c.owner_id = ? OR " + unlockedFor("?", hasWaited) + ")",
		Args: []any{user, user, now, user, now, user},
	}
}

// OpenToLearners returns the rules of CanRead and LockOf as a condition for many learners at once. The
// query calls the lessons l, their courses c, and the learners' enrollments e. Without an enrollment
// there is no row, and what owners and administrators may do besides is left out. Its SQL is always the same.
func OpenToLearners(now clock.Time) Condition {
	return Condition{
		SQL:  "c.deleted_at IS NULL AND c.status <> 'draft' AND " + unlockedFor("e.user_id", daysHavePassed),
		Args: []any{now, now},
	}
}

// daysHavePassed is the condition that a lesson l does not wait for days after an enrollment e any more at a
// time, its argument. enrollments.created_at is the time of the first enrollment, also after leaving and
// coming back: a new row takes it from enrollment_starts. Times are milliseconds, and a course.Day has
// 86,400,000 of them.
const daysHavePassed = "e.created_at + l.available_after_days * 86400000 <= ?"

// unlockedFor returns the condition that a lesson l is not locked for a learner. user is the SQL of their id, and
// hasWaited that of the condition for lessons that wait for days after the enrollment. The arguments are those of
// user, the time, those of hasWaited, and those of user again.
func unlockedFor(user, hasWaited string) string {
	return `(EXISTS (SELECT 1 FROM lesson_progress d WHERE d.user_id = ` + user + ` AND d.lesson_id = l.id AND d.completed_at IS NOT NULL)
		OR ((l.available_from IS NULL OR l.available_from <= ?)
		AND (l.available_after_days IS NULL OR ` + hasWaited + `)
		AND NOT EXISTS (SELECT 1 FROM lesson_prerequisites q WHERE q.lesson_id = l.id
			AND NOT EXISTS (SELECT 1 FROM lesson_progress d WHERE d.user_id = ` + user + ` AND d.lesson_id = q.prerequisite_id AND d.completed_at IS NOT NULL))))`
}

package access

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/coursetest"
	"lyceum/modules/courses/internal/outline"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
)

// allCallers returns a caller of each role, and the owner of every course.
func allCallers() (callers []identity.Caller, owner identity.Caller) {
	callers = []identity.Caller{{}}
	for _, role := range []identity.Role{
		usersapi.RoleUser, usersapi.RoleMember, usersapi.RoleInstructor, usersapi.RoleAdmin,
	} {
		callers = append(callers, identity.Caller{UserID: ids.New(), Role: role})
	}
	owner = identity.Caller{UserID: ids.New(), Role: usersapi.RoleInstructor}
	return append(callers, owner), owner
}

// holds returns whether a condition holds for the row that query finds.
func holds(t *testing.T, d *db.DB, query, id string, c Condition) bool {
	t.Helper()
	var n int
	require.NoError(t, d.QueryRow(t.Context(), query+" AND "+c.SQL, append([]any{id}, c.Args...), &n))
	return n > 0
}

// isOpenToLearner returns whether OpenToLearners holds for a lesson and a caller.
func isOpenToLearner(t *testing.T, d *db.DB, caller identity.Caller, lessonID string) bool {
	t.Helper()
	open := OpenToLearners(coursetest.Noon)
	open.Args = append([]any{caller.UserID}, open.Args...)
	open.SQL = "e.user_id = ? AND " + open.SQL
	return holds(t, d, `SELECT count(*) FROM lessons l JOIN courses c ON c.id = l.course_id
		JOIN enrollments e ON e.course_id = c.id WHERE l.id = ?`, lessonID, open)
}

// The read rule in Go and in SQL agree for every course and every caller.
func TestCanReadAndReadableAgree(t *testing.T) {
	t.Parallel()
	coursetest.OnBoth(t, func(t *testing.T, d *db.DB) {
		callers, owner := allCallers()
		for _, status := range []string{course.Draft, course.Published, course.Archived} {
			for _, visibility := range []string{course.Public, course.Member, course.Private} {
				for _, isEnrolled := range []bool{false, true} {
					for _, deletedAt := range []*clock.Time{nil, &coursetest.Noon} {
						c := coursetest.NewCourse(owner.UserID, "Course")
						c.Status, c.Visibility, c.DeletedAt = status, visibility, deletedAt
						coursetest.Insert(t, d, c)
						lesson := coursetest.NewLesson(c.ID)
						coursetest.Insert(t, d, lesson)
						for _, caller := range callers {
							if isEnrolled && caller.IsSignedIn() {
								enroll(t, d, caller, c.ID, coursetest.Noon)
							}
							hasEnrollment := isEnrolled && caller.IsSignedIn()
							about := fmt.Sprintf("%s %s deleted=%v role=%s owner=%v enrolled=%v", status, visibility,
								deletedAt != nil, caller.Role, caller.UserID == owner.UserID, hasEnrollment)
							want := CanRead(c, caller, hasEnrollment)
							const query = "SELECT count(*) FROM courses c WHERE c.id = ?"
							require.Equal(t, want, holds(t, d, query, c.ID, Readable(caller)), about)
							if !CanManage(c, caller) && caller.IsSignedIn() {
								require.Equal(t, want && isEnrolled, isOpenToLearner(t, d, caller, lesson.ID), about)
							}
						}
					}
				}
			}
		}
	})
}

func enroll(t *testing.T, d *db.DB, caller identity.Caller, courseID string, at clock.Time) {
	t.Helper()
	row := map[string]any{"user_id": caller.UserID, "course_id": courseID, "created_at": at}
	require.NoError(t, d.Conn(t.Context()).Table("enrollments").Create(row).Error)
}

// lockCase is a course with three lessons, the last of which has random locks, and a learner with random
// progress.
type lockCase struct {
	course     *course.Course
	lessons    []*course.Lesson
	enrolledAt *clock.Time
	completed  map[string]bool
}

// The lock rule in Go and in SQL agree for random lessons, and learners with random progress.
func TestLockOfAndUnlockedAgree(t *testing.T) {
	t.Parallel()
	coursetest.OnBoth(t, func(t *testing.T, d *db.DB) {
		random := rand.New(rand.NewPCG(1, uint64(testkit.Seed(t))))
		callers, owner := allCallers()
		service := NewService(d, outline.NewCache(d, broadcast.New(nil)), fixedClock{})
		for range 60 {
			for _, caller := range callers {
				lc := newLockCase(t, d, random, caller, owner)
				ctx := identity.WithCaller(t.Context(), caller)
				found, err := service.findCourse(ctx, lc.course.ID, caller.UserID)
				require.NoError(t, err)
				state, lessons := service.LoadState(ctx, found), found.Outline()
				require.Len(t, lessons, len(lc.lessons))
				for i := range lessons {
					l := &lessons[i]
					const query = "SELECT count(*) FROM lessons l JOIN courses c ON c.id = l.course_id WHERE l.id = ?"
					isOpen := holds(t, d, query, l.ID, Unlocked(caller, coursetest.Noon))
					lock := state.LockOf(l)
					require.Equal(t, !lock.IsLocked, isOpen, "role=%s lesson=%+v lock=%+v case=%+v", caller.Role,
						l, lock, lc)
					if caller.IsSignedIn() && !CanManage(lc.course, caller) {
						require.Equal(t, lc.enrolledAt != nil && !lock.IsLocked, isOpenToLearner(t, d, caller, l.ID))
					}
				}
			}
		}
	})
}

// fixedClock always shows noon.
type fixedClock struct{}

// Now implements clock.Clock.
func (fixedClock) Now() clock.Time { return coursetest.Noon }

func newLockCase(
	t *testing.T, d *db.DB, random *rand.Rand, caller, owner identity.Caller,
) lockCase {
	t.Helper()
	lc := lockCase{course: coursetest.NewCourse(owner.UserID, "Locks"), completed: map[string]bool{}}
	coursetest.Insert(t, d, lc.course)
	for i := range 3 {
		l := coursetest.NewLesson(lc.course.ID)
		l.Position = i + 1
		if random.IntN(3) == 0 {
			at := coursetest.Noon.Add(time.Duration(random.IntN(3)-1) * course.Day)
			l.AvailableFrom = &at
		}
		if random.IntN(3) == 0 {
			days := random.IntN(4)
			l.AvailableAfterDays = &days
		}
		lc.lessons = append(lc.lessons, l)
		coursetest.Insert(t, d, l)
	}
	for _, p := range lc.lessons[:2] {
		if random.IntN(3) == 0 {
			row := map[string]any{
				"lesson_id": lc.lessons[2].ID, "prerequisite_id": p.ID, "course_id": lc.course.ID,
			}
			require.NoError(t, d.Conn(t.Context()).Table("lesson_prerequisites").Create(row).Error)
		}
	}
	if !caller.IsSignedIn() {
		return lc
	}
	if random.IntN(3) > 0 {
		at := coursetest.Noon.Add(-time.Duration(random.IntN(4)) * course.Day)
		lc.enrolledAt = &at
		enroll(t, d, caller, lc.course.ID, at)
	}
	for _, l := range lc.lessons {
		if random.IntN(3) == 0 {
			lc.completed[l.ID] = true
			complete(t, d, caller, l)
		}
	}
	if len(lc.completed) > 0 {
		row := map[string]any{
			"user_id": caller.UserID, "course_id": lc.course.ID, "percent_sum": 100 * len(lc.completed),
			"completed_lessons": len(lc.completed), "last_activity_at": coursetest.Noon,
		}
		require.NoError(t, d.Conn(t.Context()).Table("course_progress").Create(row).Error)
	}
	return lc
}

func complete(t *testing.T, d *db.DB, caller identity.Caller, l *course.Lesson) {
	t.Helper()
	row := map[string]any{
		"user_id": caller.UserID, "lesson_id": l.ID, "course_id": l.CourseID, "percent": 100, "position_seconds": 0,
		"completed_at": coursetest.Noon, "updated_at": coursetest.Noon,
	}
	require.NoError(t, d.Conn(t.Context()).Table("lesson_progress").Create(row).Error)
}

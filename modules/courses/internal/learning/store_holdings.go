package learning

import (
	"cmp"
	"context"

	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/course"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// readableTitle returns the title of a course c as a column, empty while the account may not read
// the course: the title of a draft is for its owner. The role of the account is known only if it is
// the caller. Any other account is taken for one of RoleUser, the lowest with an account: the
// export may leave out a title that the account may read, but shows none that it may not.
func readableTitle(ctx context.Context, userID string) (column string, args []any) {
	learner := identity.CallerFrom(ctx)
	if learner.UserID != userID {
		learner = identity.Caller{UserID: userID, Role: usersapi.RoleUser}
	}
	readable := access.Readable(learner)
	return "CASE WHEN " + readable.SQL + " THEN c.title ELSE '' END AS title", readable.Args
}

// heldEnrollment is a course that an account is enrolled in.
type heldEnrollment struct {
	CourseID   string     `json:"course_id"`
	Title      string     `json:"title,omitempty"` // only if the account may read the course
	EnrolledAt clock.Time `json:"enrolled_at"`
}

// heldEnrollments lists the courses that an account is enrolled in, in the order of their ids.
func (s *store) heldEnrollments(
	ctx context.Context, userID string, after heldEnrollment, limit int,
) (found []heldEnrollment, err error) {
	title, args := readableTitle(ctx, userID)
	err = s.db.Conn(ctx).Raw("SELECT e.course_id, "+title+`, e.created_at AS enrolled_at FROM enrollments e JOIN courses c ON c.id = e.course_id
		WHERE e.user_id = ? AND e.course_id > ? ORDER BY e.course_id LIMIT ?`,
		append(args, userID, cmp.Or(after.CourseID, ids.None), limit)...).Scan(&found).Error
	return found, err
}

// heldPastEnrollment is a course that an account was enrolled in and has left.
type heldPastEnrollment struct {
	CourseID        string     `json:"course_id"`
	Title           string     `json:"title,omitempty"`
	FirstEnrolledAt clock.Time `json:"first_enrolled_at"`
}

// heldPastEnrollments lists the courses that an account was enrolled in and has left.
func (s *store) heldPastEnrollments(
	ctx context.Context, userID string, after heldPastEnrollment, limit int,
) (found []heldPastEnrollment, err error) {
	title, args := readableTitle(ctx, userID)
	err = s.db.Conn(ctx).Raw("SELECT f.course_id, "+title+`, f.started_at AS first_enrolled_at FROM enrollment_starts f JOIN courses c ON c.id = f.course_id
		WHERE f.user_id = ? AND f.course_id > ? AND NOT EXISTS (SELECT 1 FROM enrollments e WHERE e.user_id = f.user_id AND e.course_id = f.course_id)
		ORDER BY f.course_id LIMIT ?`,
		append(args, userID, cmp.Or(after.CourseID, ids.None), limit)...).Scan(&found).Error
	return found, err
}

// heldCourseProgress is how far an account is in a course.
type heldCourseProgress struct {
	CourseID         string      `json:"course_id"`
	Title            string      `json:"title,omitempty"`
	Percent          int         `json:"percent"`
	CompletedLessons int         `json:"completed_lessons"`
	LastActivityAt   clock.Time  `json:"last_activity_at"`
	CompletedAt      *clock.Time `json:"completed_at"`

	// PercentSum and LessonCount are what Percent is computed from.
	PercentSum  int `json:"-"`
	LessonCount int `json:"-"`
}

// heldCourseProgress lists how far an account is in courses, in the order of their ids.
func (s *store) heldCourseProgress(
	ctx context.Context, userID string, after heldCourseProgress, limit int,
) (found []heldCourseProgress, err error) {
	title, args := readableTitle(ctx, userID)
	err = s.db.Conn(ctx).Raw("SELECT p.course_id, "+title+", c.lesson_count, "+progressColumns+` FROM course_progress p JOIN courses c ON c.id = p.course_id
		WHERE p.user_id = ? AND p.course_id > ? ORDER BY p.course_id LIMIT ?`,
		append(args, userID, cmp.Or(after.CourseID, ids.None), limit)...).Scan(&found).Error
	for i := range found {
		found[i].Percent = course.MeanPercent(found[i].PercentSum, found[i].LessonCount)
	}
	return found, err
}

// heldLessonProgress is how far an account is in a lesson.
type heldLessonProgress struct {
	LessonID        string      `json:"lesson_id"`
	CourseID        string      `json:"course_id"`
	Percent         int         `json:"percent"`
	PositionSeconds int         `json:"position_seconds"`
	CompletedAt     *clock.Time `json:"completed_at"`
	UpdatedAt       clock.Time  `json:"updated_at"`
}

// heldLessonProgress lists how far an account is in lessons, in the order of their ids.
func (s *store) heldLessonProgress(
	ctx context.Context, userID string, after heldLessonProgress, limit int,
) (found []heldLessonProgress, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT lesson_id, course_id, percent, position_seconds, completed_at, updated_at FROM lesson_progress
		WHERE user_id = ? AND lesson_id > ? ORDER BY lesson_id LIMIT ?`, userID, cmp.Or(after.LessonID, ids.None), limit).Scan(&found).Error
	return found, err
}

// heldCourse is a course that an account owns, in the trash or not.
type heldCourse struct {
	ID          string      `json:"id"`
	Slug        string      `json:"slug"`
	Title       string      `json:"title"`
	Summary     string      `json:"summary"`
	Description string      `json:"description"`
	Status      string      `json:"status"`
	Visibility  string      `json:"visibility"`
	CreatedAt   clock.Time  `json:"created_at"`
	UpdatedAt   clock.Time  `json:"updated_at"`
	DeletedAt   *clock.Time `json:"deleted_at,omitempty"`
}

// heldCourses lists the courses that an account owns, including those in the trash.
func (s *store) heldCourses(
	ctx context.Context, userID string, after heldCourse, limit int,
) (found []heldCourse, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT id, slug, title, summary, description, status, visibility, created_at, updated_at, deleted_at FROM courses
		WHERE owner_id = ? AND id > ? ORDER BY id LIMIT ?`, userID, cmp.Or(after.ID, ids.None), limit).Scan(&found).Error
	return found, err
}

// eraseLearner deletes what an account learned, in the order in which a report holds the rows.
func (s *store) eraseLearner(ctx context.Context, userID string) error {
	for _, table := range []string{"enrollment_starts", "enrollments", "course_progress", "lesson_progress"} {
		if err := s.db.Conn(ctx).Exec("DELETE FROM "+table+" WHERE user_id = ?", userID).Error; err != nil {
			return err
		}
	}
	return nil
}

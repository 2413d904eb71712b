package access

import (
	"context"
	"strings"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/outline"
	"lyceum/platform/db"
)

// store reads what the rules of the package depend on, and holds courses.
type store struct {
	db       *db.DB
	outlines *outline.Cache
}

// learnerSQL reads an account's enrollment and progress in a course. It is one row, whatever there is.
const learnerSQL = `SELECT e.created_at, p.percent_sum, p.completed_lessons, p.completed_at, p.last_activity_at
	FROM (SELECT 1 AS one) o
	LEFT JOIN enrollments e ON e.user_id = ? AND e.course_id = ?
	LEFT JOIN course_progress p ON p.user_id = ? AND p.course_id = ?`

// completedSQL is learnerSQL with the ids of the lessons that the account has completed, joined by commas.
var completedSQL = strings.Replace(learnerSQL, "\n\tFROM (SELECT", `,
	(SELECT string_agg(CAST(d.lesson_id AS text), ',') FROM lesson_progress d
		WHERE d.user_id = ? AND d.course_id = ? AND d.completed_at IS NOT NULL)
	FROM (SELECT`, 1)

// fillLearner fills what the course is for an account. Completed lessons are read if the course has
// locks, which depend on them.
func (s *store) fillLearner(ctx context.Context, c *CallerCourse, userID string) error {
	p := &c.Progress
	dest := []any{&c.EnrolledAt, &p.PercentSum, &p.CompletedLessons, &p.CompletedAt, &p.LastActivityAt}
	args := []any{userID, c.ID, userID, c.ID}
	if !c.outline.HasLocks {
		return s.db.QueryRow(ctx, learnerSQL, args, dest...)
	}
	var completed *string
	err := s.db.QueryRow(ctx, completedSQL, append(args, args[:2]...), append(dest, &completed)...)
	if completed != nil {
		for id := range strings.SplitSeq(*completed, ",") {
			c.completed[id] = true
		}
	}
	return err
}

// findCourse returns a course that is not in the trash.
func (s *store) findCourse(ctx context.Context, id string) (*course.Course, error) {
	c := &course.Course{}
	return c, s.db.Conn(ctx).Where("id = ? AND deleted_at IS NULL", id).Take(c).Error
}

// holdCourse returns a course, in the trash or not, and holds it until the transaction ends. It
// returns db.ErrNotFound if there is none. As only those who change a course hold it, its outline is
// dropped with the commit.
func (s *store) holdCourse(ctx context.Context, id string) (*course.Course, error) {
	var found []course.Course
	err := s.db.Conn(ctx).Raw("SELECT * FROM courses WHERE id = ?"+s.db.ForUpdate(), id).Scan(&found).Error
	if err == nil && len(found) == 0 {
		return nil, db.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	s.outlines.DropAfterCommit(ctx, id)
	return &found[0], nil
}

// isEnrolled returns whether an account is enrolled in a course.
func (s *store) isEnrolled(ctx context.Context, userID, courseID string) (bool, error) {
	var n int64
	err := s.db.Conn(ctx).Raw("SELECT count(*) FROM enrollments WHERE user_id = ? AND course_id = ?",
		userID, courseID).Scan(&n).Error
	return n > 0, err
}

// findLesson returns a lesson of a course, without its prerequisites.
func (s *store) findLesson(ctx context.Context, courseID, id string) (*course.Lesson, error) {
	l := &course.Lesson{}
	return l, s.db.Conn(ctx).Where("id = ? AND course_id = ?", id, courseID).Take(l).Error
}

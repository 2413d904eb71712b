package access

import (
	"cmp"
	"context"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// store reads what the rules of the package depend on, and holds courses.
type store struct{ db *db.DB }

// callerCourseSQL reads a course with an account's enrollment and progress in it. A condition with
// one parameter has to be appended. The parameters are the account's id for the enrollment, the
// account's id for the progress, and the value for that condition. queryCallerCourse scans the
// columns.
const callerCourseSQL = `SELECT c.id, c.slug, c.title, c.summary, c.description, c.visibility, c.status, c.tags, c.cover_key, c.owner_id, c.lesson_count,
		c.published_at, c.version, c.created_at, c.updated_at, e.created_at,
		p.percent_sum, p.completed_lessons, p.completed_at, p.last_activity_at,
		EXISTS (SELECT 1 FROM lesson_prerequisites q WHERE q.course_id = c.id)
	FROM courses c LEFT JOIN enrollments e ON e.user_id = ? AND e.course_id = c.id LEFT JOIN course_progress p ON p.user_id = ? AND p.course_id = c.id
	WHERE c.deleted_at IS NULL AND `

// findByID returns a course for an account; an empty userID is nobody.
func (s *store) findByID(ctx context.Context, id, userID string) (*CallerCourse, error) {
	return s.queryCallerCourse(ctx, callerCourseSQL+"c.id = ?", id, userID)
}

// findBySlug is findByID for a slug.
func (s *store) findBySlug(ctx context.Context, slug, userID string) (*CallerCourse, error) {
	return s.queryCallerCourse(ctx, callerCourseSQL+"c.slug = ?", slug, userID)
}

// queryCallerCourse runs one of the queries of callerCourseSQL. It returns db.ErrNotFound if there
// is no such course outside of the trash.
func (s *store) queryCallerCourse(ctx context.Context, query, value, userID string) (*CallerCourse, error) {
	userID = cmp.Or(userID, ids.None)
	found := &CallerCourse{Course: &course.Course{}}
	c, p := found.Course, &found.Progress
	err := s.db.QueryRow(ctx, query, []any{userID, userID, value},
		&c.ID, &c.Slug, &c.Title, &c.Summary, &c.Description, &c.Visibility, &c.Status, &c.Tags, &c.CoverKey,
		&c.OwnerID, &c.LessonCount, &c.PublishedAt, &c.Version, &c.CreatedAt, &c.UpdatedAt, &found.EnrolledAt,
		&p.PercentSum, &p.CompletedLessons, &p.CompletedAt, &p.LastActivityAt, &found.HasPrerequisites)
	return found, err
}

// findCourse returns a course that is not in the trash.
func (s *store) findCourse(ctx context.Context, id string) (*course.Course, error) {
	c := &course.Course{}
	return c, s.db.Conn(ctx).Where("id = ? AND deleted_at IS NULL", id).Take(c).Error
}

// holdCourse returns a course, in the trash or not, and holds it until the transaction ends. It
// returns db.ErrNotFound if there is none.
func (s *store) holdCourse(ctx context.Context, id string) (*course.Course, error) {
	var found []course.Course
	err := s.db.Conn(ctx).Raw("SELECT * FROM courses WHERE id = ?"+s.db.ForUpdate(), id).Scan(&found).Error
	if err == nil && len(found) == 0 {
		return nil, db.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
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

// listPrerequisites lists the prerequisites of the lessons, or of all lessons of the course if none
// is named, in the course's order. It says which of them an account has completed.
func (s *store) listPrerequisites(
	ctx context.Context, courseID, userID string, lessonIDs []string,
) (found []course.Prerequisite, err error) {
	query := `SELECT q.lesson_id, q.prerequisite_id, lp.completed_at IS NOT NULL AS is_completed
		FROM lesson_prerequisites q JOIN lessons l ON l.id = q.prerequisite_id
		LEFT JOIN lesson_progress lp ON lp.user_id = ? AND lp.lesson_id = q.prerequisite_id WHERE q.course_id = ?`
	args := []any{cmp.Or(userID, ids.None), courseID}
	if len(lessonIDs) > 0 {
		query, args = query+" AND q.lesson_id IN ?", append(args, lessonIDs)
	}
	err = s.db.Conn(ctx).Raw(query+" ORDER BY l.position", args...).Scan(&found).Error
	return found, err
}

// filterCompleted returns those of the lessons that an account has completed.
func (s *store) filterCompleted(
	ctx context.Context, userID string, lessonIDs []string,
) (map[string]bool, error) {
	completed := map[string]bool{}
	if len(lessonIDs) == 0 {
		return completed, nil
	}
	var found []string
	err := s.db.Conn(ctx).Raw(`SELECT lesson_id FROM lesson_progress
		WHERE user_id = ? AND completed_at IS NOT NULL AND lesson_id IN ?`, userID, lessonIDs).Scan(&found).Error
	for _, id := range found {
		completed[id] = true
	}
	return completed, err
}

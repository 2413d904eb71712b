package access

import (
	"cmp"
	"context"
	"strings"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// store reads what the rules of the package depend on, and holds courses.
type store struct{ db *db.DB }

// learnerColumns are an account's enrollment and progress in a course, of the tables that learnerJoins adds.
const (
	learnerColumns = "e.created_at, p.percent_sum, p.completed_lessons, p.completed_at, p.last_activity_at"
	learnerJoins   = ` LEFT JOIN enrollments e ON e.user_id = ? AND e.course_id = c.id
		LEFT JOIN course_progress p ON p.user_id = ? AND p.course_id = c.id`
	// completedLessons are the ids of the lessons that the account has completed, joined by commas.
	completedLessons = `(SELECT string_agg(CAST(d.lesson_id AS text), ',') FROM lesson_progress d
		WHERE d.user_id = ? AND d.course_id = c.id AND d.completed_at IS NOT NULL)`
)

// fillLearner fills what the course is for an account. Completed lessons are read if the course has
// locks, which depend on them. It returns db.ErrNotFound if the course was deleted meanwhile.
func (s *store) fillLearner(ctx context.Context, c *CallerCourse, userID string) error {
	p := &c.Progress
	dest := []any{&c.EnrolledAt, &p.PercentSum, &p.CompletedLessons, &p.CompletedAt, &p.LastActivityAt}
	if !c.outline.HasLocks {
		return s.db.QueryRow(ctx, "SELECT "+learnerColumns+" FROM courses c"+learnerJoins+" WHERE c.id = ?",
			[]any{userID, userID, c.ID}, dest...)
	}
	var completed *string
	err := s.db.QueryRow(ctx, "SELECT "+learnerColumns+", "+completedLessons+" FROM courses c"+learnerJoins+" WHERE c.id = ?",
		[]any{userID, userID, userID, c.ID}, append(dest, &completed)...)
	if completed != nil {
		c.completed = map[string]bool{}
		for id := range strings.SplitSeq(*completed, ",") {
			c.completed[id] = true
		}
	}
	return err
}

// findByID returns a course for an account, without its outline; an empty userID is nobody. It returns
// db.ErrNotFound if there is no such course outside of the trash.
func (s *store) findByID(ctx context.Context, id, userID string) (*CallerCourse, error) {
	userID = cmp.Or(userID, ids.None)
	found := &CallerCourse{Course: &course.Course{}}
	c, p := found.Course, &found.Progress
	return found, s.db.QueryRow(ctx, `SELECT c.id, c.slug, c.title, c.summary, c.description, c.visibility, c.status, c.tags,
			c.cover_key, c.owner_id, c.lesson_count, c.published_at, c.version, c.created_at, c.updated_at, `+learnerColumns+`
		FROM courses c`+learnerJoins+" WHERE c.deleted_at IS NULL AND c.id = ?", []any{userID, userID, id},
		&c.ID, &c.Slug, &c.Title, &c.Summary, &c.Description, &c.Visibility, &c.Status, &c.Tags, &c.CoverKey,
		&c.OwnerID, &c.LessonCount, &c.PublishedAt, &c.Version, &c.CreatedAt, &c.UpdatedAt, &found.EnrolledAt,
		&p.PercentSum, &p.CompletedLessons, &p.CompletedAt, &p.LastActivityAt)
}

// listCompleted returns the lessons of a course that an account has completed.
func (s *store) listCompleted(ctx context.Context, userID, courseID string) (map[string]bool, error) {
	completed := map[string]bool{}
	err := s.db.Query(ctx, `SELECT lesson_id FROM lesson_progress
		WHERE user_id = ? AND course_id = ? AND completed_at IS NOT NULL`, []any{userID, courseID},
		func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			completed[id] = true
			return err
		})
	return completed, err
}

// isUnlocked returns whether a lesson is not locked for the caller.
func (s *store) isUnlocked(ctx context.Context, caller identity.Caller, lessonID string, now clock.Time) (is bool, err error) {
	unlocked := Unlocked(caller, now)
	err = s.db.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM lessons l JOIN courses c ON c.id = l.course_id WHERE l.id = ? AND "+
		unlocked.SQL+")", append([]any{lessonID}, unlocked.Args...), &is)
	return is, err
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

// findLesson returns a lesson of a course that is not in the trash, without its prerequisites, and the version of the
// course. It returns db.ErrNotFound if there is none.
func (s *store) findLesson(ctx context.Context, courseID, id string) (*course.Lesson, int64, error) {
	var found []struct {
		course.Lesson `gorm:"embedded"`
		CourseVersion int64
	}
	err := s.db.Conn(ctx).Raw(`SELECT l.*, c.version AS course_version FROM lessons l JOIN courses c ON c.id = l.course_id
		WHERE l.id = ? AND l.course_id = ? AND c.deleted_at IS NULL`, id, courseID).Scan(&found).Error
	if err == nil && len(found) == 0 {
		err = db.ErrNotFound
	}
	if err != nil {
		return nil, 0, err
	}
	return &found[0].Lesson, found[0].CourseVersion, nil
}

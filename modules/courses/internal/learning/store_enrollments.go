package learning

import (
	"context"
	"slices"
	"strings"

	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/course"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// enrollChunk is how many accounts one statement enrolls at most.
const enrollChunk = 100

// enroll adds enrollments and returns the accounts that were not enrolled before. An account that
// was enrolled at an earlier time gets the time of its first enrollment, from which the days of
// lessons count; enrollment_starts keeps that time. The mark of a removed learner is cleared.
func (s *store) enroll(
	ctx context.Context, userIDs []string, courseID string, at clock.Time,
) (enrolled []string, err error) {
	for chunk := range slices.Chunk(userIDs, enrollChunk) {
		var startArgs, enrollArgs []any
		for _, id := range chunk {
			startArgs = append(startArgs, id, courseID, at)
			enrollArgs = append(enrollArgs, id, courseID, id, courseID, at)
		}
		insertStarts := "INSERT INTO enrollment_starts (user_id, course_id, started_at) VALUES " +
			repeatRow("(?, ?, ?)", len(chunk)) +
			" ON CONFLICT (user_id, course_id) DO UPDATE SET taken_out = FALSE WHERE enrollment_starts.taken_out"
		insertEnrollments := "INSERT INTO enrollments (user_id, course_id, created_at) VALUES " +
			repeatRow("(?, ?, COALESCE((SELECT f.started_at FROM enrollment_starts f WHERE f.user_id = ? AND f.course_id = ?), ?))", len(chunk)) +
			" ON CONFLICT DO NOTHING RETURNING user_id"
		if s.db.Dialect() == db.Postgres {
			insertEnrollments = "WITH first AS (" + insertStarts + ") " + insertEnrollments
			enrollArgs = append(startArgs, enrollArgs...)
		} else if err := s.db.Conn(ctx).Exec(insertStarts, startArgs...).Error; err != nil {
			return nil, err
		}
		var added []string
		if err := s.db.Conn(ctx).Raw(insertEnrollments, enrollArgs...).Scan(&added).Error; err != nil {
			return nil, err
		}
		enrolled = append(enrolled, added...)
	}
	return enrolled, nil
}

// repeatRow returns n copies of a row of VALUES.
func repeatRow(row string, n int) string { return strings.Repeat(row+", ", n-1) + row }

// unenroll deletes an enrollment. It returns whether there was one.
func (s *store) unenroll(ctx context.Context, userID, courseID string) (hasEnded bool, err error) {
	res := s.db.Conn(ctx).Exec("DELETE FROM enrollments WHERE user_id = ? AND course_id = ?", userID, courseID)
	return res.RowsAffected == 1, res.Error
}

// markRemoved notes in the column taken_out that a manager of the course has removed a learner;
// enroll clears the mark.
func (s *store) markRemoved(ctx context.Context, userID, courseID string) error {
	return s.db.Conn(ctx).Exec(
		"UPDATE enrollment_starts SET taken_out = TRUE WHERE user_id = ? AND course_id = ?", userID, courseID).Error
}

// wasRemoved returns whether a manager of the course has removed the account, which has not been
// enrolled since.
func (s *store) wasRemoved(ctx context.Context, userID, courseID string) (bool, error) {
	var n int64
	err := s.db.Conn(ctx).Raw(
		"SELECT count(*) FROM enrollment_starts WHERE user_id = ? AND course_id = ? AND taken_out",
		userID, courseID).Scan(&n).Error
	return n > 0, err
}

// listLearnerIDs lists the accounts that are enrolled in a course, the earliest enrollment first.
func (s *store) listLearnerIDs(ctx context.Context, courseID string) (found []string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT user_id FROM enrollments WHERE course_id = ? ORDER BY created_at, user_id",
		courseID).Scan(&found).Error
	return found, err
}

// listCourseIDs lists the courses outside of the trash that an account is enrolled in or owns.
func (s *store) listCourseIDs(ctx context.Context, userID string) (found []string, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT c.id FROM courses c WHERE c.deleted_at IS NULL AND (c.owner_id = ?
		OR EXISTS (SELECT 1 FROM enrollments e WHERE e.user_id = ? AND e.course_id = c.id)) ORDER BY c.id`,
		userID, userID).Scan(&found).Error
	return found, err
}

// listEnrollments lists the courses that an account is enrolled in and may read, the newest
// enrollment first.
func (s *store) listEnrollments(
	ctx context.Context, caller identity.Caller, after *course.PagePosition, limit int,
) (found []enrollment, err error) {
	readable := access.Readable(caller)
	q := s.db.Conn(ctx).Table("enrollments en").Select("c.*, en.created_at AS enrolled_at, "+progressColumns).
		Joins("JOIN courses c ON c.id = en.course_id").
		Joins("LEFT JOIN course_progress p ON p.user_id = en.user_id AND p.course_id = c.id").
		Where("en.user_id = ?", caller.UserID).Where(readable.SQL, readable.Args...)
	if after != nil {
		q = q.Where("(en.created_at, c.id) < (?, ?)", after.At, after.ID)
	}
	err = q.Order("en.created_at DESC, c.id DESC").Limit(limit).Scan(&found).Error
	return found, err
}

// filterEnrolled returns those of the accounts that are enrolled in a course.
func (s *store) filterEnrolled(ctx context.Context, courseID string, userIDs []string) (map[string]bool, error) {
	isEnrolled := map[string]bool{}
	if len(userIDs) == 0 {
		return isEnrolled, nil
	}
	var found []string
	err := s.db.Conn(ctx).Raw("SELECT user_id FROM enrollments WHERE course_id = ? AND user_id IN ?",
		courseID, userIDs).Scan(&found).Error
	for _, id := range found {
		isEnrolled[id] = true
	}
	return isEnrolled, err
}

// listLearners lists the learners of a course with their progress, the earliest enrollment first.
func (s *store) listLearners(
	ctx context.Context, courseID string, after *course.PagePosition, limit int,
) (found []learner, err error) {
	q := s.db.Conn(ctx).Table("enrollments e").Select("e.user_id, e.created_at AS enrolled_at, "+progressColumns).
		Joins("LEFT JOIN course_progress p ON p.user_id = e.user_id AND p.course_id = e.course_id").
		Where("e.course_id = ?", courseID)
	if after != nil {
		q = q.Where("(e.created_at, e.user_id) > (?, ?)", after.At, after.ID)
	}
	err = q.Order("e.created_at, e.user_id").Limit(limit).Scan(&found).Error
	return found, err
}

package courses

import (
	"context"
	"slices"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

func (s *store) enrolled(ctx context.Context, userID, courseID string) (bool, error) {
	var n int64
	err := s.db.Conn(ctx).Raw("SELECT count(*) FROM enrollments WHERE user_id = ? AND course_id = ?", userID, courseID).Scan(&n).Error
	return n > 0, err
}

// enrollChunk bounds how many forms the statement of enroll has.
const enrollChunk = 100

// enroll adds enrollments and returns the accounts for which that is new. An account that was enrolled before gets the
// time of its first enrollment, from which the days of lessons count; enrollment_starts keeps that time. An account that
// was taken out is so no longer.
func (s *store) enroll(ctx context.Context, userIDs []string, courseID string, at clock.Time) (created []string, err error) {
	for chunk := range slices.Chunk(userIDs, enrollChunk) {
		starts, enrollments := &query{}, &query{}
		for i, id := range chunk {
			comma := ", "
			if i == 0 {
				comma = ""
			}
			starts.add(comma+"(?, ?, ?)", id, courseID, at)
			enrollments.add(comma+"(?, ?, COALESCE((SELECT f.started_at FROM enrollment_starts f WHERE f.user_id = ? AND f.course_id = ?), ?))",
				id, courseID, id, courseID, at)
		}
		first := "INSERT INTO enrollment_starts (user_id, course_id, started_at) VALUES " + starts.String() +
			" ON CONFLICT (user_id, course_id) DO UPDATE SET taken_out = FALSE WHERE enrollment_starts.taken_out"
		enroll := "INSERT INTO enrollments (user_id, course_id, created_at) VALUES " + enrollments.String() + " ON CONFLICT DO NOTHING RETURNING user_id"
		if s.db.Dialect() == db.Postgres {
			enroll, enrollments.args = "WITH first AS ("+first+") "+enroll, slices.Concat(starts.args, enrollments.args)
		} else if err := s.db.Conn(ctx).Exec(first, starts.args...).Error; err != nil {
			return nil, err
		}
		var news []string
		if err := s.db.Conn(ctx).Raw(enroll, enrollments.args...).Scan(&news).Error; err != nil {
			return nil, err
		}
		created = append(created, news...)
	}
	return created, nil
}

func (s *store) unenroll(ctx context.Context, userID, courseID string) (bool, error) {
	res := s.db.Conn(ctx).Exec("DELETE FROM enrollments WHERE user_id = ? AND course_id = ?", userID, courseID)
	return res.RowsAffected == 1, res.Error
}

// markTakenOut notes that a manager of the course has ended an enrollment; enroll takes the note back.
func (s *store) markTakenOut(ctx context.Context, userID, courseID string) error {
	return s.db.Conn(ctx).Exec("UPDATE enrollment_starts SET taken_out = TRUE WHERE user_id = ? AND course_id = ?", userID, courseID).Error
}

// takenOut returns true if a manager of the course has ended the account's last enrollment in it.
func (s *store) takenOut(ctx context.Context, userID, courseID string) (bool, error) {
	var n int64
	err := s.db.Conn(ctx).Raw("SELECT count(*) FROM enrollment_starts WHERE user_id = ? AND course_id = ? AND taken_out", userID, courseID).Scan(&n).Error
	return n > 0, err
}

func (s *store) learners(ctx context.Context, courseID string) (found []string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT user_id FROM enrollments WHERE course_id = ? ORDER BY created_at, user_id", courseID).Scan(&found).Error
	return found, err
}

func (s *store) courseIDsOf(ctx context.Context, userID string) (found []string, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT c.id FROM courses c WHERE c.deleted_at IS NULL AND (c.owner_id = ?
		OR EXISTS (SELECT 1 FROM enrollments e WHERE e.user_id = ? AND e.course_id = c.id)) ORDER BY c.id`, userID, userID).Scan(&found).Error
	return found, err
}

type enrollment struct {
	Course     course `gorm:"embedded"`
	Sums       sums   `gorm:"embedded"`
	EnrolledAt clock.Time
}

// enrollments lists the courses that an account is enrolled in and may read, the newest enrollment first.
func (s *store) enrollments(ctx context.Context, caller identity.Caller, after *position, limit int) (found []enrollment, err error) {
	condition, args := readable(caller)
	q := s.db.Conn(ctx).Table("enrollments en").Select("c.*, en.created_at AS enrolled_at, "+sumColumns).
		Joins("JOIN courses c ON c.id = en.course_id").
		Joins("LEFT JOIN course_progress p ON p.user_id = en.user_id AND p.course_id = c.id").
		Where("en.user_id = ?", caller.UserID).Where(condition, args...)
	if after != nil {
		q = q.Where("(en.created_at, c.id) < (?, ?)", after.At, after.ID)
	}
	err = q.Order("en.created_at DESC, c.id DESC").Limit(limit).Scan(&found).Error
	return found, err
}

// started lists the courses in which an account has progress and which it may read, the latest activity first.
func (s *store) started(ctx context.Context, caller identity.Caller, after *position, limit int) (found []listed, err error) {
	condition, args := readable(caller)
	q := s.db.Conn(ctx).Table("course_progress p").Select("c.*, "+sumColumns).Joins("JOIN courses c ON c.id = p.course_id").
		Where("p.user_id = ?", caller.UserID).Where(condition, args...)
	if after != nil {
		q = q.Where("(p.last_activity_at, c.id) < (?, ?)", after.At, after.ID)
	}
	err = q.Order("p.last_activity_at DESC, c.id DESC").Limit(limit).Scan(&found).Error
	return found, err
}

// enrolledOf says which of the accounts are enrolled.
func (s *store) enrolledOf(ctx context.Context, courseID string, users []string) (map[string]bool, error) {
	out := map[string]bool{}
	if len(users) == 0 {
		return out, nil
	}
	var found []string
	err := s.db.Conn(ctx).Raw("SELECT user_id FROM enrollments WHERE course_id = ? AND user_id IN ?", courseID, users).Scan(&found).Error
	for _, u := range found {
		out[u] = true
	}
	return out, err
}

// learning lists who is enrolled in a course and how far, the earliest enrollment first.
func (s *store) learning(ctx context.Context, courseID string, after *position, limit int) (found []learning, err error) {
	q := s.db.Conn(ctx).Table("enrollments e").Select("e.user_id, e.created_at AS enrolled_at, "+sumColumns).
		Joins("LEFT JOIN course_progress p ON p.user_id = e.user_id AND p.course_id = e.course_id").Where("e.course_id = ?", courseID)
	if after != nil {
		q = q.Where("(e.created_at, e.user_id) > (?, ?)", after.At, after.ID)
	}
	err = q.Order("e.created_at, e.user_id").Limit(limit).Scan(&found).Error
	return found, err
}

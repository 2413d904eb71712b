package courses

import (
	"context"

	"lyceum/platform/clock"
)

func (s *store) deletedBefore(ctx context.Context, at clock.Time) (found []string, err error) {
	err = s.db.Conn(ctx).Raw("SELECT id FROM courses WHERE deleted_at <= ? ORDER BY deleted_at LIMIT 100", at).Scan(&found).Error
	return found, err
}

// purge deletes a course; its tags, lessons, enrollments and progress go with it.
func (s *store) purge(ctx context.Context, id string) error {
	return s.db.Conn(ctx).Exec("DELETE FROM courses WHERE id = ?", id).Error
}

package archive

import (
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

// store reads courses for exports.
type store struct{ db *db.DB }

// exportRow is a lesson with its content, or one of its prerequisites if PrerequisiteID is set.
type exportRow struct {
	ID                 string
	PrerequisiteID     *string
	Position           int
	Title              string
	Content            string
	AssetKey           *string
	DurationSeconds    int
	Captions           string
	AvailableFrom      *clock.Time
	AvailableAfterDays *int
}

// eachRow passes all lessons of a course and their prerequisites to fn, in no order. It is one
// statement, so that all rows are of one instant, and holds one content in memory at a time.
func (s *store) eachRow(ctx context.Context, courseID string, fn func(exportRow) error) error {
	rows, err := s.db.Conn(ctx).Raw(`SELECT id, NULL AS prerequisite_id, position, title, content, asset_key, duration_seconds, captions, available_from, available_after_days
			FROM lessons WHERE course_id = ?
		UNION ALL SELECT lesson_id, prerequisite_id, 0, '', '', NULL, 0, '[]', NULL, NULL FROM lesson_prerequisites WHERE course_id = ?`,
		courseID, courseID).Rows()
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r exportRow
		err := rows.Scan(&r.ID, &r.PrerequisiteID, &r.Position, &r.Title, &r.Content, &r.AssetKey,
			&r.DurationSeconds, &r.Captions, &r.AvailableFrom, &r.AvailableAfterDays)
		if err != nil {
			return err
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

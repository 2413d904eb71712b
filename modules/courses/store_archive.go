package courses

import (
	"context"

	"lyceum/platform/clock"
)

// exported is a lesson with its content, or one of its prerequisites.
type exported struct {
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

	// span is where the content lies once it is on the disk.
	span span
}

// exported hands over all lessons of a course and their prerequisites, in no order. It is one statement, so
// that all of it belongs together, and holds one content at a time.
func (s *store) exported(ctx context.Context, courseID string, fn func(exported) error) error {
	rows, err := s.db.Conn(ctx).Raw(`SELECT id, NULL AS prerequisite_id, position, title, content, asset_key, duration_seconds, captions, available_from, available_after_days
			FROM lessons WHERE course_id = ?
		UNION ALL SELECT lesson_id, prerequisite_id, 0, '', '', NULL, 0, '[]', NULL, NULL FROM lesson_prerequisites WHERE course_id = ?`, courseID, courseID).Rows()
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var l exported
		if err := rows.Scan(&l.ID, &l.PrerequisiteID, &l.Position, &l.Title, &l.Content, &l.AssetKey, &l.DurationSeconds, &l.Captions, &l.AvailableFrom, &l.AvailableAfterDays); err != nil {
			return err
		}
		if err := fn(l); err != nil {
			return err
		}
	}
	return rows.Err()
}

// insertLessons adds the lessons of a new course, whose count it has already, with what they wait for. content
// gives each lesson its texts just before it is written.
func (s *store) insertLessons(ctx context.Context, lessons []*lesson, content func(i int) (lesson, error)) error {
	var before []prerequisite
	for i := range lessons {
		l, err := content(i)
		if err != nil {
			return err
		}
		if err := s.db.Conn(ctx).Create(&l).Error; err != nil {
			return err
		}
		if err := s.saveCaptionKeys(ctx, &l); err != nil {
			return err
		}
		for _, id := range l.Prerequisites {
			before = append(before, prerequisite{l.ID, id, l.CourseID})
		}
	}
	if len(before) == 0 {
		return nil
	}
	return s.db.Conn(ctx).CreateInBatches(before, 1000).Error
}

type prerequisite struct{ LessonID, PrerequisiteID, CourseID string }

// TableName of prerequisites.
func (prerequisite) TableName() string { return "lesson_prerequisites" }

package courses

import (
	"cmp"
	"context"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/text"
)

type store struct{ db *db.DB }

func newStore(d *db.DB) *store { return &store{d} }

func (s *store) insertCourse(ctx context.Context, c *course) error {
	if err := s.db.Conn(ctx).Create(c).Error; err != nil {
		return err
	}
	return s.setTags(ctx, c)
}

func (s *store) setTags(ctx context.Context, c *course) error {
	conn := s.db.Conn(ctx)
	if err := conn.Exec("DELETE FROM course_tags WHERE course_id = ?", c.ID).Error; err != nil {
		return err
	}
	rows := []map[string]any{}
	for _, t := range c.tags() {
		rows = append(rows, map[string]any{"course_id": c.ID, "tag": text.FoldCase(t)})
	}
	if len(rows) == 0 {
		return nil
	}
	return conn.Table("course_tags").Create(rows).Error
}

func (s *store) course(ctx context.Context, column, value string) (*course, error) {
	c := &course{}
	return c, s.db.Conn(ctx).Where(column+" = ? AND deleted_at IS NULL", value).Take(c).Error
}

// coursesOf gives those of the courses that are not deleted.
func (s *store) coursesOf(ctx context.Context, ids []string) (found []course, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = s.db.Conn(ctx).Omit("description", "search_text").Where("id IN ? AND deleted_at IS NULL", ids).Find(&found).Error
	return found, err
}

// lockCourse reads a course for a change of it or its lessons.
func (s *store) lockCourse(ctx context.Context, id string) (*course, error) {
	c, err := s.lockAny(ctx, id)
	if err == nil && c.DeletedAt != nil {
		return nil, db.ErrNotFound
	}
	return c, err
}

// lockAny is lockCourse where the trash counts.
func (s *store) lockAny(ctx context.Context, id string) (*course, error) {
	var found []course
	err := s.db.Conn(ctx).Raw("SELECT * FROM courses WHERE id = ?"+s.db.ForUpdate(), id).Scan(&found).Error
	if err == nil && len(found) == 0 {
		return nil, db.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return &found[0], nil
}

func (s *store) saveCourse(ctx context.Context, c *course) error {
	c.Version++
	return s.db.Conn(ctx).Model(&course{}).Where("id = ?", c.ID).Updates(map[string]any{
		"slug": c.Slug, "title": c.Title, "folded_title": c.FoldedTitle, "search_text": c.SearchText, "summary": c.Summary,
		"description": c.Description, "visibility": c.Visibility, "status": c.Status, "tags": c.Tags, "cover_key": c.CoverKey,
		"published_at": c.PublishedAt, "deleted_at": c.DeletedAt, "version": c.Version, "updated_at": c.UpdatedAt,
	}).Error
}

// slugsLike lists the slugs that are the wanted one, or its base with a number.
func (s *store) slugsLike(ctx context.Context, wanted, base string) (found []string, err error) {
	err = s.db.Conn(ctx).Raw(`SELECT slug FROM courses WHERE deleted_at IS NULL AND (slug = ? OR slug = ? OR slug LIKE ? ESCAPE '\')`,
		wanted, base, text.EscapeLike(base)+"-%").Scan(&found).Error
	return found, err
}

// sight is a course as one caller finds it, read in one query.
type sight struct {
	*course
	Own        sums
	EnrolledAt *clock.Time
	// Gated says that some of its lessons have prerequisites.
	Gated bool
}

// sight reads a course with what it is to an account; an empty userID is nobody.
func (s *store) sight(ctx context.Context, column, value, userID string) (*sight, error) {
	userID = cmp.Or(userID, ids.None)
	v := &sight{course: &course{}}
	c, o := v.course, &v.Own
	err := s.db.QueryRow(ctx, `SELECT c.id, c.slug, c.title, c.summary, c.description, c.visibility, c.status, c.tags, c.cover_key, c.owner_id, c.lesson_count,
			c.published_at, c.version, c.created_at, c.updated_at, e.created_at, `+sumColumns+`,
			EXISTS (SELECT 1 FROM lesson_prerequisites q WHERE q.course_id = c.id)
		FROM courses c LEFT JOIN enrollments e ON e.user_id = ? AND e.course_id = c.id LEFT JOIN course_progress p ON p.user_id = ? AND p.course_id = c.id
		WHERE c.`+column+` = ? AND c.deleted_at IS NULL`, []any{userID, userID, value},
		&c.ID, &c.Slug, &c.Title, &c.Summary, &c.Description, &c.Visibility, &c.Status, &c.Tags, &c.CoverKey, &c.OwnerID, &c.LessonCount,
		&c.PublishedAt, &c.Version, &c.CreatedAt, &c.UpdatedAt, &v.EnrolledAt, &o.PercentSum, &o.CompletedLessons, &o.CompletedAt, &o.LastActivityAt, &v.Gated)
	return v, err
}

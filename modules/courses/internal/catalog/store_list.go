package catalog

import (
	"context"
	"strings"

	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/course"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

// listCourses returns one page of a list of courses. It is one query.
func (s *store) listCourses(
	ctx context.Context, f filter, caller identity.Caller, after *course.PagePosition, limit int,
) (found []course.ListedCourse, err error) {
	q := s.newListQuery(f, caller, after, limit)
	found = make([]course.ListedCourse, 0, limit)
	err = s.db.Query(ctx, q.text.String(), q.args, func(scan func(...any) error) error {
		found = append(found, course.ListedCourse{})
		c, p := &found[len(found)-1].Course, &found[len(found)-1].Progress
		columns := []any{
			&c.ID, &c.Slug, &c.Title, &c.FoldedTitle, &c.Summary, &c.Visibility, &c.Status, &c.Tags, &c.CoverKey,
			&c.OwnerID, &c.LessonCount, &c.PublishedAt, &c.DeletedAt, &c.Version, &c.CreatedAt, &c.UpdatedAt,
		}
		if caller.IsSignedIn() {
			columns = append(columns, &p.PercentSum, &p.CompletedLessons, &p.CompletedAt, &p.LastActivityAt)
		}
		return scan(columns...)
	})
	return found, err
}

// listQuery is the query of a page with its arguments, as it grows.
type listQuery struct {
	text strings.Builder
	args []any
}

// add appends SQL and its arguments. The SQL is written here and holds nothing of the request.
func (q *listQuery) add(sql string, args ...any) {
	q.text.WriteString(sql)
	q.args = append(q.args, args...)
}

// newListQuery returns the query of a page. Signed-in callers get their progress with it.
func (s *store) newListQuery(
	f filter, caller identity.Caller, after *course.PagePosition, limit int,
) *listQuery {
	q := &listQuery{args: make([]any, 0, 8)}
	q.add(`SELECT c.id, c.slug, c.title, c.folded_title, c.summary, c.visibility, c.status, c.tags, c.cover_key, c.owner_id, c.lesson_count,
		c.published_at, c.deleted_at, c.version, c.created_at, c.updated_at`)
	if caller.IsSignedIn() {
		q.add(", p.percent_sum, p.completed_lessons, p.completed_at, p.last_activity_at")
	}
	q.add(" FROM courses c")
	if caller.IsSignedIn() {
		q.add(" LEFT JOIN course_progress p ON p.user_id = ? AND p.course_id = c.id", caller.UserID)
	}
	q.addStatus(f, caller)
	if f.Visibility != "" {
		q.add(" AND c.visibility = ?", f.Visibility)
	}
	if f.Owner != "" {
		q.add(" AND c.owner_id = ?", f.Owner)
	}
	if f.Tag != "" {
		q.add(" AND EXISTS (SELECT 1 FROM course_tags t WHERE t.tag = ? AND t.course_id = c.id)",
			text.FoldCase(text.CleanLine(f.Tag)))
	}
	q.addWords(s.db.Dialect(), strings.Fields(text.FoldCase(f.Q)))
	q.addOrder(f.Sort, after)
	q.add(" LIMIT ?", limit)
	return q
}

// addStatus selects the courses of the status that the caller may read. In the trash, where CanRead
// lets nobody read, it selects what access.CanManage allows: the caller's own courses, and all for
// administrators.
func (q *listQuery) addStatus(f filter, caller identity.Caller) {
	if f.Status == trash {
		q.add(" WHERE c.deleted_at > ?", f.now.Add(-course.TrashLife))
		if !caller.HasRole(usersapi.RoleAdmin) {
			q.add(" AND c.owner_id = ?", caller.UserID)
		}
		return
	}
	readable := access.Readable(caller)
	q.add(" WHERE "+readable.SQL, readable.Args...)
	// The status is not an argument: published courses have an index of their own, and the planner
	// has to see that it fits.
	q.add(map[string]string{
		course.Draft:     " AND c.status = 'draft'",
		course.Published: " AND c.status = 'published'",
		course.Archived:  " AND c.status = 'archived'",
	}[f.Status])
}

// addWords asks for every word as a substring of the folded text, through the index of trigrams
// that each database has. Words of one or two characters have no trigram, and SQLite compares them.
func (q *listQuery) addWords(dialect db.Dialect, words []string) {
	var phrases []string
	for _, word := range words {
		switch {
		case dialect == db.Postgres:
			q.add(` AND c.search_text LIKE ? ESCAPE '\'`, "%"+text.EscapeLike(word)+"%")
		case text.CountRunes(word) < 3:
			q.add(" AND instr(c.search_text, ?) > 0", word)
		default:
			phrases = append(phrases, `"`+strings.ReplaceAll(word, `"`, `""`)+`"`)
		}
	}
	if len(phrases) > 0 {
		q.add(` AND c.id IN (SELECT t.course_id FROM course_search JOIN course_search_texts t ON t.n = course_search.rowid
			WHERE course_search MATCH ?)`, strings.Join(phrases, " "))
	}
}

// addOrder sorts the list, which begins after a position.
func (q *listQuery) addOrder(sort string, after *course.PagePosition) {
	if sort == sortTitle {
		if after != nil {
			q.add(" AND (c.folded_title, c.id) > (?, ?)", after.Title, after.ID)
		}
		q.add(" ORDER BY c.folded_title, c.id")
		return
	}
	column := "c.created_at"
	if sort == sortUpdated {
		column = "c.updated_at"
	}
	if after != nil {
		q.add(" AND ("+column+", c.id) < (?, ?)", after.At, after.ID)
	}
	q.add(" ORDER BY " + column + " DESC, c.id DESC")
}

package courses

import (
	"context"
	"strings"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

// listed is a course with what a list adds, read in one query.
type listed struct {
	Course course `gorm:"embedded"`
	Sums   sums   `gorm:"embedded"`
}

// sums is what a learner has done in a course; nil fields mean nothing yet.
type sums struct {
	PercentSum       *int
	CompletedLessons *int
	CompletedAt      *clock.Time
	LastActivityAt   *clock.Time
}

const sumColumns = "p.percent_sum, p.completed_lessons, p.completed_at, p.last_activity_at"

// query is SQL with its arguments, as it grows.
type query struct {
	strings.Builder
	args []any
}

func (q *query) add(sql string, args ...any) {
	q.WriteString(sql)
	q.args = append(q.args, args...)
}

// list reads one page.
func (s *store) list(ctx context.Context, f filter, caller identity.Caller, after *position, limit int) (found []listed, err error) {
	q, own := s.listQuery(f, caller, after, limit), caller.IsSignedIn()
	found = make([]listed, 0, limit)
	err = s.db.Query(ctx, q.String(), q.args, func(scan func(...any) error) error {
		found = append(found, listed{})
		c, o := &found[len(found)-1].Course, &found[len(found)-1].Sums
		dest := []any{&c.ID, &c.Slug, &c.Title, &c.FoldedTitle, &c.Summary, &c.Visibility, &c.Status, &c.Tags, &c.CoverKey, &c.OwnerID, &c.LessonCount,
			&c.PublishedAt, &c.DeletedAt, &c.Version, &c.CreatedAt, &c.UpdatedAt}
		if own {
			dest = append(dest, &o.PercentSum, &o.CompletedLessons, &o.CompletedAt, &o.LastActivityAt)
		}
		return scan(dest...)
	})
	return found, err
}

// listQuery is the query of a page. What is written into it comes from closed sets: see filter.
func (s *store) listQuery(f filter, caller identity.Caller, after *position, limit int) *query {
	q, own := &query{args: make([]any, 0, 8)}, caller.IsSignedIn()
	q.add(`SELECT c.id, c.slug, c.title, c.folded_title, c.summary, c.visibility, c.status, c.tags, c.cover_key, c.owner_id, c.lesson_count,
		c.published_at, c.deleted_at, c.version, c.created_at, c.updated_at`)
	if own {
		q.add(", " + sumColumns)
	}
	q.add(" FROM courses c")
	if own {
		q.add(" LEFT JOIN course_progress p ON p.user_id = ? AND p.course_id = c.id", caller.UserID)
	}
	s.where(q, f, caller)
	f.order(q, after)
	q.add(" LIMIT ?", limit)
	return q
}

func (s *store) where(q *query, f filter, caller identity.Caller) {
	if f.Status == deleted {
		q.add(" WHERE c.deleted_at > ?", f.now.Add(-trashLife))
		if !caller.HasRole(usersapi.RoleAdmin) {
			q.add(" AND c.owner_id = ?", caller.UserID)
		}
	} else {
		may, args := readable(caller)
		q.add(" WHERE "+may, args...)
		// Not an argument: an index of its own has the published.
		q.add(" AND c.status = '" + map[string]string{published: published, draft: draft, archived: archived}[f.Status] + "'")
	}
	if f.Visibility != "" {
		q.add(" AND c.visibility = ?", f.Visibility)
	}
	if f.Owner != "" {
		q.add(" AND c.owner_id = ?", f.Owner)
	}
	if f.Tag != "" {
		q.add(" AND EXISTS (SELECT 1 FROM course_tags t WHERE t.tag = ? AND t.course_id = c.id)", text.FoldCase(text.CleanLine(f.Tag)))
	}
	s.search(q, strings.Fields(text.FoldCase(f.Q)))
}

// order sorts the page and lets it begin after a position.
func (f filter) order(q *query, after *position) {
	if f.Sort == "title" {
		if after != nil {
			q.add(" AND (c.folded_title, c.id) > (?, ?)", after.Title, after.ID)
		}
		q.add(" ORDER BY c.folded_title, c.id")
		return
	}
	column := "c.created_at"
	if f.Sort == "updated" {
		column = "c.updated_at"
	}
	if after != nil {
		q.add(" AND ("+column+", c.id) < (?, ?)", after.At, after.ID)
	}
	q.add(" ORDER BY " + column + " DESC, c.id DESC")
}

// search asks for every word as a substring of the folded text, by the trigrams of each database's index.
// Words of one or two characters have none.
func (s *store) search(q *query, words []string) {
	var phrases []string
	for _, word := range words {
		switch {
		case s.db.Dialect() == db.Postgres:
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

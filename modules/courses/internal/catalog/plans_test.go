package catalog

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/coursetest"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/text"
)

// insertMany stores n courses of fifty owners, of every status and visibility; a few are about zebras.
// It returns one of the owners.
func insertMany(t *testing.T, d *db.DB, n int) (owner string) {
	t.Helper()
	owners := make([]string, 50)
	for i := range owners {
		owners[i] = ids.New()
	}
	require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
		for i := range n {
			c := coursetest.NewCourse(owners[i%50], fmt.Sprintf("Course %d", (i*7919)%n))
			c.CreatedAt = clock.FromMillis(coursetest.Noon.UnixMilli() + int64(i))
			c.UpdatedAt = c.CreatedAt
			c.Visibility = []string{course.Public, course.Public, course.Member, course.Private}[i%4]
			c.Status = []string{course.Published, course.Published, course.Published, course.Draft, course.Archived}[i%5]
			if i%1000 == 0 {
				c.Title += " Zebra"
			}
			if err := c.SetTags([]string{"common", fmt.Sprint("tag-", i%500)}); err != nil {
				return err
			}
			if err := insertCourse(ctx, d, c); err != nil {
				return err
			}
		}
		return nil
	}))
	statement := "ANALYZE"
	if d.Dialect() == db.Postgres {
		statement = "VACUUM ANALYZE" // which also sorts new rows into the index of trigrams
	}
	_, err := d.Exec(t.Context(), statement)
	require.NoError(t, err)
	return owners[7]
}

// insertCourse stores a course with its tags.
func insertCourse(ctx context.Context, d *db.DB, c *course.Course) error {
	c.UpdateSearchText()
	if err := d.Conn(ctx).Create(c).Error; err != nil {
		return err
	}
	for _, tag := range c.TagList() {
		row := map[string]any{"course_id": c.ID, "tag": text.FoldCase(tag)}
		if err := d.Conn(ctx).Table("course_tags").Create(row).Error; err != nil {
			return err
		}
	}
	return nil
}

// explain returns the database's plan for a page.
func explain(t *testing.T, d *db.DB, q *listQuery) string {
	t.Helper()
	var plan strings.Builder
	command := "EXPLAIN "
	if d.Dialect() == db.SQLite {
		command = "EXPLAIN QUERY PLAN "
	}
	require.NoError(t, d.Query(t.Context(), command+q.text.String(), q.args, func(scan func(...any) error) error {
		var line string
		columns := []any{&line}
		if d.Dialect() == db.SQLite {
			columns = []any{new(int), new(int), new(int), &line}
		}
		defer func() { plan.WriteString(line + "\n") }()
		return scan(columns...)
	}))
	return plan.String()
}

// readsAll matches a plan that reads all courses, readsAllOrSorts one that reads or sorts all of them.
var (
	readsAll        = regexp.MustCompile(`Seq Scan on courses|SCAN c\n`)
	readsAllOrSorts = regexp.MustCompile(`Seq Scan on courses|SCAN c$|SCAN c\n|USE TEMP B-TREE FOR ORDER BY`)
)

// Every page of a list is read from an index in its order, by every caller.
func TestListsUseIndexes(t *testing.T) {
	t.Parallel()
	callers := map[string]identity.Caller{
		"anonymous": {},
		"user":      {UserID: ids.New(), Role: usersapi.RoleUser},
		"member":    {UserID: ids.New(), Role: usersapi.RoleMember},
		"admin":     {UserID: ids.New(), Role: usersapi.RoleAdmin},
	}
	coursetest.OnBoth(t, func(t *testing.T, d *db.DB) {
		owner, s, noon := insertMany(t, d, 5000), &store{d}, coursetest.Noon
		after := &course.PagePosition{At: clock.FromMillis(noon.UnixMilli() + 2500), Title: "course 3", ID: ids.New()}
		for name, caller := range callers {
			for _, sort := range []string{sortNewest, sortTitle, sortUpdated} {
				for _, from := range []*course.PagePosition{nil, after} {
					f := filter{Status: course.Published, Sort: sort, now: noon}
					require.NotRegexp(t, readsAllOrSorts, explain(t, d, s.newListQuery(f, caller, from, 21)),
						"%s %s", name, sort)
				}
			}
			for what, f := range map[string]filter{
				"tag": {Tag: "tag-3"}, "owner": {Owner: owner}, "word": {Q: "zebra"}, "words": {Q: "zebra course"},
			} {
				f.Status, f.Sort, f.now = course.Published, sortNewest, noon
				require.NotRegexp(t, readsAll, explain(t, d, s.newListQuery(f, caller, nil, 21)), "%s %s", name, what)
			}
		}
		instructor := identity.Caller{UserID: owner, Role: usersapi.RoleInstructor}
		inTrash := s.newListQuery(filter{Status: trash, Sort: sortNewest, now: noon}, instructor, nil, 21)
		require.NotRegexp(t, readsAll, explain(t, d, inTrash))
	})
}

// The index finds what comparing each text finds, whatever characters a word has.
func TestSearchFindsSubstrings(t *testing.T) {
	t.Parallel()
	titles := []string{
		`100% sure_thing`, `a"quoted" 'word' \ back`, "Straße İstanbul", "日本語の本", "🦉🦉🦉 owls",
		"NEAR(x) AND OR NOT * ^ :", "- + (", "ab", "ﬀ ligature",
	}
	queries := append([]string{
		"100%", "%", "_", "_t", "ure_th", "sure thing", `"`, `"quo`, `d"`, "'word'", `\`, "STRASSE", "straße", "istanbul",
		"i̇stanbul", "本", "本語の", "語の本", "🦉", "🦉🦉🦉", "near(", "AND", "not", "*", "^ :", "- +", "(", "ff", "LIGATURE",
		"a", "ab", "abc", "u re", "zzz",
	}, titles...)
	coursetest.OnBoth(t, func(t *testing.T, d *db.DB) {
		owner, s := ids.New(), &store{d}
		for _, title := range titles {
			require.NoError(t, insertCourse(t.Context(), d, coursetest.NewCourse(owner, title)))
		}
		for _, q := range queries {
			f := filter{Status: course.Published, Sort: sortNewest, Q: q, now: coursetest.Noon}
			found, err := s.listCourses(t.Context(), f, identity.Caller{}, nil, 100)
			require.NoError(t, err, q)
			isFound := map[string]bool{}
			for _, l := range found {
				isFound[l.Course.Title] = true
			}
			for _, title := range titles {
				searchText := coursetest.NewCourse(owner, title).SearchText
				want := true
				for _, word := range strings.Fields(text.FoldCase(q)) {
					want = want && strings.Contains(searchText, word)
				}
				require.Equal(t, want, isFound[title], "%q in %q", q, title)
			}
		}
	})
}

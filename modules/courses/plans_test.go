package courses

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/text"
)

// fill adds many courses of fifty owners, of every status and visibility; a few are about zebras.
func (s *school) fill(n int) (owner string) {
	s.t.Helper()
	owners := make([]string, 50)
	for i := range owners {
		owners[i] = ids.New()
	}
	require.NoError(s.t, s.store.db.InTx(s.t.Context(), func(ctx context.Context) error {
		for i := range n {
			at := clock.FromMillis(noon.UnixMilli() + int64(i))
			c := course{ID: ids.New(), Slug: fmt.Sprint("filled-", i), Title: fmt.Sprintf("Course %d", (i*7919)%n), Visibility: []string{public, public, member, private}[i%4],
				Status: []string{published, published, published, draft, archived}[i%5], OwnerID: owners[i%50], Version: 1, CreatedAt: at, UpdatedAt: at}
			if i%1000 == 0 {
				c.Title += " Zebra"
			}
			if err := c.setTags([]string{"common", fmt.Sprint("tag-", i%500)}); err != nil {
				return err
			}
			c.index()
			if err := s.store.insertCourse(ctx, &c); err != nil {
				return err
			}
		}
		return nil
	}))
	statement := "ANALYZE"
	if s.store.db.Dialect() == db.Postgres {
		statement = "VACUUM ANALYZE" // which also sorts what is new into the index of trigrams
	}
	_, err := s.store.db.Exec(s.t.Context(), statement)
	require.NoError(s.t, err)
	return owners[7]
}

// explain gives the database's plan for a page.
func (s *school) explain(q *query) string {
	s.t.Helper()
	var out strings.Builder
	ask := "EXPLAIN "
	if s.store.db.Dialect() == db.SQLite {
		ask = "EXPLAIN QUERY PLAN "
	}
	require.NoError(s.t, s.store.db.Query(s.t.Context(), ask+q.String(), q.args, func(scan func(...any) error) error {
		var line string
		dest := []any{&line}
		if s.store.db.Dialect() == db.SQLite {
			dest = []any{new(int), new(int), new(int), &line}
		}
		defer func() { out.WriteString(line + "\n") }()
		return scan(dest...)
	}))
	return out.String()
}

// wholeTable is what a plan says that reads all courses, or puts them into an order first.
var wholeTable = regexp.MustCompile(`Seq Scan on courses|SCAN c$|SCAN c\n|USE TEMP B-TREE FOR ORDER BY`)

// Every page of a list is read from an index in its order, whoever asks for it.
func TestListsStandOnIndexes(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, s *school) {
		owner := s.fill(5000)
		after := &position{At: clock.FromMillis(noon.UnixMilli() + 2500), Title: "course 3", ID: ids.New()}
		for name, caller := range map[string]identity.Caller{"anon": {}, "user": {UserID: ids.New(), Role: usersapi.RoleUser}, "member": {UserID: ids.New(), Role: usersapi.RoleMember}, "admin": {UserID: ids.New(), Role: usersapi.RoleAdmin}} {
			for _, sort := range []string{"newest", "title", "updated"} {
				for _, from := range []*position{nil, after} {
					plan := s.explain(s.store.listQuery(filter{Status: published, Sort: sort, now: noon}, caller, from, 21))
					require.NotRegexp(t, wholeTable, plan, "%s %s", name, sort)
				}
			}
			for what, f := range map[string]filter{"tag": {Tag: "tag-3"}, "owner": {Owner: owner}, "word": {Q: "zebra"}, "words": {Q: "zebra course"}} {
				f.Status, f.Sort, f.now = published, "newest", noon
				plan := s.explain(s.store.listQuery(f, caller, nil, 21))
				require.NotRegexp(t, `Seq Scan on courses|SCAN c\n`, plan, "%s %s", name, what)
			}
		}
		trash := s.explain(s.store.listQuery(filter{Status: deleted, Sort: "newest", now: noon}, identity.Caller{UserID: owner, Role: usersapi.RoleInstructor}, nil, 21))
		require.NotRegexp(t, `Seq Scan on courses|SCAN c\n`, trash)
	})
}

// The index finds what comparing each text finds, whatever stands in a word.
func TestSearchFindsSubstringsLiterally(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, s *school) {
		titles := []string{`100% sure_thing`, `a"quoted" 'word' \ back`, "Straße İstanbul", "日本語の本", "🦉🦉🦉 owls", "NEAR(x) AND OR NOT * ^ :", "- + (", "ab", "ﬀ ligature"}
		for i, title := range titles {
			c := course{ID: ids.New(), Slug: fmt.Sprint("odd-", i), Title: title, Visibility: public, Status: published, Tags: "[]", OwnerID: s.ivo, Version: 1, CreatedAt: noon, UpdatedAt: noon}
			c.index()
			require.NoError(t, s.store.insertCourse(t.Context(), &c))
		}
		queries := append([]string{"100%", "%", "_", "_t", "ure_th", "sure thing", `"`, `"quo`, `d"`, "'word'", `\`, "STRASSE", "straße", "istanbul", "i̇stanbul", "本", "本語の", "語の本", "🦉", "🦉🦉🦉", "near(", "AND", "not", "*", "^ :", "- +",
			"(", "ff", "LIGATURE", "a", "ab", "abc", "u re", "zzz"}, titles...)
		for _, q := range queries {
			found, err := s.store.list(t.Context(), filter{Status: published, Sort: "newest", Q: q, now: noon}, identity.Caller{}, nil, 100)
			require.NoError(t, err, q)
			got := map[string]bool{}
			for _, f := range found {
				got[f.Course.Title] = true
			}
			for _, title := range titles {
				want := true
				c := course{Title: title, Tags: "[]"}
				c.index()
				for _, word := range strings.Fields(text.FoldCase(q)) {
					want = want && strings.Contains(c.SearchText, word)
				}
				require.Equal(t, want, got[title], "%q in %q", q, title)
			}
		}
	})
}

package courses_test

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
)

func TestManyAreEnrolledAtOnce(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		id := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Batch","status":"published","visibility":"private"}`).Text("id")
		path := id + "/enrollments/batch"
		a, _, tokenA := s.NewAccount("batch-a")
		b, _, _ := s.NewAccount("batch-b")
		s.WantProblem(404, "not-found", "GET", id, tokenA, nil)

		wrong := sitetest.Batch(a, "nobody@example.com", "nonsense", strings.ToUpper(a), b)
		verdict := []string{"created", "error no-account", "error invalid-email", "exists", "created"}
		dry := s.Want(200, "POST", path, admin, sitetest.With(wrong, "dry_run", true))
		require.Equal(t, verdict, sitetest.RowStatuses(t, dry))
		require.EqualValues(t, 2, dry.Get("created"))
		atomic := s.Want(200, "POST", path, admin, sitetest.With(wrong, "dry_run", false, "mode", "atomic"))
		require.Equal(t, []string{"skipped", "error no-account", "error invalid-email", "exists", "skipped"}, sitetest.RowStatuses(t, atomic))
		require.EqualValues(t, 0, atomic.Get("created"))
		s.WantProblem(404, "not-found", "GET", id, tokenA, nil)
		require.Empty(t, s.Want(200, "GET", "/admin/audit-logs?action=enrollment.created", admin, nil).Items())

		done := s.Want(200, "POST", path, admin, sitetest.With(wrong, "mode", "partial"))
		require.Equal(t, verdict, sitetest.RowStatuses(t, done))
		require.Equal(t, []any{2.0, 1.0, 2.0}, []any{done.Get("created"), done.Get("exists"), done.Get("errors")})
		require.Len(t, s.Want(200, "GET", "/admin/audit-logs?action=enrollment.created", admin, nil).Items(), 2, "an entry a row")
		s.Want(200, "GET", id, tokenA, nil)
		again := s.Want(200, "POST", path, admin, sitetest.With(wrong, "mode", "partial"))
		require.Equal(t, []string{"exists", "error no-account", "error invalid-email", "exists", "exists"}, sitetest.RowStatuses(t, again))

		for _, bad := range []any{sitetest.Batch(), `{"rows":[{"email":"x","role":"admin"}]}`, `{"rows":[{}]}`, `{"rows":null}`, `{}`, sitetest.With(sitetest.Batch(a), "mode", "half"), sitetest.Batch(make([]string, 1001)...)} {
			s.WantProblem(422, "validation-failed", "POST", path, admin, bad)
		}
		// What only stands for a CSV body's fields would make a dry run that is none.
		for _, query := range []string{"?dry_run=true", "?mode=atomic"} {
			s.WantProblem(422, "validation-failed", "POST", path+query, admin, sitetest.Batch(b))
		}
		s.Want(200, "PATCH", id, admin, `{"status":"archived"}`)
		s.WantProblem(409, "course-archived", "POST", path, admin, sitetest.Batch(b))
	})
}

func TestABatchMayBeCSV(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		path := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Table","status":"published"}`).Text("id") + "/enrollments/batch"
		email, _, _ := s.NewAccount("table")
		send := func(query, body string) sitetest.Answer {
			return s.Call("POST", path+query, admin, body, sitetest.Header{"Content-Type": "text/csv"})
		}
		table := "\uFEFFName, Email \r\n\"Doe, Jane\"," + email + "\r\nX,nobody@example.com\r\n\r\nShort\r\n"
		verdict := []string{"created", "error no-account", "error invalid-email"}
		require.Equal(t, verdict, sitetest.RowStatuses(t, send("?dry_run=true", table)))
		require.Equal(t, "skipped", sitetest.RowStatuses(t, send("?mode=atomic&dry_run=false", table))[0])
		require.Equal(t, verdict, sitetest.RowStatuses(t, send("", table)))
		for query, body := range map[string]string{"": "name\nx\n", "?mode=half": table, "?dry_run=yes": table, "?": "email\n", "?x": "email\n\x00\n"} {
			a := send(query, body)
			require.Equal(t, 422, a.Status, "%s %q: %s", query, body, a.Raw)
		}
		for _, body := range []string{"email\n\"x\n", "email\n\xff\n", "\n"} {
			require.Equal(t, 400, send("", body).Status, "%q", body)
		}
		require.Equal(t, 415, s.Call("POST", path, admin, table, sitetest.Header{"Content-Type": "text/plain"}).Status)
		require.Equal(t, 413, send("", "email\n"+strings.Repeat("x", 1<<20)).Status)
		require.Equal(t, 422, send("", "email\n"+strings.Repeat("x\n", 1001)).Status)
	})
}

// Both batches take tables as programs write them. Rows without text are none, and don't count.
func TestBatchesTakeTablesOfEveryProgram(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		jane, _, _ := s.NewAccount("jane-of-tables")
		course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Tables","status":"published"}`).Text("id")
		utf16le := "\xff\xfe"
		for _, r := range "Name\tEmail\r\n\t\r\nDoe\t" + jane + "\r\nX\tnothing\r\n" {
			utf16le += string([]byte{byte(r), byte(r >> 8)})
		}
		for name, table := range map[string]string{
			"semicolons": "\"Nachname, Vorname\";email\r\n;;\r\n\"Doe, Jane\";" + jane + ";\r\n\r\nX;nothing\r\n", "CR": "email\r" + jane + "\rnothing\r", "sep=": "sep=;\na;email\n1;" + jane + "\n2;nothing\n",
			"UTF-16": utf16le, "names": "email\nDoe, Jane <" + jane + ">\nnothing\n", "quoted names": "email\n\"Doe, Jane\" <" + jane + ">\nnothing\n", "links": "email\nmailto:" + jane + "\nnothing\n",
			"list": "email\n" + jane + "; nothing\n", "list of names": "email\nDoe, Jane <" + jane + ">; nothing\n\x1a", "sep= saved again": "\"sep=;\";\na;email\n1;" + jane + "\n2;nothing\n",
			"quotes behind spaces": "a, \"email\"\n1, \"" + jane + "\"\n2, \"nothing\"\n", "text formulas": "email\n=\"" + jane + "\"\n=\"nothing\"\n",
		} {
			for _, path := range []string{course + "/enrollments/batch?dry_run=true", "/admin/invites/batch?dry_run=true&role_to_grant=member"} {
				a := s.Want(200, "POST", path, admin, table, sitetest.Header{"Content-Type": "text/csv"})
				require.Len(t, a.Get("results"), 2, "%s: %s", name, a.Raw)
				require.Equal(t, []any{1.0, jane, "created"}, []any{a.Get("results.0.row"), a.Get("results.0.email"), a.Get("results.0.status")}, "%s: %s", name, a.Raw)
				require.Equal(t, []any{2.0, "nothing", "invalid-email"}, []any{a.Get("results.1.row"), a.Get("results.1.email"), a.Get("results.1.error")}, "%s: %s", name, a.Raw)
				s.WantProblem(422, "validation-failed", "POST", path, admin, "email;Email\nx;y\n", sitetest.Header{"Content-Type": "text/csv"})
			}
		}
		s.Want(200, "POST", course+"/enrollments/batch?dry_run=true", admin, utf16le, sitetest.Header{"Content-Type": "text/csv; charset=UTF-16"})
		require.Equal(t, 415, s.Call("POST", course+"/enrollments/batch", admin, "email\nx\n", sitetest.Header{"Content-Type": "text/csv; charset=koi8-r"}).Status)
		// A list that the server wrote goes in again as it is.
		s.Want(200, "POST", course+"/enrollments/batch", admin, sitetest.Batch(jane))
		list := s.Want(200, "GET", course+"/learners", admin, nil, sitetest.Header{"Accept": "text/csv"})
		again := s.Want(200, "POST", course+"/enrollments/batch", admin, string(list.Raw), sitetest.Header{"Content-Type": "text/csv"})
		require.Equal(t, []any{1.0, 0.0}, []any{again.Get("exists"), again.Get("errors")})
	})
}

// Sent again with its key, a batch answers as it did, with what has changed since left as it is.
func TestABatchIsDoneOnce(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Once","status":"published"}`).Text("id")
	email, _, token := s.NewAccount("batch-once")
	key := sitetest.Header{"Idempotency-Key": "batch-1", "Content-Type": "text/csv"}
	first := s.Want(200, "POST", course+"/enrollments/batch", admin, "email\n"+email+"\n", key)
	s.Want(204, "DELETE", course+"/enrollment", token, nil)
	again := s.Want(200, "POST", course+"/enrollments/batch", admin, "email\n"+email+"\n", key)
	require.Equal(t, first.Raw, again.Raw)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Empty(t, s.Want(200, "GET", "/users/me/enrollments", token, nil).Items())
	s.WantProblem(422, "idempotency-key-reused", "POST", course+"/enrollments/batch?mode=atomic", admin, "email\n"+email+"\n", key)
}

func TestTeachersSeeWhoLearns(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		c := s.NewCast()
		id := "/courses/" + s.Want(201, "POST", "/courses", c.Instructor, `{"title":"Class","status":"published"}`).Text("id")
		one := s.Want(201, "POST", id+"/lessons", c.Instructor, `{"title":"1"}`).Text("id")
		s.Want(201, "POST", id+"/lessons", c.Instructor, `{"title":"2"}`)
		for i := range 5 {
			_, _, token := s.NewAccount(fmt.Sprint("class-", i))
			s.Want(201, "POST", id+"/enrollment", token, nil)
			if i < 2 {
				s.Want(200, "PUT", id+"/lessons/"+one+"/progress", token, `{"percent":100}`)
			}
		}
		s.WantProblem(403, "forbidden", "GET", id+"/learners", c.Member, nil)
		var seen []string
		for cursor := ""; ; {
			page := s.Want(200, "GET", id+"/learners?limit=2"+cursor, c.Instructor, nil)
			for _, item := range page.Items() {
				l := item.(map[string]any)
				email := l["user"].(map[string]any)["email"].(string)
				begun := email < "class-2"
				require.Equal(t, []any{map[bool]float64{true: 50}[begun], map[bool]float64{true: 1}[begun], begun, nil},
					[]any{l["percent"], l["completed_lessons"], l["last_activity_at"] != nil, l["completed_at"]}, email)
				seen = append(seen, email)
			}
			if page.Get("next_cursor") == nil {
				break
			}
			cursor = "&cursor=" + page.Text("next_cursor")
		}
		require.Equal(t, []string{"class-0@example.com", "class-1@example.com", "class-2@example.com", "class-3@example.com", "class-4@example.com"}, seen)
		table := s.Want(200, "GET", id+"/learners?limit=2", c.Instructor, nil, sitetest.Header{"Accept": "text/csv"})
		require.Equal(t, "Accept", table.Header.Get("Vary"))
		text, marked := strings.CutPrefix(string(table.Raw), "\ufeff")
		require.True(t, marked)
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 6, "all of them, whatever the page")
		require.Equal(t, []string{"user_id", "display_name", "email", "percent", "completed_lessons", "enrolled_at", "last_activity_at", "completed_at"}, rows[0])
		require.Equal(t, []string{"class-0", "class-0@example.com", "50", "1"}, rows[1][1:5])
		list := s.Want(200, "GET", id+"/learners", c.Instructor, nil, sitetest.Header{"Accept": "application/json, text/csv;q=0.5"})
		require.Equal(t, []string{"application/json", "Accept"}, []string{list.Header.Get("Content-Type"), list.Header.Get("Vary")})
	})
}

func TestACourseIsCloned(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		c := s.NewCast()
		from := s.Want(201, "POST", "/courses", c.Instructor, `{"title":"Source","summary":"S","description":"D","tags":["a","b"],"visibility":"member","status":"published"}`)
		id := "/courses/" + from.Text("id")
		one := s.Want(201, "POST", id+"/lessons", c.Instructor, `{"title":"1","content":"**x**","duration_seconds":9}`).Text("id")
		s.Want(201, "POST", id+"/lessons", c.Instructor, map[string]any{"title": "2", "prerequisite_ids": []string{one}, "available_from": "2030-01-31T12:00:00Z", "available_after_days": 3})
		s.Want(201, "POST", id+"/enrollment", c.Member, nil)
		copied := s.Want(201, "POST", id+"/clone", c.Instructor, `{"title":"Copy","shift_days":-31}`)
		require.Equal(t, "/courses/"+copied.Text("id"), copied.Header.Get("Location"))
		require.Equal(t, []any{"copy", "Copy", "S", "D", "member", "draft", []any{"a", "b"}, nil, 2.0},
			[]any{copied.Get("slug"), copied.Get("title"), copied.Get("summary"), copied.Get("description"), copied.Get("visibility"), copied.Get("status"), copied.Get("tags"), copied.Get("published_at"), copied.Get("lesson_count")})
		first, second := copied.Get("lessons.0").(map[string]any), copied.Get("lessons.1").(map[string]any)
		require.NotEqual(t, one, first["id"])
		require.Equal(t, []any{first["id"]}, second["prerequisite_ids"])
		require.Equal(t, "2029-12-31T12:00:00.000Z", second["available_from"])
		require.EqualValues(t, 3, second["available_after_days"])
		require.Equal(t, "<p><strong>x</strong></p>\n", s.Want(200, "GET", copied.Header.Get("Location")+"/lessons/"+first["id"].(string), c.Instructor, nil).Text("content_html"))
		require.Empty(t, s.Want(200, "GET", copied.Header.Get("Location")+"/learners", c.Instructor, nil).Items())
		entry := s.Want(200, "GET", "/admin/audit-logs?action=course.created&target_id="+copied.Text("id"), c.Admin, nil)
		require.Equal(t, "clone", entry.Text("items.0.data.source"))
		require.Equal(t, "source-2", s.Want(201, "POST", id+"/clone", c.Instructor, nil).Text("slug"))
		require.Equal(t, from.Text("owner.id"), copied.Text("owner.id"))
		require.NotEqual(t, from.Text("owner.id"), s.Want(201, "POST", id+"/clone", c.Admin, `{}`).Text("owner.id"))
		s.WantProblem(409, "slug-taken", "POST", id+"/clone", c.Instructor, `{"slug":"source"}`)
		s.WantProblem(422, "validation-failed", "POST", id+"/clone", c.Instructor, `{"shift_days":-36500}`)
		s.WantProblem(422, "validation-failed", "POST", id+"/clone", c.Instructor, `{"shift_days":36501}`)
		for _, zone := range []string{"Mars/Phobos", "Local", "", "../UTC"} {
			refusal := s.WantProblem(422, "validation-failed", "POST", id+"/clone", c.Instructor, map[string]any{"shift_days": 1, "time_zone": zone})
			require.Equal(t, "body.time_zone", refusal.Text("errors.0.location"), zone)
		}
		s.WantProblem(403, "forbidden", "POST", id+"/clone", c.Member, nil)
	})
}

func TestTheTrashGivesBackForThirtyDays(t *testing.T) {
	sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
		c := s.NewCast()
		made := s.Want(201, "POST", "/courses", c.Instructor, `{"title":"Trash","status":"published"}`)
		id := "/courses/" + made.Text("id")
		lesson := s.Want(201, "POST", id+"/lessons", c.Instructor, `{"title":"1"}`).Text("id")
		s.Want(200, "PUT", id+"/lessons/"+lesson+"/progress", c.User, `{"percent":40}`)
		s.Want(200, "POST", id+"/restore", c.Instructor, nil)
		s.Want(204, "DELETE", id, c.Instructor, nil)
		s.WantProblem(404, "not-found", "GET", id, c.Instructor, nil)
		s.WantProblem(404, "not-found", "PUT", id+"/lessons/"+lesson+"/progress", c.User, `{"percent":50}`)
		require.Empty(t, s.Want(200, "GET", "/users/me/progress", c.User, nil).Items())
		s.Want(201, "POST", "/courses", c.Admin, `{"title":"Trash"}`)
		listed := s.Want(200, "GET", "/courses?status=deleted", c.Instructor, nil)
		require.NotEmpty(t, listed.Text("items.0.deleted_at"))
		require.Empty(t, s.Want(200, "GET", "/courses?status=deleted", c.Member, nil).Items())
		s.WantProblem(403, "forbidden", "POST", id+"/restore", c.User, nil)
		back := s.Want(200, "POST", id+"/restore", c.Instructor, nil)
		require.Equal(t, []any{"trash-2", "published", nil}, []any{back.Get("slug"), back.Get("status"), back.Get("deleted_at")})
		require.EqualValues(t, 40, s.Want(200, "GET", id+"/progress", c.User, nil).Get("percent"))
		require.Len(t, s.Want(200, "GET", "/admin/audit-logs?action=course.restored", c.Admin, nil).Items(), 1)

		s.Want(204, "DELETE", id, c.Instructor, nil)
		_, err := d.Exec(t.Context(), "UPDATE courses SET deleted_at = deleted_at - ? WHERE id = ?", (30 * 24 * time.Hour).Milliseconds(), made.Text("id"))
		require.NoError(t, err)
		s.WantProblem(404, "not-found", "POST", id+"/restore", c.Instructor, nil)
		require.Empty(t, s.Want(200, "GET", "/courses?status=deleted", c.Instructor, nil).Items())
		require.Eventually(t, func() bool {
			var n int
			require.NoError(t, d.QueryRow(t.Context(), "SELECT count(*) FROM courses WHERE id = ?", []any{made.Text("id")}, &n))
			return n == 0
		}, 40*time.Second, 100*time.Millisecond, "the trash is emptied by itself")
		require.EqualValues(t, true, s.Want(200, "GET", "/admin/audit-logs?action=course.deleted", c.Admin, nil).Get("items.0.data.purged"))
	})
}

// With a zone, the lessons of a copy open at the same time of day, though the clocks have changed meanwhile.
func TestACopyKeepsTheTimeOfDay(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Clocks"}`).Text("id")
		s.Want(201, "POST", course+"/lessons", admin, `{"title":"One","available_from":"2026-03-20T08:00:00Z"}`)
		for zone, want := range map[string]string{"Europe/Berlin": "2026-04-03T07:00:00.000Z", "Asia/Tokyo": "2026-04-03T08:00:00.000Z", "UTC": "2026-04-03T08:00:00.000Z"} {
			copied := s.Want(201, "POST", course+"/clone", admin, map[string]any{"shift_days": 14, "time_zone": zone})
			require.Equal(t, want, copied.Text("lessons.0.available_from"), zone)
		}
		require.Equal(t, "2026-04-03T08:00:00.000Z", s.Want(201, "POST", course+"/clone", admin, `{"shift_days":14}`).Text("lessons.0.available_from"))
	})
}

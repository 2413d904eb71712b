package main

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
)

// rowsOf are the statuses and errors of a batch's rows in order.
func rowsOf(t *testing.T, a answer) (out []string) {
	t.Helper()
	for i, r := range a.get("results").([]any) {
		row := r.(map[string]any)
		require.EqualValues(t, i+1, row["row"])
		status := row["status"].(string)
		if row["error"] != nil {
			status += " " + row["error"].(string)
		}
		out = append(out, status)
	}
	return out
}

func batchOf(emails ...string) map[string]any {
	rows := make([]map[string]string, len(emails))
	for i, e := range emails {
		rows[i] = map[string]string{"email": e}
	}
	return map[string]any{"rows": rows}
}

func plus(body map[string]any, more ...any) map[string]any {
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return body
}

func TestManyAreEnrolledAtOnce(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		id := "/courses/" + s.want(201, "POST", "/courses", admin, `{"title":"Batch","status":"published","visibility":"private"}`).str("id")
		path := id + "/enrollments/batch"
		a, _, tokenA := s.newcomer("batch-a")
		b, _, _ := s.newcomer("batch-b")
		s.refused(404, "not-found", "GET", id, tokenA, nil)

		wrong := batchOf(a, "nobody@example.com", "nonsense", strings.ToUpper(a), b)
		verdict := []string{"created", "error no-account", "error invalid-email", "exists", "created"}
		dry := s.want(200, "POST", path, admin, plus(wrong, "dry_run", true))
		require.Equal(t, verdict, rowsOf(t, dry))
		require.EqualValues(t, 2, dry.get("created"))
		atomic := s.want(200, "POST", path, admin, plus(wrong, "dry_run", false, "mode", "atomic"))
		require.Equal(t, []string{"skipped", "error no-account", "error invalid-email", "exists", "skipped"}, rowsOf(t, atomic))
		require.EqualValues(t, 0, atomic.get("created"))
		s.refused(404, "not-found", "GET", id, tokenA, nil)
		require.Empty(t, s.want(200, "GET", "/admin/audit-logs?action=enrollment.created", admin, nil).items())

		done := s.want(200, "POST", path, admin, plus(wrong, "mode", "partial"))
		require.Equal(t, verdict, rowsOf(t, done))
		require.Equal(t, []any{2.0, 1.0, 2.0}, []any{done.get("created"), done.get("exists"), done.get("errors")})
		require.Len(t, s.want(200, "GET", "/admin/audit-logs?action=enrollment.created", admin, nil).items(), 2, "an entry a row")
		s.want(200, "GET", id, tokenA, nil)
		again := s.want(200, "POST", path, admin, plus(wrong, "mode", "partial"))
		require.Equal(t, []string{"exists", "error no-account", "error invalid-email", "exists", "exists"}, rowsOf(t, again))

		for _, bad := range []any{batchOf(), `{"rows":[{"email":"x","role":"admin"}]}`, `{"rows":[{}]}`, `{"rows":null}`, `{}`, plus(batchOf(a), "mode", "half"), batchOf(make([]string, 1001)...)} {
			s.refused(422, "validation-failed", "POST", path, admin, bad)
		}
		// What only stands for a CSV body's fields would make a dry run that is none.
		for _, query := range []string{"?dry_run=true", "?mode=atomic"} {
			s.refused(422, "validation-failed", "POST", path+query, admin, batchOf(b))
		}
		s.want(200, "PATCH", id, admin, `{"status":"archived"}`)
		s.refused(409, "course-archived", "POST", path, admin, batchOf(b))
	})
}

func TestABatchMayBeCSV(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		path := "/courses/" + s.want(201, "POST", "/courses", admin, `{"title":"Table","status":"published"}`).str("id") + "/enrollments/batch"
		email, _, _ := s.newcomer("table")
		send := func(query, body string) answer {
			return s.call("POST", path+query, admin, body, header{"Content-Type": "text/csv"})
		}
		table := "\uFEFFName, Email \r\n\"Doe, Jane\"," + email + "\r\nX,nobody@example.com\r\n\r\nShort\r\n"
		verdict := []string{"created", "error no-account", "error invalid-email"}
		require.Equal(t, verdict, rowsOf(t, send("?dry_run=true", table)))
		require.Equal(t, "skipped", rowsOf(t, send("?mode=atomic&dry_run=false", table))[0])
		require.Equal(t, verdict, rowsOf(t, send("", table)))
		for query, body := range map[string]string{"": "name\nx\n", "?mode=half": table, "?dry_run=yes": table, "?": "email\n", "?x": "email\n\x00\n"} {
			a := send(query, body)
			require.Equal(t, 422, a.Status, "%s %q: %s", query, body, a.Raw)
		}
		for _, body := range []string{"email\n\"x\n", "email\n\xff\n", "\n"} {
			require.Equal(t, 400, send("", body).Status, "%q", body)
		}
		require.Equal(t, 415, s.call("POST", path, admin, table, header{"Content-Type": "text/plain"}).Status)
		require.Equal(t, 413, send("", "email\n"+strings.Repeat("x", 1<<20)).Status)
		require.Equal(t, 422, send("", "email\n"+strings.Repeat("x\n", 1001)).Status)
	})
}

// Both batches take tables as programs write them. Rows without text are none, and don't count.
func TestBatchesTakeTablesOfEveryProgram(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		jane, _, _ := s.newcomer("jane-of-tables")
		course := "/courses/" + s.want(201, "POST", "/courses", admin, `{"title":"Tables","status":"published"}`).str("id")
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
				a := s.want(200, "POST", path, admin, table, header{"Content-Type": "text/csv"})
				require.Len(t, a.get("results"), 2, "%s: %s", name, a.Raw)
				require.Equal(t, []any{1.0, jane, "created"}, []any{a.get("results.0.row"), a.get("results.0.email"), a.get("results.0.status")}, "%s: %s", name, a.Raw)
				require.Equal(t, []any{2.0, "nothing", "invalid-email"}, []any{a.get("results.1.row"), a.get("results.1.email"), a.get("results.1.error")}, "%s: %s", name, a.Raw)
				s.refused(422, "validation-failed", "POST", path, admin, "email;Email\nx;y\n", header{"Content-Type": "text/csv"})
			}
		}
		s.want(200, "POST", course+"/enrollments/batch?dry_run=true", admin, utf16le, header{"Content-Type": "text/csv; charset=UTF-16"})
		require.Equal(t, 415, s.call("POST", course+"/enrollments/batch", admin, "email\nx\n", header{"Content-Type": "text/csv; charset=koi8-r"}).Status)
		// A list that the server wrote goes in again as it is.
		s.want(200, "POST", course+"/enrollments/batch", admin, batchOf(jane))
		list := s.want(200, "GET", course+"/learners", admin, nil, header{"Accept": "text/csv"})
		again := s.want(200, "POST", course+"/enrollments/batch", admin, string(list.Raw), header{"Content-Type": "text/csv"})
		require.Equal(t, []any{1.0, 0.0}, []any{again.get("exists"), again.get("errors")})
	})
}

// Sent again with its key, a batch answers as it did, with what has changed since left as it is.
func TestABatchIsDoneOnce(t *testing.T) {
	t.Parallel()
	s := serveSite(t, nil)
	admin := s.admin()
	course := "/courses/" + s.want(201, "POST", "/courses", admin, `{"title":"Once","status":"published"}`).str("id")
	email, _, token := s.newcomer("batch-once")
	key := header{"Idempotency-Key": "batch-1", "Content-Type": "text/csv"}
	first := s.want(200, "POST", course+"/enrollments/batch", admin, "email\n"+email+"\n", key)
	s.want(204, "DELETE", course+"/enrollment", token, nil)
	again := s.want(200, "POST", course+"/enrollments/batch", admin, "email\n"+email+"\n", key)
	require.Equal(t, first.Raw, again.Raw)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Empty(t, s.want(200, "GET", "/users/me/enrollments", token, nil).items())
	s.refused(422, "idempotency-key-reused", "POST", course+"/enrollments/batch?mode=atomic", admin, "email\n"+email+"\n", key)
}

func TestTeachersSeeWhoLearns(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		c := s.cast()
		id := "/courses/" + s.want(201, "POST", "/courses", c.instructor, `{"title":"Class","status":"published"}`).str("id")
		one := s.want(201, "POST", id+"/lessons", c.instructor, `{"title":"1"}`).str("id")
		s.want(201, "POST", id+"/lessons", c.instructor, `{"title":"2"}`)
		for i := range 5 {
			_, _, token := s.newcomer(fmt.Sprint("class-", i))
			s.want(201, "POST", id+"/enrollment", token, nil)
			if i < 2 {
				s.want(200, "PUT", id+"/lessons/"+one+"/progress", token, `{"percent":100}`)
			}
		}
		s.refused(403, "forbidden", "GET", id+"/learners", c.member, nil)
		var seen []string
		for cursor := ""; ; {
			page := s.want(200, "GET", id+"/learners?limit=2"+cursor, c.instructor, nil)
			for _, item := range page.items() {
				l := item.(map[string]any)
				email := l["user"].(map[string]any)["email"].(string)
				begun := email < "class-2"
				require.Equal(t, []any{map[bool]float64{true: 50}[begun], map[bool]float64{true: 1}[begun], begun, nil},
					[]any{l["percent"], l["completed_lessons"], l["last_activity_at"] != nil, l["completed_at"]}, email)
				seen = append(seen, email)
			}
			if page.get("next_cursor") == nil {
				break
			}
			cursor = "&cursor=" + page.str("next_cursor")
		}
		require.Equal(t, []string{"class-0@example.com", "class-1@example.com", "class-2@example.com", "class-3@example.com", "class-4@example.com"}, seen)
		table := s.want(200, "GET", id+"/learners?limit=2", c.instructor, nil, header{"Accept": "text/csv"})
		require.Equal(t, "Accept", table.Header.Get("Vary"))
		text, marked := strings.CutPrefix(string(table.Raw), "\ufeff")
		require.True(t, marked)
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 6, "all of them, whatever the page")
		require.Equal(t, []string{"user_id", "display_name", "email", "percent", "completed_lessons", "enrolled_at", "last_activity_at", "completed_at"}, rows[0])
		require.Equal(t, []string{"class-0", "class-0@example.com", "50", "1"}, rows[1][1:5])
		list := s.want(200, "GET", id+"/learners", c.instructor, nil, header{"Accept": "application/json, text/csv;q=0.5"})
		require.Equal(t, []string{"application/json", "Accept"}, []string{list.Header.Get("Content-Type"), list.Header.Get("Vary")})
	})
}

func TestACourseIsCloned(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		c := s.cast()
		from := s.want(201, "POST", "/courses", c.instructor, `{"title":"Source","summary":"S","description":"D","tags":["a","b"],"visibility":"member","status":"published"}`)
		id := "/courses/" + from.str("id")
		one := s.want(201, "POST", id+"/lessons", c.instructor, `{"title":"1","content":"**x**","duration_seconds":9}`).str("id")
		s.want(201, "POST", id+"/lessons", c.instructor, map[string]any{"title": "2", "prerequisite_ids": []string{one}, "available_from": "2030-01-31T12:00:00Z", "available_after_days": 3})
		s.want(201, "POST", id+"/enrollment", c.member, nil)
		copied := s.want(201, "POST", id+"/clone", c.instructor, `{"title":"Copy","shift_days":-31}`)
		require.Equal(t, "/courses/"+copied.str("id"), copied.Header.Get("Location"))
		require.Equal(t, []any{"copy", "Copy", "S", "D", "member", "draft", []any{"a", "b"}, nil, 2.0},
			[]any{copied.get("slug"), copied.get("title"), copied.get("summary"), copied.get("description"), copied.get("visibility"), copied.get("status"), copied.get("tags"), copied.get("published_at"), copied.get("lesson_count")})
		first, second := copied.get("lessons.0").(map[string]any), copied.get("lessons.1").(map[string]any)
		require.NotEqual(t, one, first["id"])
		require.Equal(t, []any{first["id"]}, second["prerequisite_ids"])
		require.Equal(t, "2029-12-31T12:00:00.000Z", second["available_from"])
		require.EqualValues(t, 3, second["available_after_days"])
		require.Equal(t, "<p><strong>x</strong></p>\n", s.want(200, "GET", copied.Header.Get("Location")+"/lessons/"+first["id"].(string), c.instructor, nil).str("content_html"))
		require.Empty(t, s.want(200, "GET", copied.Header.Get("Location")+"/learners", c.instructor, nil).items())
		entry := s.want(200, "GET", "/admin/audit-logs?action=course.created&target_id="+copied.str("id"), c.admin, nil)
		require.Equal(t, "clone", entry.str("items.0.data.source"))
		require.Equal(t, "source-2", s.want(201, "POST", id+"/clone", c.instructor, nil).str("slug"))
		require.Equal(t, from.str("owner.id"), copied.str("owner.id"))
		require.NotEqual(t, from.str("owner.id"), s.want(201, "POST", id+"/clone", c.admin, `{}`).str("owner.id"))
		s.refused(409, "slug-taken", "POST", id+"/clone", c.instructor, `{"slug":"source"}`)
		s.refused(422, "validation-failed", "POST", id+"/clone", c.instructor, `{"shift_days":-36500}`)
		s.refused(422, "validation-failed", "POST", id+"/clone", c.instructor, `{"shift_days":36501}`)
		for _, zone := range []string{"Mars/Phobos", "Local", "", "../UTC"} {
			refusal := s.refused(422, "validation-failed", "POST", id+"/clone", c.instructor, map[string]any{"shift_days": 1, "time_zone": zone})
			require.Equal(t, "body.time_zone", refusal.str("errors.0.location"), zone)
		}
		s.refused(403, "forbidden", "POST", id+"/clone", c.member, nil)
	})
}

func TestTheTrashGivesBackForThirtyDays(t *testing.T) {
	kindsInside(t, func(t *testing.T, s *site, d *db.DB) {
		c := s.cast()
		made := s.want(201, "POST", "/courses", c.instructor, `{"title":"Trash","status":"published"}`)
		id := "/courses/" + made.str("id")
		lesson := s.want(201, "POST", id+"/lessons", c.instructor, `{"title":"1"}`).str("id")
		s.want(200, "PUT", id+"/lessons/"+lesson+"/progress", c.user, `{"percent":40}`)
		s.want(200, "POST", id+"/restore", c.instructor, nil)
		s.want(204, "DELETE", id, c.instructor, nil)
		s.refused(404, "not-found", "GET", id, c.instructor, nil)
		s.refused(404, "not-found", "PUT", id+"/lessons/"+lesson+"/progress", c.user, `{"percent":50}`)
		require.Empty(t, s.want(200, "GET", "/users/me/progress", c.user, nil).items())
		s.want(201, "POST", "/courses", c.admin, `{"title":"Trash"}`)
		listed := s.want(200, "GET", "/courses?status=deleted", c.instructor, nil)
		require.NotEmpty(t, listed.str("items.0.deleted_at"))
		require.Empty(t, s.want(200, "GET", "/courses?status=deleted", c.member, nil).items())
		s.refused(403, "forbidden", "POST", id+"/restore", c.user, nil)
		back := s.want(200, "POST", id+"/restore", c.instructor, nil)
		require.Equal(t, []any{"trash-2", "published", nil}, []any{back.get("slug"), back.get("status"), back.get("deleted_at")})
		require.EqualValues(t, 40, s.want(200, "GET", id+"/progress", c.user, nil).get("percent"))
		require.Len(t, s.want(200, "GET", "/admin/audit-logs?action=course.restored", c.admin, nil).items(), 1)

		s.want(204, "DELETE", id, c.instructor, nil)
		_, err := d.Exec(t.Context(), "UPDATE courses SET deleted_at = deleted_at - ? WHERE id = ?", (30 * 24 * time.Hour).Milliseconds(), made.str("id"))
		require.NoError(t, err)
		s.refused(404, "not-found", "POST", id+"/restore", c.instructor, nil)
		require.Empty(t, s.want(200, "GET", "/courses?status=deleted", c.instructor, nil).items())
		require.Eventually(t, func() bool {
			var n int
			require.NoError(t, d.QueryRow(t.Context(), "SELECT count(*) FROM courses WHERE id = ?", []any{made.str("id")}, &n))
			return n == 0
		}, 40*time.Second, 100*time.Millisecond, "the trash is emptied by itself")
		require.EqualValues(t, true, s.want(200, "GET", "/admin/audit-logs?action=course.deleted", c.admin, nil).get("items.0.data.purged"))
	})
}

// With a zone, the lessons of a copy open at the same time of day, though the clocks have changed meanwhile.
func TestACopyKeepsTheTimeOfDay(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		course := "/courses/" + s.want(201, "POST", "/courses", admin, `{"title":"Clocks"}`).str("id")
		s.want(201, "POST", course+"/lessons", admin, `{"title":"One","available_from":"2026-03-20T08:00:00Z"}`)
		for zone, want := range map[string]string{"Europe/Berlin": "2026-04-03T07:00:00.000Z", "Asia/Tokyo": "2026-04-03T08:00:00.000Z", "UTC": "2026-04-03T08:00:00.000Z"} {
			copied := s.want(201, "POST", course+"/clone", admin, map[string]any{"shift_days": 14, "time_zone": zone})
			require.Equal(t, want, copied.str("lessons.0.available_from"), zone)
		}
		require.Equal(t, "2026-04-03T08:00:00.000Z", s.want(201, "POST", course+"/clone", admin, `{"shift_days":14}`).str("lessons.0.available_from"))
	})
}

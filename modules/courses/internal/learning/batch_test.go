package learning_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

func TestEnrollBatch(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		id := "/courses/" + s.Want(201, "POST", "/courses", admin,
			`{"title":"Batch","status":"published","visibility":"private"}`).Text("id")
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
		require.Equal(t, []string{"skipped", "error no-account", "error invalid-email", "exists", "skipped"},
			sitetest.RowStatuses(t, atomic))
		require.EqualValues(t, 0, atomic.Get("created"))
		s.WantProblem(404, "not-found", "GET", id, tokenA, nil)
		require.Empty(t, s.Want(200, "GET", "/admin/audit-logs?action=enrollment.created", admin, nil).Items())

		done := s.Want(200, "POST", path, admin, sitetest.With(wrong, "mode", "partial"))
		require.Equal(t, verdict, sitetest.RowStatuses(t, done))
		require.Equal(t, []any{2.0, 1.0, 2.0}, []any{done.Get("created"), done.Get("exists"), done.Get("errors")})
		require.Len(t, s.Want(200, "GET", "/admin/audit-logs?action=enrollment.created", admin, nil).Items(), 2,
			"an entry a row")
		s.Want(200, "GET", id, tokenA, nil)
		again := s.Want(200, "POST", path, admin, sitetest.With(wrong, "mode", "partial"))
		require.Equal(t, []string{"exists", "error no-account", "error invalid-email", "exists", "exists"},
			sitetest.RowStatuses(t, again))

		for _, bad := range []any{
			sitetest.Batch(), `{"rows":[{"email":"x","role":"admin"}]}`, `{"rows":[{}]}`, `{"rows":null}`, `{}`,
			sitetest.With(sitetest.Batch(a), "mode", "half"), sitetest.Batch(make([]string, 1001)...),
		} {
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

func TestEnrollBatchAsCSV(t *testing.T) {
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
		for query, body := range map[string]string{
			"": "name\nx\n", "?mode=half": table, "?dry_run=yes": table, "?": "email\n", "?x": "email\n\x00\n",
		} {
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
func TestEnrollBatchTakesTablesOfEveryProgram(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		jane, _, _ := s.NewAccount("jane-of-tables")
		course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Tables","status":"published"}`).Text("id")
		utf16le := "\xff\xfe"
		for _, r := range "Name\tEmail\r\n\t\r\nDoe\t" + jane + "\r\nX\tnothing\r\n" {
			utf16le += string([]byte{byte(r), byte(r >> 8)})
		}
		for name, table := range map[string]string{
			"semicolons": "\"Nachname, Vorname\";email\r\n;;\r\n\"Doe, Jane\";" + jane + ";\r\n\r\nX;nothing\r\n",
			"CR":         "email\r" + jane + "\rnothing\r", "sep=": "sep=;\na;email\n1;" + jane + "\n2;nothing\n",
			"UTF-16": utf16le, "names": "email\nDoe, Jane <" + jane + ">\nnothing\n",
			"quoted names":         "email\n\"Doe, Jane\" <" + jane + ">\nnothing\n",
			"links":                "email\nmailto:" + jane + "\nnothing\n",
			"list":                 "email\n" + jane + "; nothing\n",
			"list of names":        "email\nDoe, Jane <" + jane + ">; nothing\n\x1a",
			"sep= saved again":     "\"sep=;\";\na;email\n1;" + jane + "\n2;nothing\n",
			"quotes behind spaces": "a, \"email\"\n1, \"" + jane + "\"\n2, \"nothing\"\n",
			"text formulas":        "email\n=\"" + jane + "\"\n=\"nothing\"\n",
		} {
			for _, path := range []string{
				course + "/enrollments/batch?dry_run=true",
				"/admin/invites/batch?dry_run=true&role_to_grant=member",
			} {
				a := s.Want(200, "POST", path, admin, table, sitetest.Header{"Content-Type": "text/csv"})
				require.Len(t, a.Get("results"), 2, "%s: %s", name, a.Raw)
				require.Equal(t, []any{1.0, jane, "created"},
					[]any{a.Get("results.0.row"), a.Get("results.0.email"), a.Get("results.0.status")}, "%s: %s",
					name, a.Raw)
				require.Equal(t, []any{2.0, "nothing", "invalid-email"},
					[]any{a.Get("results.1.row"), a.Get("results.1.email"), a.Get("results.1.error")}, "%s: %s",
					name, a.Raw)
				s.WantProblem(422, "validation-failed", "POST", path, admin, "email;Email\nx;y\n",
					sitetest.Header{"Content-Type": "text/csv"})
			}
		}
		s.Want(200, "POST", course+"/enrollments/batch?dry_run=true", admin, utf16le,
			sitetest.Header{"Content-Type": "text/csv; charset=UTF-16"})
		require.Equal(t, 415,
			s.Call("POST", course+"/enrollments/batch", admin, "email\nx\n",
				sitetest.Header{"Content-Type": "text/csv; charset=koi8-r"}).Status)
		// A list that the server wrote goes in again as it is.
		s.Want(200, "POST", course+"/enrollments/batch", admin, sitetest.Batch(jane))
		list := s.Want(200, "GET", course+"/learners", admin, nil, sitetest.Header{"Accept": "text/csv"})
		again := s.Want(200, "POST", course+"/enrollments/batch", admin, string(list.Raw),
			sitetest.Header{"Content-Type": "text/csv"})
		require.Equal(t, []any{1.0, 0.0}, []any{again.Get("exists"), again.Get("errors")})
	})
}

// Sent again with its key, a batch answers as it did, with what has changed since left as it is.
func TestEnrollBatchIsIdempotent(t *testing.T) {
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
	s.WantProblem(422, "idempotency-key-reused", "POST", course+"/enrollments/batch?mode=atomic", admin,
		"email\n"+email+"\n", key)
}

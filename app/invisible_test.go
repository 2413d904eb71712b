package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// V3, V9: nothing that nobody sees makes two addresses, names, titles or keys that look alike.
func TestInvisibleCharacters(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		_, id, token := s.NewAccount("bob")
		course := s.Want(201, "POST", "/courses", admin, `{"title":"Seen"}`).Text("id")
		for _, r := range []rune{
			'\u200B', '\u00AD', '\uFEFF', '\u2060', '\u3164', '\u034F', '\u2800', '\u200D', '\u180E', '\U000E0041',
		} {
			name := fmt.Sprintf("%U", r)
			requireOneAddress(s, admin, course, name, r)
			requireOneTitle(s, invisibleWriter{admin, token, id, course}, name, r)
		}
		s.WantProblem(422, "validation-failed", "POST", "/storage/uploads", admin,
			map[string]any{"key": "a\u00a0b", "content_type": "text/plain", "size": 1})

		// The full lower case of U+0130 is not a plain i.
		s.NewAccount("ixd")
		dotted := s.Want(201, "POST", "/auth/register", "", sitetest.Credentials("İxd@example.com", sitetest.Password))
		require.Equal(t, "i\u0307xd@example.com", dotted.Text("email"))
		// What changes the picture of a word stays.
		for _, title := range []string{"می\u200Cخواهم", "👩\u200D🏫 Biology"} {
			require.Equal(t, title,
				s.Want(200, "PATCH", "/courses/"+course, admin, map[string]string{"title": title}).Text("title"))
		}
	})
}

// requireOneAddress checks that an address is the same with r around it, and is none with r inside.
func requireOneAddress(s *sitetest.Site, admin, course, name string, r rune) {
	s.T.Helper()
	around, inside := fmt.Sprintf("%cBob@example.com %c", r, r), fmt.Sprintf("b%cob@example.com", r)
	s.WantProblem(409, "email-taken", "POST", "/auth/register", "", sitetest.Credentials(around, sitetest.Password))
	faulty := s.WantProblem(422, "validation-failed", "POST", "/auth/register", "",
		sitetest.Credentials(inside, sitetest.Password))
	require.Equal(s.T, "body.email", faulty.Text("errors.0.location"), name)
	s.Login(around, sitetest.Password)
	s.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "",
		sitetest.Credentials(inside, sitetest.Password))
	s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": inside})
	s.WantProblem(422, "validation-failed", "POST", "/admin/invites", admin,
		map[string]string{"role_to_grant": "member", "email": inside})
	rows := []map[string]string{{"email": around}, {"email": inside}}
	batch := s.Want(200, "POST", "/admin/invites/batch", admin,
		map[string]any{"role_to_grant": "member", "dry_run": true, "rows": rows})
	require.Equal(s.T, []any{nil, "invalid-email"},
		[]any{batch.Get("results.0.error"), batch.Get("results.1.error")}, name)
	batch = s.Want(200, "POST", "/courses/"+course+"/enrollments/batch", admin,
		map[string]any{"dry_run": true, "rows": rows})
	require.Equal(s.T, []any{"created", "invalid-email"},
		[]any{batch.Get("results.0.status"), batch.Get("results.1.error")}, name)
}

// invisibleWriter has what the texts of requireOneTitle are written with.
type invisibleWriter struct{ admin, token, accountID, course string }

// requireOneTitle checks that names and titles lose r around them and are refused with r inside, and that
// tags and keys are refused with either.
func requireOneTitle(s *sitetest.Site, w invisibleWriter, name string, r rune) {
	s.T.Helper()
	within, tidy := fmt.Sprintf("Al%cgebra", r), fmt.Sprintf("%cAlgebra%c", r, r)
	for _, c := range []struct{ method, path, token, field string }{
		{"PATCH", "/users/me", w.token, "display_name"}, {"PATCH", "/admin/users/" + w.accountID, w.admin, "display_name"},
		{"PATCH", "/courses/" + w.course, w.admin, "title"},
		{"POST", "/courses/" + w.course + "/lessons", w.admin, "title"},
		{"POST", "/channels", w.admin, "title"}, {"POST", "/courses/" + w.course + "/announcements", w.admin, "title"},
	} {
		body := map[string]string{c.field: within, "visibility": "public"}
		if c.path != "/channels" {
			delete(body, "visibility")
		}
		if c.path == "/courses/"+w.course+"/announcements" {
			body["body"] = "text"
		}
		faulty := s.WantProblem(422, "validation-failed", c.method, c.path, c.token, body)
		require.Equal(s.T, "body."+c.field, faulty.Text("errors.0.location"), "%s %s", name, c.path)
		body[c.field] = tidy
		done := s.Call(c.method, c.path, c.token, body)
		require.Less(s.T, done.Status, 300, "%s %s: %s", name, c.path, done.Raw)
		if got, ok := done.JSON[c.field]; ok {
			require.Equal(s.T, "Algebra", got, "%s %s", name, c.path)
		}
	}
	s.WantProblem(422, "validation-failed", "PATCH", "/courses/"+w.course, w.admin,
		map[string]any{"tags": []string{within}})
	s.WantProblem(422, "validation-failed", "POST", "/storage/uploads", w.admin,
		map[string]any{"key": within, "content_type": "text/plain", "size": 1})
	s.WantProblem(422, "validation-failed", "POST", "/storage/uploads", w.admin,
		map[string]any{"key": tidy, "content_type": "text/plain", "size": 1})
}

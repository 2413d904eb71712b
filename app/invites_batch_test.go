package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/clock"
	"lyceum/platform/testkit"
)

// entriesOf counts the entries of an action.
func (s *site) entriesOf(admin, action string) int {
	s.t.Helper()
	return len(s.want(200, "GET", "/admin/audit-logs?limit=100&action="+action, admin, nil).items())
}

// countAll counts what all pages of a list hold.
func (s *site) countAll(path, token string) (n int) {
	s.t.Helper()
	for cursor := ""; ; {
		page := s.want(200, "GET", path+"&limit=100"+cursor, token, nil)
		n += len(page.items())
		if page.get("next_cursor") == nil {
			return n
		}
		cursor = "&cursor=" + page.str("next_cursor")
	}
}

func TestInvitesCarryCourses(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		course := func(visibility string) string {
			return s.want(201, "POST", "/courses", admin, map[string]any{"title": "Carried " + visibility, "status": "published", "visibility": visibility}).str("id")
		}
		open, closed, gone, archived := course("public"), course("private"), course("public"), course("public")
		all := []string{closed, open, gone, closed}
		email, _, user := s.newcomer("carried")
		bound := s.invite(admin, map[string]any{"role_to_grant": "member", "course_ids": all, "email": email})
		require.Equal(t, []any{open, closed, gone}, bound.get("course_ids"), "in one order, each once")
		require.Equal(t, bound.get("course_ids"), s.want(200, "GET", "/admin/invites/"+bound.str("id"), admin, nil).get("course_ids"))
		require.Contains(t, s.textFrom(email, bound.str("code")), "It enrolls you in: Carried private, Carried public, Carried public.")
		s.want(204, "DELETE", "/courses/"+gone, admin, nil)
		enrolled := func(token string) (out []string) {
			for _, item := range s.want(200, "GET", "/users/me/enrollments", token, nil).items() {
				out = append(out, item.(map[string]any)["course"].(map[string]any)["id"].(string))
			}
			return out
		}
		require.Equal(t, true, s.redeem(user, bound.str("code")).get("granted"))
		require.ElementsMatch(t, []string{open, closed}, enrolled(user))
		s.want(200, "GET", "/courses/"+closed, user, nil)
		require.Equal(t, 2, s.entriesOf(admin, "enrollment.created"))

		// Whose role is as high is enrolled, and spends no use; once is enough, and holds after the end.
		shared := s.invite(admin, map[string]any{"role_to_grant": "member", "course_ids": []string{closed}})
		_, id, member := s.newcomer("carried-member")
		s.promote(admin, id, "member")
		for range 2 {
			require.Equal(t, []any{200, false, "member"}, seenBy(s.redeem(member, shared.str("code"))))
			require.Equal(t, []string{closed}, enrolled(member))
		}
		s.want(204, "DELETE", "/courses/"+closed+"/enrollment", member, nil)
		require.Equal(t, 200, s.redeem(member, shared.str("code")).Status)
		require.Empty(t, enrolled(member), "used once, an invite does no more for him")
		require.EqualValues(t, 0, s.want(200, "GET", "/admin/invites/"+shared.str("id"), admin, nil).get("uses"))
		// Whoever has lost the role gets it, as nobody has spent the use.
		s.promote(admin, id, "user")
		require.Equal(t, []any{200, true, "member"}, seenBy(s.redeem(member, shared.str("code"))))
		require.EqualValues(t, 1, s.want(200, "GET", "/admin/invites/"+shared.str("id"), admin, nil).get("uses"))
		s.promote(admin, id, "user")
		require.Equal(t, []any{200, false, "user"}, seenBy(s.redeem(member, shared.str("code"))), "and gets it once")

		require.Equal(t, "body.course_ids[1]", s.refused(422, "validation-failed", "POST", "/admin/invites", admin,
			map[string]any{"role_to_grant": "member", "course_ids": []string{open, gone}}).str("errors.0.location"))
		for _, bad := range []any{[]string{"nonsense"}, []string{""}, "x", []any{1}, make([]string, 101)} {
			s.refused(422, "validation-failed", "POST", "/admin/invites", admin, map[string]any{"role_to_grant": "member", "course_ids": bad})
		}
		s.want(200, "PATCH", "/courses/"+archived, admin, `{"status":"archived"}`)
		s.refused(409, "course-archived", "POST", "/admin/invites", admin, map[string]any{"role_to_grant": "member", "course_ids": []string{archived}})
	})
}

func seenBy(a answer) []any { return []any{a.Status, a.get("granted"), a.get("role")} }

func TestManyAreInvitedAtOnce(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		const path = "/admin/invites/batch"
		a, _, user := s.newcomer("many-a")
		_, _, stranger := s.newcomer("many-stranger")
		course := s.want(201, "POST", "/courses", admin, `{"title":"Many","status":"published","visibility":"private"}`).str("id")
		order := plus(batchOf(a, "nonsense", strings.ToUpper(a), "many-b@example.com"), "role_to_grant", "instructor", "course_ids", []string{course})
		verdict := []string{"created", "error invalid-email", "exists", "created"}

		dry := s.want(200, "POST", path, admin, plus(order, "dry_run", true))
		require.Equal(t, verdict, rowsOf(t, dry))
		require.Equal(t, []any{2.0, 1.0, 1.0, nil, nil}, []any{dry.get("created"), dry.get("exists"), dry.get("errors"), dry.get("batch_id"), dry.get("results.0.invite_id")})
		atomic := s.want(200, "POST", path, admin, plus(order, "dry_run", false, "mode", "atomic"))
		require.Equal(t, []string{"skipped", "error invalid-email", "exists", "skipped"}, rowsOf(t, atomic))
		require.Equal(t, []any{0.0, nil}, []any{atomic.get("created"), atomic.get("batch_id")})
		require.Empty(t, s.want(200, "GET", "/admin/invites", admin, nil).items())
		require.Zero(t, s.entriesOf(admin, "invite.created"))

		done := s.want(200, "POST", path, admin, plus(order, "mode", "partial"))
		require.Equal(t, verdict, rowsOf(t, done))
		require.Equal(t, done.get("results.0.invite_id"), done.get("results.2.invite_id"))
		require.Equal(t, strings.ToUpper(a), done.get("results.2.email"), "as it was given")
		require.Equal(t, 2, s.entriesOf(admin, "invite.created"))
		id := done.str("batch_id")
		listed := s.want(200, "GET", "/admin/invites?status=active&batch_id="+id, admin, nil).items()
		require.Len(t, listed, 2)
		for _, item := range listed {
			i := item.(map[string]any)
			require.Equal(t, []any{id, "instructor", 1.0, []any{course}}, []any{i["batch_id"], i["role_to_grant"], i["max_uses"], i["course_ids"]})
		}
		again := s.want(200, "POST", path, admin, order)
		require.Equal(t, []string{"exists", "error invalid-email", "exists", "exists"}, rowsOf(t, again))
		require.Nil(t, again.get("batch_id"))
		require.Equal(t, done.get("results.0.invite_id"), again.get("results.0.invite_id"))
		code := s.linkFrom(a, "/join#code=", "")
		later := s.want(200, "POST", path, admin, plus(batchOf(a), "role_to_grant", "instructor", "course_ids", []string{course}, "expires_at", clock.FromTime(time.Now().Add(time.Hour)).String()))
		require.Equal(t, []string{"exists"}, rowsOf(t, later), "one that lasts longer is there")
		other := s.want(200, "POST", path, admin, plus(batchOf(a), "role_to_grant", "member"))
		require.Equal(t, []string{"created"}, rowsOf(t, other), "another role is another invite")

		require.Equal(t, "invite-wrong-address", s.redeem(stranger, code).str("code"))
		require.Equal(t, []any{200, true, "instructor"}, seenBy(s.redeem(user, strings.ToLower(strings.ReplaceAll(code, "-", " – ")))))
		s.want(200, "GET", "/courses/"+course, user, nil)
		unused := s.linkFrom("many-b@example.com", "/join#code=", "")

		s.want(204, "DELETE", "/admin/invites?batch_id="+id, admin, nil)
		s.want(204, "DELETE", "/admin/invites?batch_id="+id, admin, nil)
		require.Equal(t, 2, s.entriesOf(admin, "invite.revoked"))
		require.Equal(t, "invite-revoked", s.redeem(stranger, unused).str("code"))
		require.Len(t, s.want(200, "GET", "/admin/invites?status=revoked&batch_id="+id, admin, nil).items(), 2)
		require.Len(t, s.want(200, "GET", "/admin/invites?status=active", admin, nil).items(), 1, "the other batch is left")
		s.refused(404, "not-found", "DELETE", "/admin/invites?batch_id=01900000-0000-7000-8000-000000000000", admin, nil)
		s.refused(404, "not-found", "DELETE", "/admin/invites?batch_id=nonsense", admin, nil)
		s.refused(422, "validation-failed", "DELETE", "/admin/invites", admin, nil)
		require.Empty(t, s.want(200, "GET", "/admin/invites?batch_id=nonsense", admin, nil).items())

		for _, bad := range []any{batchOf(a), plus(batchOf(), "role_to_grant", "member"), plus(batchOf(a), "role_to_grant", "user"), plus(batchOf(a), "role_to_grant", "member", "mode", "half"),
			plus(batchOf(a), "role_to_grant", "member", "expires_at", "2001-01-01T00:00:00Z"), plus(batchOf(make([]string, 1001)...), "role_to_grant", "member"),
			plus(batchOf(a), "role_to_grant", "member", "course_ids", []string{"nonsense"}), plus(batchOf(a), "role_to_grant", "member", "max_uses", 2)} {
			s.refused(422, "validation-failed", "POST", path, admin, bad)
		}
		s.refused(422, "validation-failed", "POST", path+"?dry_run=true", admin, plus(batchOf(a), "role_to_grant", "member"))
	})
}

func TestInvitesMayComeAsCSV(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		one := s.want(201, "POST", "/courses", admin, `{"title":"Table 1","status":"published"}`).str("id")
		two := s.want(201, "POST", "/courses", admin, `{"title":"Table 2","status":"published"}`).str("id")
		soon := clock.FromTime(time.Now().Add(time.Hour)).String()
		send := func(query, body string, more ...header) answer {
			return s.call("POST", "/admin/invites/batch?"+query, admin, body, append(more, header{"Content-Type": "text/csv"})...)
		}
		table := "Name,Email\r\n\"Doe, Jane\",jane@example.com\r\nX,nonsense\r\n"
		query := "role_to_grant=member&course_ids=" + one + "," + two + "&expires_at=" + soon
		require.Equal(t, []string{"created", "error invalid-email"}, rowsOf(t, send(query+"&dry_run=true", table)))
		require.Equal(t, []string{"skipped", "error invalid-email"}, rowsOf(t, send(query+"&mode=atomic", table)))
		key := header{"Idempotency-Key": "invites-1"}
		first := send(query, table, key)
		require.Equal(t, []string{"created", "error invalid-email"}, rowsOf(t, first))
		again := send(query, table, key)
		require.Equal(t, first.Raw, again.Raw)
		require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
		require.Equal(t, 422, send(query+"&mode=atomic", table, key).Status)
		i := s.want(200, "GET", "/admin/invites?batch_id="+first.str("batch_id"), admin, nil)
		require.Len(t, i.items(), 1)
		require.Equal(t, []any{"jane@example.com", []any{one, two}, soon}, []any{i.get("items.0.email"), i.get("items.0.course_ids"), i.get("items.0.expires_at")})
		require.Equal(t, []string{"created", "error invalid-email"}, rowsOf(t, send("role_to_grant=member&course_ids=", table)), "no course at all")
		require.Equal(t, []string{"exists", "error invalid-email"}, rowsOf(t, send("role_to_grant=member&expires_at="+soon+"&course_ids="+two+","+one, table)), "the same courses")
		// As spreadsheets write it where the comma stands in numbers.
		for _, other := range []string{"\"Vorname\";\"Email\"\r\n\"Jane; Doe, PhD\";JANE@example.com\r\n", "Vorname\tE-mail\tEMAIL\nJane\tx\tjane@example.com\n"} {
			require.Equal(t, []string{"exists"}, rowsOf(t, send("role_to_grant=member&dry_run=true", other)), other)
		}
		require.Contains(t, send("role_to_grant=member", "Vorname;E-Mail\nx;y\n").str("errors.0.message"), "it has Vorname, E-Mail")
		// Whoever mistypes a field, or gives it twice, is not taken at less than his word.
		for _, wrong := range []string{"dryrun=true", "Dry_run=true", "dry_run=false&dry_run=true", "rows=1", "course_ids=" + one + "&course_ids=" + two} {
			a := send("role_to_grant=member&"+wrong, "email\nwrong@example.com\n")
			require.Equal(t, 422, a.Status, "%s: %s", wrong, a.Raw)
		}
		require.Equal(t, 422, send("role_to_grant=member", "email\n"+strings.Repeat("x@example.com\n", 1001)).Status)
		for _, bad := range []string{"", "role_to_grant=user", "role_to_grant=member&expires_at=soon", "role_to_grant=member&course_ids=x", "role_to_grant=member&dry_run=yes"} {
			require.Equal(t, 422, send(bad, table).Status, bad)
		}
	})
}

// Sent twice at once, by a double click or a proxy, a batch mails nobody twice.
func TestABatchAtOnceIsOneBatch(t *testing.T) {
	kindsWith(t, map[string]string{"RATE_LIMIT_ENABLED": "false"}, func(t *testing.T, s *site) {
		admin := s.admin()
		for round := range testkit.Rounds(100) {
			emails := make([]string, 30)
			for n := range emails {
				emails[n] = fmt.Sprintf("once-%d-%d@example.com", round, n)
			}
			made := make([]float64, 6)
			var wg sync.WaitGroup
			for i := range made {
				wg.Go(func() {
					a := s.want(200, "POST", "/admin/invites/batch", admin, plus(batchOf(emails...), "role_to_grant", "member"))
					made[i] = a.get("created").(float64)
				})
			}
			wg.Wait()
			slices.Sort(made)
			require.Equal(t, []float64{0, 0, 0, 0, 0, 30}, made)
		}
		require.Equal(t, 30*testkit.Rounds(100), s.countAll("/admin/emails?", admin))
	})
}

// I3: who is demoted while he invites has no invite afterwards, so that none comes to life when he rises again.
func TestNobodyInvitesPastHisDemotion(t *testing.T) {
	t.Parallel()
	sites := replicas(t, 2, "RATE_LIMIT_ENABLED=false")
	admin := sites[0].admin()
	_, id, second := sites[0].newcomer("demoted")
	for range testkit.Rounds(500) {
		sites[0].promote(admin, id, "admin")
		require.Eventually(t, func() bool { return sites[1].call("GET", "/admin/invites", second, nil).Status == 200 }, 2*time.Second, 5*time.Millisecond)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				for range 4 {
					sites[1].call("POST", "/admin/invites", second, map[string]string{"role_to_grant": "admin"})
					sites[1].call("POST", "/admin/invites/batch", second, plus(batchOf("past@example.com"), "role_to_grant", "admin"))
				}
			})
		}
		sites[0].promote(admin, id, "user")
		wg.Wait()
		require.Empty(t, sites[0].want(200, "GET", "/admin/invites?status=active", admin, nil).items())
	}
}

// X3: an answer does not grow with the faults of a request.
func TestX3FaultsAreNotEchoedWithoutEnd(t *testing.T) {
	t.Parallel()
	s := serveSite(t, nil)
	admin := s.admin()
	for path, body := range map[string]string{"/admin/invites/batch": `{"role_to_grant":"member","rows":[1` + strings.Repeat(",1", 400_000) + `]}`,
		"/admin/invites": `{"role_to_grant":"member","course_ids":[1` + strings.Repeat(",1", 400_000) + `]}`,
		"/auth/login":    `{"email":"x@example.com","password":"x"` + unknownFields(50_000) + `}`} {
		a := s.refused(422, "validation-failed", "POST", path, admin, body)
		require.Less(t, len(a.Raw), 20_000, path)
	}
}

func unknownFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":1`, i)
	}
	return b.String()
}

// A whole school in one go: each invite with its entry and its mail.
func TestAThousandAreInvited(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		admin := s.admin()
		emails := make([]string, 1000)
		for n := range emails {
			emails[n] = fmt.Sprintf("thousand-%d@example.com", n)
		}
		began := time.Now()
		done := s.want(200, "POST", "/admin/invites/batch", admin, plus(batchOf(emails...), "role_to_grant", "member"))
		t.Logf("1,000 invites in %s", time.Since(began).Round(time.Millisecond))
		require.EqualValues(t, 1000, done.get("created"))
		require.Equal(t, 1000, s.countAll("/admin/invites?batch_id="+done.str("batch_id"), admin))
		require.Equal(t, 1000, s.countAll("/admin/audit-logs?action=invite.created", admin))
		require.Equal(t, 1000, s.countAll("/admin/emails?", admin))
		s.want(204, "DELETE", "/admin/invites?batch_id="+done.str("batch_id"), admin, nil)
		require.Equal(t, 1000, s.countAll("/admin/audit-logs?action=invite.revoked", admin))
	})
}

// Without courses there are none to carry, and what carried some gives the role alone.
func TestInvitesWithoutCourses(t *testing.T) {
	t.Parallel()
	s := serveSite(t, map[string]string{"MODULES_DISABLED": "courses"})
	admin := s.admin()
	require.Equal(t, "body.course_ids", s.refused(422, "validation-failed", "POST", "/admin/invites", admin,
		`{"role_to_grant":"member","course_ids":["01900000-0000-7000-8000-000000000000"]}`).str("errors.0.location"))
	i := s.invite(admin, map[string]any{"role_to_grant": "member", "course_ids": []string{}})
	_, _, user := s.newcomer("courseless")
	require.Equal(t, []any{200, true, "member"}, seenBy(s.redeem(user, i.str("code"))))
}

package invites_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/clock"
	"lyceum/platform/testkit"
)

func TestInvitesCarryCourses(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		course := func(visibility string) string {
			return s.Want(201, "POST", "/courses", admin,
				map[string]any{
					"title": "Carried " + visibility, "status": "published", "visibility": visibility,
				}).Text("id")
		}
		open, closed, gone, archived := course("public"), course("private"), course("public"), course("public")
		all := []string{closed, open, gone, closed}
		email, _, user := s.NewAccount("carried")
		bound := s.Invite(admin, map[string]any{"role_to_grant": "member", "course_ids": all, "email": email})
		require.Equal(t, []any{open, closed, gone}, bound.Get("course_ids"), "in one order, each once")
		require.Equal(t, bound.Get("course_ids"),
			s.Want(200, "GET", "/admin/invites/"+bound.Text("id"), admin, nil).Get("course_ids"))
		require.Contains(t, s.WaitForText(email, bound.Text("code")),
			"It enrolls you in: Carried private, Carried public, Carried public.")
		s.Want(204, "DELETE", "/courses/"+gone, admin, nil)
		enrolled := func(token string) (out []string) {
			for _, item := range s.Want(200, "GET", "/users/me/enrollments", token, nil).Items() {
				out = append(out, item.(map[string]any)["course"].(map[string]any)["id"].(string))
			}
			return out
		}
		require.Equal(t, true, s.Redeem(user, bound.Text("code")).Get("granted"))
		require.ElementsMatch(t, []string{open, closed}, enrolled(user))
		s.Want(200, "GET", "/courses/"+closed, user, nil)
		require.Equal(t, 2, s.CountEntries(admin, "enrollment.created"))

		// Whose role is as high is enrolled, and spends no use; once is enough, and holds after the
		// end.
		shared := s.Invite(admin, map[string]any{"role_to_grant": "member", "course_ids": []string{closed}})
		_, id, member := s.NewAccount("carried-member")
		s.SetRole(admin, id, "member")
		for range 2 {
			require.Equal(t, []any{200, false, "member"}, outcomeOf(s.Redeem(member, shared.Text("code"))))
			require.Equal(t, []string{closed}, enrolled(member))
		}
		s.Want(204, "DELETE", "/courses/"+closed+"/enrollment", member, nil)
		require.Equal(t, 200, s.Redeem(member, shared.Text("code")).Status)
		require.Empty(t, enrolled(member), "used once, an invite does no more for the account")
		require.EqualValues(t, 0, s.Want(200, "GET", "/admin/invites/"+shared.Text("id"), admin, nil).Get("uses"))
		// Whoever has lost the role gets it, as nobody has spent the use.
		s.SetRole(admin, id, "user")
		require.Equal(t, []any{200, true, "member"}, outcomeOf(s.Redeem(member, shared.Text("code"))))
		require.EqualValues(t, 1, s.Want(200, "GET", "/admin/invites/"+shared.Text("id"), admin, nil).Get("uses"))
		s.SetRole(admin, id, "user")
		require.Equal(t, []any{200, false, "user"}, outcomeOf(s.Redeem(member, shared.Text("code"))), "and gets it once")

		require.Equal(t, "body.course_ids[1]", s.WantProblem(422, "validation-failed", "POST", "/admin/invites", admin,
			map[string]any{"role_to_grant": "member", "course_ids": []string{open, gone}}).Text("errors.0.location"))
		for _, bad := range []any{[]string{"nonsense"}, []string{""}, "x", []any{1}, make([]string, 101)} {
			s.WantProblem(422, "validation-failed", "POST", "/admin/invites", admin,
				map[string]any{"role_to_grant": "member", "course_ids": bad})
		}
		s.Want(200, "PATCH", "/courses/"+archived, admin, `{"status":"archived"}`)
		s.WantProblem(409, "course-archived", "POST", "/admin/invites", admin,
			map[string]any{"role_to_grant": "member", "course_ids": []string{archived}})
	})
}

func outcomeOf(a sitetest.Answer) []any { return []any{a.Status, a.Get("granted"), a.Get("role")} }

func TestBatch(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		const path = "/admin/invites/batch"
		a, _, user := s.NewAccount("many-a")
		_, _, stranger := s.NewAccount("many-stranger")
		course := s.Want(201, "POST", "/courses", admin,
			`{"title":"Many","status":"published","visibility":"private"}`).Text("id")
		order := sitetest.With(sitetest.Batch(a, "nonsense", strings.ToUpper(a), "many-b@example.com"),
			"role_to_grant", "instructor", "course_ids", []string{course})
		verdict := []string{"created", "error invalid-email", "exists", "created"}

		dry := s.Want(200, "POST", path, admin, sitetest.With(order, "dry_run", true))
		require.Equal(t, verdict, sitetest.RowStatuses(t, dry))
		require.Equal(t, []any{2.0, 1.0, 1.0, nil, nil},
			[]any{
				dry.Get("created"), dry.Get("exists"), dry.Get("errors"), dry.Get("batch_id"),
				dry.Get("results.0.invite_id"),
			})
		atomic := s.Want(200, "POST", path, admin, sitetest.With(order, "dry_run", false, "mode", "atomic"))
		require.Equal(t, []string{"skipped", "error invalid-email", "exists", "skipped"}, sitetest.RowStatuses(t, atomic))
		require.Equal(t, []any{0.0, nil}, []any{atomic.Get("created"), atomic.Get("batch_id")})
		require.Empty(t, s.Want(200, "GET", "/admin/invites", admin, nil).Items())
		require.Zero(t, s.CountEntries(admin, "invite.created"))

		done := s.Want(200, "POST", path, admin, sitetest.With(order, "mode", "partial"))
		require.Equal(t, verdict, sitetest.RowStatuses(t, done))
		require.Equal(t, done.Get("results.0.invite_id"), done.Get("results.2.invite_id"))
		require.Equal(t, strings.ToUpper(a), done.Get("results.2.email"), "as it was given")
		require.Equal(t, 2, s.CountEntries(admin, "invite.created"))
		id := done.Text("batch_id")
		listed := s.Want(200, "GET", "/admin/invites?status=active&batch_id="+id, admin, nil).Items()
		require.Len(t, listed, 2)
		for _, item := range listed {
			i := item.(map[string]any)
			require.Equal(t, []any{id, "instructor", 1.0, []any{course}},
				[]any{i["batch_id"], i["role_to_grant"], i["max_uses"], i["course_ids"]})
		}
		again := s.Want(200, "POST", path, admin, order)
		require.Equal(t, []string{"exists", "error invalid-email", "exists", "exists"}, sitetest.RowStatuses(t, again))
		require.Nil(t, again.Get("batch_id"))
		require.Equal(t, done.Get("results.0.invite_id"), again.Get("results.0.invite_id"))
		code := s.WaitForLink(a, "/join#code=", "")
		later := s.Want(200, "POST", path, admin,
			sitetest.With(sitetest.Batch(a), "role_to_grant", "instructor", "course_ids", []string{course},
				"expires_at", clock.FromTime(time.Now().Add(time.Hour)).String()))
		require.Equal(t, []string{"exists"}, sitetest.RowStatuses(t, later), "one that lasts longer is there")
		other := s.Want(200, "POST", path, admin, sitetest.With(sitetest.Batch(a), "role_to_grant", "member"))
		require.Equal(t, []string{"created"}, sitetest.RowStatuses(t, other), "another role is another invite")

		require.Equal(t, "invite-wrong-address", s.Redeem(stranger, code).Text("code"))
		require.Equal(t, []any{200, true, "instructor"},
			outcomeOf(s.Redeem(user, strings.ToLower(strings.ReplaceAll(code, "-", " – ")))))
		s.Want(200, "GET", "/courses/"+course, user, nil)
		unused := s.WaitForLink("many-b@example.com", "/join#code=", "")

		s.Want(204, "DELETE", "/admin/invites?batch_id="+id, admin, nil)
		s.Want(204, "DELETE", "/admin/invites?batch_id="+id, admin, nil)
		require.Equal(t, 2, s.CountEntries(admin, "invite.revoked"))
		require.Equal(t, "invite-revoked", s.Redeem(stranger, unused).Text("code"))
		require.Len(t, s.Want(200, "GET", "/admin/invites?status=revoked&batch_id="+id, admin, nil).Items(), 2)
		require.Len(t, s.Want(200, "GET", "/admin/invites?status=active", admin, nil).Items(), 1, "the other batch is left")
		s.WantProblem(404, "not-found", "DELETE", "/admin/invites?batch_id=01900000-0000-7000-8000-000000000000",
			admin, nil)
		s.WantProblem(404, "not-found", "DELETE", "/admin/invites?batch_id=nonsense", admin, nil)
		s.WantProblem(422, "validation-failed", "DELETE", "/admin/invites", admin, nil)
		require.Empty(t, s.Want(200, "GET", "/admin/invites?batch_id=nonsense", admin, nil).Items())

		for _, bad := range []any{
			sitetest.Batch(a), sitetest.With(sitetest.Batch(), "role_to_grant", "member"),
			sitetest.With(sitetest.Batch(a), "role_to_grant", "user"),
			sitetest.With(sitetest.Batch(a), "role_to_grant", "member", "mode", "half"),
			sitetest.With(sitetest.Batch(a), "role_to_grant", "member", "expires_at", "2001-01-01T00:00:00Z"),
			sitetest.With(sitetest.Batch(make([]string, 1001)...), "role_to_grant", "member"),
			sitetest.With(sitetest.Batch(a), "role_to_grant", "member", "course_ids", []string{
				"nonsense",
			}), sitetest.With(sitetest.Batch(a), "role_to_grant", "member", "max_uses", 2),
		} {
			s.WantProblem(422, "validation-failed", "POST", path, admin, bad)
		}
		s.WantProblem(422, "validation-failed", "POST", path+"?dry_run=true", admin,
			sitetest.With(sitetest.Batch(a), "role_to_grant", "member"))
	})
}

func TestBatchFromATable(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		one := s.Want(201, "POST", "/courses", admin, `{"title":"Table 1","status":"published"}`).Text("id")
		two := s.Want(201, "POST", "/courses", admin, `{"title":"Table 2","status":"published"}`).Text("id")
		soon := clock.FromTime(time.Now().Add(time.Hour)).String()
		send := func(query, body string, more ...sitetest.Header) sitetest.Answer {
			return s.Call("POST", "/admin/invites/batch?"+query, admin, body,
				append(more, sitetest.Header{"Content-Type": "text/csv"})...)
		}
		table := "Name,Email\r\n\"Doe, Jane\",jane@example.com\r\nX,nonsense\r\n"
		query := "role_to_grant=member&course_ids=" + one + "," + two + "&expires_at=" + soon
		require.Equal(t, []string{"created", "error invalid-email"},
			sitetest.RowStatuses(t, send(query+"&dry_run=true", table)))
		require.Equal(t, []string{"skipped", "error invalid-email"},
			sitetest.RowStatuses(t, send(query+"&mode=atomic", table)))
		key := sitetest.Header{"Idempotency-Key": "invites-1"}
		first := send(query, table, key)
		require.Equal(t, []string{"created", "error invalid-email"}, sitetest.RowStatuses(t, first))
		again := send(query, table, key)
		require.Equal(t, first.Raw, again.Raw)
		require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
		require.Equal(t, 422, send(query+"&mode=atomic", table, key).Status)
		i := s.Want(200, "GET", "/admin/invites?batch_id="+first.Text("batch_id"), admin, nil)
		require.Len(t, i.Items(), 1)
		require.Equal(t, []any{"jane@example.com", []any{one, two}, soon},
			[]any{i.Get("items.0.email"), i.Get("items.0.course_ids"), i.Get("items.0.expires_at")})
		require.Equal(t, []string{"created", "error invalid-email"},
			sitetest.RowStatuses(t, send("role_to_grant=member&course_ids=", table)), "no course at all")
		require.Equal(t, []string{"exists", "error invalid-email"},
			sitetest.RowStatuses(t, send("role_to_grant=member&expires_at="+soon+"&course_ids="+two+","+one, table)),
			"the same courses")
		// As spreadsheets write it where the comma stands in numbers.
		for _, other := range []string{
			"\"Vorname\";\"Email\"\r\n\"Jane; Doe, PhD\";JANE@example.com\r\n",
			"Vorname\tE-mail\tEMAIL\nJane\tx\tjane@example.com\n",
		} {
			require.Equal(t, []string{"exists"},
				sitetest.RowStatuses(t, send("role_to_grant=member&dry_run=true", other)), other)
		}
		require.Contains(t, send("role_to_grant=member", "Vorname;E-Mail\nx;y\n").Text("errors.0.message"),
			"it has Vorname, E-Mail")
		// A mistyped or repeated field is refused: the batch would do less than its sender asked
		// for.
		for _, wrong := range []string{
			"dryrun=true", "Dry_run=true", "dry_run=false&dry_run=true", "rows=1",
			"course_ids=" + one + "&course_ids=" + two,
		} {
			a := send("role_to_grant=member&"+wrong, "email\nwrong@example.com\n")
			require.Equal(t, 422, a.Status, "%s: %s", wrong, a.Raw)
		}
		require.Equal(t, 422, send("role_to_grant=member", "email\n"+strings.Repeat("x@example.com\n", 1001)).Status)
		for _, bad := range []string{
			"", "role_to_grant=user", "role_to_grant=member&expires_at=soon", "role_to_grant=member&course_ids=x",
			"role_to_grant=member&dry_run=yes",
		} {
			require.Equal(t, 422, send(bad, table).Status, bad)
		}
	})
}

// Sent twice at once, by a double click or a proxy, a batch mails nobody twice.
func TestOneBatchSentManyTimesAtOnce(t *testing.T) {
	sitetest.OnBoth(t, map[string]string{"RATE_LIMIT_ENABLED": "false"}, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		for round := range testkit.Rounds(100) {
			emails := make([]string, 30)
			for n := range emails {
				emails[n] = fmt.Sprintf("once-%d-%d@example.com", round, n)
			}
			made := make([]float64, 6)
			var wg sync.WaitGroup
			for i := range made {
				wg.Go(func() {
					a := s.Want(200, "POST", "/admin/invites/batch", admin,
						sitetest.With(sitetest.Batch(emails...), "role_to_grant", "member"))
					made[i] = a.Get("created").(float64)
				})
			}
			wg.Wait()
			slices.Sort(made)
			require.Equal(t, []float64{0, 0, 0, 0, 0, 30}, made)
		}
		require.Equal(t, 30*testkit.Rounds(100), s.CountAll("/admin/emails?", admin))
	})
}

// An administrator who is demoted while inviting has no invite afterwards, so that none becomes
// valid when they are promoted again (I3).
func TestADemotedAdminCannotInvite(t *testing.T) {
	t.Parallel()
	sites := sitetest.StartReplicas(t, 2, "RATE_LIMIT_ENABLED=false")
	admin := sites[0].AdminToken()
	_, id, second := sites[0].NewAccount("demoted")
	for range testkit.Rounds(500) {
		sites[0].SetRole(admin, id, "admin")
		require.Eventually(t,
			func() bool { return sites[1].Call("GET", "/admin/invites", second, nil).Status == 200 },
			2*time.Second, 5*time.Millisecond)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				for range 4 {
					sites[1].Call("POST", "/admin/invites", second, map[string]string{"role_to_grant": "admin"})
					sites[1].Call("POST", "/admin/invites/batch", second,
						sitetest.With(sitetest.Batch("past@example.com"), "role_to_grant", "admin"))
				}
			})
		}
		sites[0].SetRole(admin, id, "user")
		wg.Wait()
		require.Empty(t, sites[0].Want(200, "GET", "/admin/invites?status=active", admin, nil).Items())
	}
}

// An answer does not grow with the faults of a request (X3).
func TestReportedFaultsAreBounded(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	for path, body := range map[string]string{
		"/admin/invites/batch": `{"role_to_grant":"member","rows":[1` + strings.Repeat(",1", 400_000) + `]}`,
		"/admin/invites":       `{"role_to_grant":"member","course_ids":[1` + strings.Repeat(",1", 400_000) + `]}`,
		"/auth/login":          `{"email":"x@example.com","password":"x"` + unknownFields(50_000) + `}`,
	} {
		a := s.WantProblem(422, "validation-failed", "POST", path, admin, body)
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
func TestBatchOfAThousand(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		emails := make([]string, 1000)
		for n := range emails {
			emails[n] = fmt.Sprintf("thousand-%d@example.com", n)
		}
		began := time.Now()
		done := s.Want(200, "POST", "/admin/invites/batch", admin,
			sitetest.With(sitetest.Batch(emails...), "role_to_grant", "member"))
		t.Logf("1,000 invites in %s", time.Since(began).Round(time.Millisecond))
		require.EqualValues(t, 1000, done.Get("created"))
		require.Equal(t, 1000, s.CountAll("/admin/invites?batch_id="+done.Text("batch_id"), admin))
		require.Equal(t, 1000, s.CountAll("/admin/audit-logs?action=invite.created", admin))
		require.Equal(t, 1000, s.CountAll("/admin/emails?", admin))
		s.Want(204, "DELETE", "/admin/invites?batch_id="+done.Text("batch_id"), admin, nil)
		require.Equal(t, 1000, s.CountAll("/admin/audit-logs?action=invite.revoked", admin))
	})
}

// Without courses there are none to carry, and what carried some gives the role alone.
func TestInvitesWithoutCourses(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"MODULES_DISABLED": "courses"})
	admin := s.AdminToken()
	require.Equal(t, "body.course_ids", s.WantProblem(422, "validation-failed", "POST", "/admin/invites", admin,
		`{"role_to_grant":"member","course_ids":["01900000-0000-7000-8000-000000000000"]}`).Text("errors.0.location"))
	i := s.Invite(admin, map[string]any{"role_to_grant": "member", "course_ids": []string{}})
	_, _, user := s.NewAccount("courseless")
	require.Equal(t, []any{200, true, "member"}, outcomeOf(s.Redeem(user, i.Text("code"))))
}

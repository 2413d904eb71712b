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
		c := carriedCourses{admin, course("public"), course("private"), course("public"), course("public")}
		t.Run("the account that redeems is enrolled", func(t *testing.T) { c.redeemForARole(s.For(t)) })
		t.Run("so is one that has the role already", func(t *testing.T) { c.redeemWithTheRole(s.For(t)) })
		t.Run("each must exist and take learners", func(t *testing.T) { c.inviteToNoCourse(s.For(t)) })
	})
}

// carriedCourses are courses that invites enroll in. gone is in the trash once redeemForARole has run.
type carriedCourses struct{ admin, open, closed, gone, archived string }

// listEnrolled returns the ids of the courses that an account is enrolled in.
func listEnrolled(s *sitetest.Site, token string) (courseIDs []string) {
	s.T.Helper()
	for _, item := range s.Want(200, "GET", "/users/me/enrollments", token, nil).Items() {
		courseIDs = append(courseIDs, item.(map[string]any)["course"].(map[string]any)["id"].(string))
	}
	return courseIDs
}

func (c carriedCourses) redeemForARole(s *sitetest.Site) {
	all := []string{c.closed, c.open, c.gone, c.closed}
	email, _, user := s.NewAccount("carried")
	bound := s.Invite(c.admin, map[string]any{"role_to_grant": "member", "course_ids": all, "email": email})
	require.Equal(s.T, []any{c.open, c.closed, c.gone}, bound.Get("course_ids"), "in one order, each once")
	require.Equal(s.T, bound.Get("course_ids"),
		s.Want(200, "GET", "/admin/invites/"+bound.Text("id"), c.admin, nil).Get("course_ids"))
	require.Contains(s.T, s.WaitForText(email, bound.Text("code")),
		"It enrolls you in: Carried private, Carried public, Carried public.")
	s.Want(204, "DELETE", "/courses/"+c.gone, c.admin, nil)

	require.Equal(s.T, true, s.Redeem(user, bound.Text("code")).Get("granted"))
	require.ElementsMatch(s.T, []string{c.open, c.closed}, listEnrolled(s, user))
	s.Want(200, "GET", "/courses/"+c.closed, user, nil)
	require.Equal(s.T, 2, s.CountEntries(c.admin, "enrollment.created"))
}

// An account that has the role is enrolled, once, and consumes no use. The use is still there when it
// has lost the role.
func (c carriedCourses) redeemWithTheRole(s *sitetest.Site) {
	shared := s.Invite(c.admin, map[string]any{"role_to_grant": "member", "course_ids": []string{c.closed}})
	uses := func() any { return s.Want(200, "GET", "/admin/invites/"+shared.Text("id"), c.admin, nil).Get("uses") }
	_, id, member := s.NewAccount("carried-member")
	s.SetRole(c.admin, id, "member")
	for range 2 {
		require.Equal(s.T, []any{200, false, "member"}, outcomeOf(s.Redeem(member, shared.Text("code"))))
		require.Equal(s.T, []string{c.closed}, listEnrolled(s, member))
	}
	s.Want(204, "DELETE", "/courses/"+c.closed+"/enrollment", member, nil)
	require.Equal(s.T, 200, s.Redeem(member, shared.Text("code")).Status)
	require.Empty(s.T, listEnrolled(s, member), "used once, an invite does no more for the account")
	require.EqualValues(s.T, 0, uses())

	s.SetRole(c.admin, id, "user")
	require.Equal(s.T, []any{200, true, "member"}, outcomeOf(s.Redeem(member, shared.Text("code"))))
	require.EqualValues(s.T, 1, uses())
	s.SetRole(c.admin, id, "user")
	require.Equal(s.T, []any{200, false, "user"}, outcomeOf(s.Redeem(member, shared.Text("code"))), "and gets it once")
}

func (c carriedCourses) inviteToNoCourse(s *sitetest.Site) {
	require.Equal(s.T, "body.course_ids[1]", s.WantProblem(422, "validation-failed", "POST", "/admin/invites", c.admin,
		map[string]any{"role_to_grant": "member", "course_ids": []string{c.open, c.gone}}).Text("errors.0.location"))
	for _, bad := range []any{[]string{"nonsense"}, []string{""}, "x", []any{1}, make([]string, 101)} {
		s.WantProblem(422, "validation-failed", "POST", "/admin/invites", c.admin,
			map[string]any{"role_to_grant": "member", "course_ids": bad})
	}
	s.Want(200, "PATCH", "/courses/"+c.archived, c.admin, `{"status":"archived"}`)
	s.WantProblem(409, "course-archived", "POST", "/admin/invites", c.admin,
		map[string]any{"role_to_grant": "member", "course_ids": []string{c.archived}})
}

func outcomeOf(a sitetest.Answer) []any { return []any{a.Status, a.Get("granted"), a.Get("role")} }

// batchPath is the path of the requests that invite many.
const batchPath = "/admin/invites/batch"

func TestBatch(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		b := &batchStory{admin: s.AdminToken()}
		b.email, _, b.user = s.NewAccount("many-a")
		_, _, b.stranger = s.NewAccount("many-stranger")
		b.course = s.Want(201, "POST", "/courses", b.admin,
			`{"title":"Many","status":"published","visibility":"private"}`).Text("id")
		b.order = sitetest.With(sitetest.Batch(b.email, "nonsense", strings.ToUpper(b.email), "many-b@example.com"),
			"role_to_grant", "instructor", "course_ids", []string{b.course})
		t.Run("a dry run and a refused whole invite nobody", func(t *testing.T) { b.inviteNobody(s.For(t)) })
		t.Run("every address is invited once", func(t *testing.T) { b.inviteOnce(s.For(t)) })
		t.Run("only the invited address may redeem", func(t *testing.T) { b.redeem(s.For(t)) })
		t.Run("a batch is revoked as a whole", func(t *testing.T) { b.revoke(s.For(t)) })
		t.Run("a faulty batch is refused", func(t *testing.T) { b.sendFaulty(s.For(t)) })
	})
}

// batchStory is a batch of four rows: two addresses, one of them twice, and what is no address.
type batchStory struct {
	admin, user, stranger, email, course string
	order                                map[string]any
	// id is the batch's id once inviteOnce has run, and code what it has mailed to email.
	id, code string
}

// batchVerdict is what becomes of each row.
var batchVerdict = []string{"created", "error invalid-email", "exists", "created"}

func (b *batchStory) inviteNobody(s *sitetest.Site) {
	dry := s.Want(200, "POST", batchPath, b.admin, sitetest.With(b.order, "dry_run", true))
	require.Equal(s.T, batchVerdict, sitetest.RowStatuses(s.T, dry))
	require.Equal(s.T, []any{2.0, 1.0, 1.0, nil, nil},
		[]any{
			dry.Get("created"), dry.Get("exists"), dry.Get("errors"), dry.Get("batch_id"),
			dry.Get("results.0.invite_id"),
		})
	atomic := s.Want(200, "POST", batchPath, b.admin, sitetest.With(b.order, "dry_run", false, "mode", "atomic"))
	require.Equal(s.T, []string{"skipped", "error invalid-email", "exists", "skipped"}, sitetest.RowStatuses(s.T, atomic))
	require.Equal(s.T, []any{0.0, nil}, []any{atomic.Get("created"), atomic.Get("batch_id")})
	require.Empty(s.T, s.Want(200, "GET", "/admin/invites", b.admin, nil).Items())
	require.Zero(s.T, s.CountEntries(b.admin, "invite.created"))
}

func (b *batchStory) inviteOnce(s *sitetest.Site) {
	done := s.Want(200, "POST", batchPath, b.admin, sitetest.With(b.order, "mode", "partial"))
	require.Equal(s.T, batchVerdict, sitetest.RowStatuses(s.T, done))
	require.Equal(s.T, done.Get("results.0.invite_id"), done.Get("results.2.invite_id"))
	require.Equal(s.T, strings.ToUpper(b.email), done.Get("results.2.email"), "as it was given")
	require.Equal(s.T, 2, s.CountEntries(b.admin, "invite.created"))
	b.id = done.Text("batch_id")
	listed := s.Want(200, "GET", "/admin/invites?status=active&batch_id="+b.id, b.admin, nil).Items()
	require.Len(s.T, listed, 2)
	for _, item := range listed {
		i := item.(map[string]any)
		require.Equal(s.T, []any{b.id, "instructor", 1.0, []any{b.course}},
			[]any{i["batch_id"], i["role_to_grant"], i["max_uses"], i["course_ids"]})
	}

	again := s.Want(200, "POST", batchPath, b.admin, b.order)
	require.Equal(s.T, []string{"exists", "error invalid-email", "exists", "exists"}, sitetest.RowStatuses(s.T, again))
	require.Nil(s.T, again.Get("batch_id"))
	require.Equal(s.T, done.Get("results.0.invite_id"), again.Get("results.0.invite_id"))
	b.code = s.WaitForLink(b.email, "/join#code=", "")
	later := s.Want(200, "POST", batchPath, b.admin,
		sitetest.With(sitetest.Batch(b.email), "role_to_grant", "instructor", "course_ids", []string{b.course},
			"expires_at", clock.FromTime(time.Now().Add(time.Hour)).String()))
	require.Equal(s.T, []string{"exists"}, sitetest.RowStatuses(s.T, later), "one that lasts longer is there")
	other := s.Want(200, "POST", batchPath, b.admin, sitetest.With(sitetest.Batch(b.email), "role_to_grant", "member"))
	require.Equal(s.T, []string{"created"}, sitetest.RowStatuses(s.T, other), "another role is another invite")
}

func (b *batchStory) redeem(s *sitetest.Site) {
	require.Equal(s.T, "invite-wrong-address", s.Redeem(b.stranger, b.code).Text("code"))
	require.Equal(s.T, []any{200, true, "instructor"},
		outcomeOf(s.Redeem(b.user, strings.ToLower(strings.ReplaceAll(b.code, "-", " – ")))))
	s.Want(200, "GET", "/courses/"+b.course, b.user, nil)
}

func (b *batchStory) revoke(s *sitetest.Site) {
	unused := s.WaitForLink("many-b@example.com", "/join#code=", "")
	s.Want(204, "DELETE", "/admin/invites?batch_id="+b.id, b.admin, nil)
	s.Want(204, "DELETE", "/admin/invites?batch_id="+b.id, b.admin, nil)
	require.Equal(s.T, 2, s.CountEntries(b.admin, "invite.revoked"))
	require.Equal(s.T, "invite-revoked", s.Redeem(b.stranger, unused).Text("code"))
	require.Len(s.T, s.Want(200, "GET", "/admin/invites?status=revoked&batch_id="+b.id, b.admin, nil).Items(), 2)
	require.Len(s.T, s.Want(200, "GET", "/admin/invites?status=active", b.admin, nil).Items(), 1, "the other batch is left")
	s.WantProblem(404, "not-found", "DELETE", "/admin/invites?batch_id=01900000-0000-7000-8000-000000000000",
		b.admin, nil)
	s.WantProblem(404, "not-found", "DELETE", "/admin/invites?batch_id=nonsense", b.admin, nil)
	s.WantProblem(422, "validation-failed", "DELETE", "/admin/invites", b.admin, nil)
	require.Empty(s.T, s.Want(200, "GET", "/admin/invites?batch_id=nonsense", b.admin, nil).Items())
}

func (b *batchStory) sendFaulty(s *sitetest.Site) {
	one := sitetest.Batch(b.email)
	for _, bad := range []any{
		one, sitetest.With(sitetest.Batch(), "role_to_grant", "member"),
		sitetest.With(one, "role_to_grant", "user"),
		sitetest.With(one, "role_to_grant", "member", "mode", "half"),
		sitetest.With(one, "role_to_grant", "member", "expires_at", "2001-01-01T00:00:00Z"),
		sitetest.With(sitetest.Batch(make([]string, 1001)...), "role_to_grant", "member"),
		sitetest.With(one, "role_to_grant", "member", "course_ids", []string{"nonsense"}),
		sitetest.With(one, "role_to_grant", "member", "max_uses", 2),
	} {
		s.WantProblem(422, "validation-failed", "POST", batchPath, b.admin, bad)
	}
	s.WantProblem(422, "validation-failed", "POST", batchPath+"?dry_run=true", b.admin,
		sitetest.With(one, "role_to_grant", "member"))
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

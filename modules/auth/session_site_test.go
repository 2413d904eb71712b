package auth_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
	"lyceum/platform/testkit"
)

// S1: a refresh token is opaque, carries 256 bits, and the database holds nothing that could be
// used.
func TestS1RefreshTokensAreOpaqueAndHashed(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		email, _, token := s.NewAccount("opaque")
		login := s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		refresh := login.Text("refresh_token")
		raw, err := base64.RawURLEncoding.DecodeString(refresh)
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(raw), 32)
		require.NotContains(t, refresh, ".")
		s.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email})
		reset := s.WaitForLink(email, "/reset#token=", "")
		verify := s.WaitForLink(email, "/verify#token=", "")
		secret := s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret")
		codes := s.Want(200, "POST", "/auth/mfa/totp/confirm", token,
			map[string]string{"code": sitetest.TOTPCode(t, secret, 0)}).Get("recovery_codes").([]any)
		challenge := s.WantProblem(401, "mfa-required", "POST", "/auth/login", "",
			sitetest.Credentials(email, sitetest.Password)).Text("challenge")
		dump := dumpDatabase(s)
		for name, usable := range map[string]string{
			"refresh": refresh, "access": token, "reset": reset, "verify": verify, "secret": secret,
			"recovery code": codes[0].(string), "challenge": challenge, "password": sitetest.Password,
		} {
			require.NotContains(t, dump, usable, name)
			require.NotContains(t, dump, fmt.Sprintf("%x", usable), "%s in hex", name)
		}
		require.Contains(t, dump, email, "the dump is one")
	})
}

// dumpDatabase is every row of every table as text, bytes in hex.
func dumpDatabase(s *sitetest.Site) (out string) {
	s.T.Helper()
	d := s.Running.Parts.DB
	query := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if d.Dialect() == db.Postgres {
		query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
	}
	var tables []string
	require.NoError(s.T, d.Conn(s.T.Context()).Raw(query).Scan(&tables).Error)
	require.NotEmpty(s.T, tables)
	for _, table := range tables {
		var rows []map[string]any
		require.NoError(s.T, d.Conn(s.T.Context()).Raw("SELECT * FROM "+table).Scan(&rows).Error)
		for _, row := range rows {
			for column, v := range row {
				if b, ok := v.([]byte); ok {
					v = fmt.Sprintf("%x %s", b, b)
				}
				out += fmt.Sprintf("%s.%s=%v\n", table, column, v)
			}
		}
	}
	return out
}

// S2: a spent token outside the grace ends its whole session, and that is written down.
func TestS2ReuseEndsTheSession(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		email, id, _ := s.NewAccount("reuse")
		first := s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		second := s.Refresh(first.Text("refresh_token"))
		third := s.Refresh(second.Text("refresh_token"))
		require.Equal(t, 200, third.Status)
		a := s.Refresh(first.Text("refresh_token"))
		require.Equal(t, "refresh-token-reused", a.Text("code"))
		require.Equal(t, 401, a.Status)
		for _, dead := range []sitetest.Answer{first, second, third} {
			require.Equal(t, "invalid-token", s.Refresh(dead.Text("refresh_token")).Text("code"))
			s.WantProblem(401, "invalid-token", "GET", "/users/me", dead.Text("access_token"), nil)
		}
		entry := s.Want(200, "GET", "/admin/audit-logs?action=auth.refresh_reused", s.AdminToken(), nil)
		require.Equal(t, id, entry.Text("items.0.actor.id"))
		require.Equal(t, "session", entry.Text("items.0.target.type"))
	})
}

// S4: an answer that was lost logs nobody out: the parent of the newest token gets that newest one.
func TestS4ALostAnswerLogsNobodyOut(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		email, _, _ := s.NewAccount("lost")
		token := s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password)).Text("refresh_token")
		for range 5 {
			lost := s.Refresh(token)
			again := s.Refresh(token)
			require.Equal(t, 200, again.Status)
			require.Equal(t, lost.Text("refresh_token"), again.Text("refresh_token"))
			token = again.Text("refresh_token")
		}
	})
}

// S5: a session ends when it is not used for REFRESH_TOKEN_TTL, and after six times that however
// used.
func TestS5IdleAndAbsoluteLife(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"REFRESH_TOKEN_TTL": "1s", "RATE_LIMIT_ENABLED": "false"})
	login := func() string {
		return s.Want(200, "POST", "/auth/login", "",
			sitetest.Credentials("user@lyceum.local", sitetest.AdminPassword)).Text("refresh_token")
	}
	idle, used, began := login(), login(), time.Now()
	for time.Since(began) < 1200*time.Millisecond {
		used = s.Refresh(used).Text("refresh_token")
		require.NotEmpty(t, used)
		time.Sleep(200 * time.Millisecond)
	}
	require.Equal(t, "invalid-token", s.Refresh(idle).Text("code"))
	ended := false
	for time.Since(began) < 8*time.Second && !ended {
		a := s.Refresh(used)
		if ended = a.Status == 401; !ended {
			used = a.Text("refresh_token")
			time.Sleep(200 * time.Millisecond)
		}
	}
	require.True(t, ended)
	require.Greater(t, time.Since(began), 5500*time.Millisecond)
}

// S7: on every replica, requests and open sockets end within a second of what ends a session.
func TestS7EveryEndHoldsOnEveryReplica(t *testing.T) {
	t.Parallel()
	sites := sitetest.StartReplicas(t, 2)
	a, b := sites[0], sites[1]
	admin := a.AdminToken()
	next := "a phrase for later"
	for name, end := range map[string]func(id, token, refresh string){
		"logout": func(_, _, refresh string) {
			a.Want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": refresh})
		},
		"logout all": func(_, token, _ string) { a.Want(204, "POST", "/auth/logout-all", token, nil) },
		"disable":    func(id, _, _ string) { a.Want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"disabled"}`) },
		"delete":     func(id, _, _ string) { a.Want(204, "DELETE", "/admin/users/"+id, admin, nil) },
		"delete me": func(_, token, _ string) {
			a.Want(204, "DELETE", "/users/me", token, map[string]string{"password": sitetest.Password})
		},
		"session": func(_, token, _ string) {
			for _, x := range a.Want(200, "GET", "/auth/sessions", token, nil).Items() {
				if m := x.(map[string]any); m["current"] == true {
					a.Want(204, "DELETE", "/auth/sessions/"+m["id"].(string), token, nil)
				}
			}
		},
		"change": func(_, _, _ string) {
			other := a.Login("s7-change@example.com", sitetest.Password)
			a.Want(204, "POST", "/auth/password/change", other,
				map[string]string{"current_password": sitetest.Password, "new_password": next})
		},
		"reset": func(_, _, _ string) {
			a.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": "s7-reset@example.com"})
			link := a.WaitForLink("s7-reset@example.com", "/reset#token=", "")
			a.Want(204, "POST", "/auth/password/reset", "", map[string]string{"token": link, "password": next})
		},
		"reuse": func(_, _, refresh string) {
			a.Refresh(a.Refresh(refresh).Text("refresh_token"))
			require.Equal(t, "refresh-token-reused", a.Refresh(refresh).Text("code"))
		},
	} {
		email := "s7-" + strings.ReplaceAll(name, " ", "-") + "@example.com"
		id := a.Want(201, "POST", "/auth/register", "", sitetest.Credentials(email, sitetest.Password)).Text("id")
		session := a.Want(200, "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		token := session.Text("access_token")
		b.Want(200, "GET", "/users/me", token, nil)
		c := b.Dial("/ws/channels/hq?token="+token, nil)
		c.Until("welcome")
		end(id, token, session.Text("refresh_token"))
		ended := time.Now()
		require.Equal(t, 4401, c.CloseCode(), name)
		require.Less(t, time.Since(ended), 1500*time.Millisecond, "%s: the socket", name)
		require.Eventually(t, func() bool { return b.Call("GET", "/users/me", token, nil).Status == 401 },
			time.Second, 20*time.Millisecond, name)
		require.Equal(t, 401, b.Refresh(session.Text("refresh_token")).Status, name)
	}
}

// S3 and R4 over replicas: 200 uses of one token at once have one successor; registrations of one
// address make one account; of two administrators who end one another one stays.
func TestRacesOverReplicas(t *testing.T) {
	t.Parallel()
	sites := sitetest.StartReplicas(t, 2, "RATE_LIMIT_ENABLED=false")
	a, b := sites[0], sites[1]
	admin := a.AdminToken()
	me := a.Want(200, "GET", "/users/me", admin, nil).Text("id")
	other := a.Want(201, "POST", "/auth/register", "",
		sitetest.Credentials("other-admin@example.com", sitetest.Password)).Text("id")
	a.SetRole(admin, other, "admin")
	second := b.Login("other-admin@example.com", sitetest.Password)
	for round := range testkit.Rounds(500) {
		// refresh
		login := a.Want(200, "POST", "/auth/login", "", sitetest.Credentials("admin@lyceum.local", sitetest.AdminPassword))
		next := make([]string, 200)
		sitetest.CallAtOnce(sites, len(next),
			func(s *sitetest.Site, i int) { next[i] = s.Refresh(login.Text("refresh_token")).Text("refresh_token") })
		for _, n := range next {
			require.NotEmpty(t, n)
			require.Equal(t, next[0], n)
		}
		// register
		statuses := make([]int, 10)
		sitetest.CallAtOnce(sites, len(statuses), func(s *sitetest.Site, i int) {
			email := []string{"Race%d@Example.com", " race%d@example.com"}[i/2%2]
			statuses[i] = s.Register(fmt.Sprintf(email, round), sitetest.Password).Status
		})
		require.Equal(t, 1, sitetest.CountOf(statuses, 201), "%v", statuses)
		require.Equal(t, 9, sitetest.CountOf(statuses, 409), "%v", statuses)
		// last admin
		ends := []func() int{
			func() int { return a.Call("PATCH", "/admin/users/"+other, admin, `{"role":"user"}`).Status },
			func() int { return b.Call("PATCH", "/admin/users/"+me, second, `{"role":"user"}`).Status },
		}
		won := make([]int, 2)
		sitetest.CallAtOnce(sites, 2, func(_ *sitetest.Site, i int) { won[i] = ends[i]() })
		require.Equal(t, 1, sitetest.CountOf(won, 200), "%v", won)
		if won[0] == 200 {
			a.SetRole(admin, other, "admin")
		} else {
			b.SetRole(second, me, "admin")
		}
	}
	require.Equal(t, true, a.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
}

// S2, S4, S6: sessions are renewed, listed and ended.
func TestS6SessionsAreListedAndEnded(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		email, _, _ := s.NewAccount("sessions")
		body := map[string]string{"email": strings.ToUpper(email), "password": sitetest.Password}
		one := s.Want(200, "POST", "/auth/login", "", body)
		require.EqualValues(t, 900, one.Get("expires_in"))
		require.Equal(t, "Bearer", one.Text("token_type"))
		require.NotContains(t, one.Text("refresh_token"), ".")
		s.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "",
			map[string]string{"email": email, "password": "wrong"})
		s.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "",
			map[string]string{"email": "nobody@example.com", "password": "wrong"})

		// S3, S4: the parent of the newest token gets that newest one again.
		first := one.Text("refresh_token")
		second := s.Refresh(first)
		require.Equal(t, 200, second.Status)
		require.Equal(t, second.Text("refresh_token"), s.Refresh(first).Text("refresh_token"))
		third := s.Refresh(second.Text("refresh_token"))
		require.Equal(t, 200, third.Status)
		// S2: an older one ends the whole session.
		require.Equal(t, "refresh-token-reused", s.Refresh(first).Text("code"))
		require.Equal(t, "invalid-token", s.Refresh(third.Text("refresh_token")).Text("code"))
		s.WantProblem(401, "invalid-token", "GET", "/users/me", third.Text("access_token"), nil)
		for _, forged := range []string{"", "x", strings.Repeat("A", 75), first[:len(first)-1] + "A", first + "A"} {
			require.Equal(t, "invalid-token", s.Refresh(forged).Text("code"), forged)
		}

		// S6: listed, ended one by one, or all.
		a, b := s.Want(200, "POST", "/auth/login", "", body), s.Want(200, "POST", "/auth/login", "", body)
		list := s.Want(200, "GET", "/auth/sessions", a.Text("access_token"), nil).Items()
		require.Len(t, list, 3, "the newcomer's own login and these two")
		current := 0
		for _, x := range list {
			if x.(map[string]any)["current"] == true {
				current++
			}
		}
		require.Equal(t, 1, current)
		var other string
		for _, x := range s.Want(200, "GET", "/auth/sessions", b.Text("access_token"), nil).Items() {
			if m := x.(map[string]any); m["current"] == true {
				other = m["id"].(string)
			}
		}
		s.Want(204, "DELETE", "/auth/sessions/"+other, a.Text("access_token"), nil)
		s.WantProblem(401, "invalid-token", "GET", "/users/me", b.Text("access_token"), nil)
		s.WantProblem(404, "not-found", "DELETE", "/auth/sessions/"+other, a.Text("access_token"), nil)
		s.WantProblem(404, "not-found", "DELETE", "/auth/sessions/nonsense", a.Text("access_token"), nil)
		s.Want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": "any string"})
		s.Want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": a.Text("refresh_token")})
		s.WantProblem(401, "invalid-token", "GET", "/users/me", a.Text("access_token"), nil)
		c := s.Want(200, "POST", "/auth/login", "", body).Text("access_token")
		s.Want(204, "POST", "/auth/logout-all", c, nil)
		s.WantProblem(401, "invalid-token", "GET", "/users/me", c, nil)
	})
}

// S3: however many uses at once, one generation follows.
func TestS3ParallelRefreshesGiveOneSuccessor(t *testing.T) {
	sitetest.OnBoth(t, map[string]string{"RATE_LIMIT_ENABLED": "false"}, func(t *testing.T, s *sitetest.Site) {
		email, _, _ := s.NewAccount("parallel")
		for range testkit.Rounds(100) {
			token := s.Want(200, "POST", "/auth/login", "",
				map[string]string{"email": email, "password": sitetest.Password}).Text("refresh_token")
			next := make([]string, 20)
			var wg sync.WaitGroup
			for i := range next {
				wg.Go(func() { next[i] = s.Refresh(token).Text("refresh_token") })
			}
			wg.Wait()
			for _, n := range next {
				require.NotEmpty(t, n)
				require.Equal(t, next[0], n)
			}
		}
	})
}

// The list of sessions has those that are alive, the newest first, in pages, and no others'.
func TestListOfSessions(t *testing.T) {
	sitetest.OnBoth(t, sitetest.BehindProxy, func(t *testing.T, s *sitetest.Site) {
		email, _, token := s.NewAccount("listed")
		_, _, stranger := s.NewAccount("stranger")
		var newest sitetest.Answer
		for i := range 4 {
			newest = s.TryLogin(email, sitetest.Password, sitetest.FromAddress(fmt.Sprint("192.0.2.", i)),
				sitetest.Header{"User-Agent": fmt.Sprint("agent ", i)})
			require.Equal(t, 200, newest.Status)
		}
		var agents []string
		for cursor := ""; ; {
			page := s.Want(200, "GET", "/auth/sessions?limit=2"+cursor, newest.Text("access_token"), nil)
			for _, item := range page.Items() {
				one := item.(map[string]any)
				agents = append(agents, one["user_agent"].(string))
				require.Equal(t, len(agents) == 1, one["current"])
			}
			if page.Get("next_cursor") == nil {
				break
			}
			s.WantProblem(422, "validation-failed", "GET",
				"/auth/sessions?limit=2&cursor="+page.Text("next_cursor"), stranger, nil)
			cursor = "&cursor=" + page.Text("next_cursor")
		}
		require.Equal(t, []string{"agent 3", "agent 2", "agent 1", "agent 0", "Go-http-client/1.1"}, agents)

		list := s.Want(200, "GET", "/auth/sessions", token, nil)
		require.Equal(t, "192.0.2.3", list.Text("items.0.ip"))
		s.WantProblem(404, "not-found", "DELETE", "/auth/sessions/"+list.Text("items.0.id"), stranger, nil)
		require.Equal(t, 200, s.Call("POST", "/auth/refresh", "",
			map[string]string{"refresh_token": newest.Text("refresh_token")}, sitetest.FromAddress("198.51.100.7"),
			sitetest.Header{"User-Agent": "a new version"}).Status)
		list = s.Want(200, "GET", "/auth/sessions", token, nil)
		require.Equal(t, []string{"198.51.100.7", "a new version"},
			[]string{list.Text("items.0.ip"), list.Text("items.0.user_agent")}, "a session shows where it was used last")
	})
}

// Each way to end sessions is written down with what it ended, and who asked.
func TestEndsOfSessionsAreWrittenDown(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, id, token := s.NewAccount("ending")
		login := func() sitetest.Answer {
			return s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		}
		entries := func(action string) (found []string) {
			for _, item := range s.Want(200, "GET", "/admin/audit-logs?limit=100&action="+action, admin, nil).Items() {
				entry := sitetest.Answer{JSON: item.(map[string]any)}
				found = append(found, entry.Text("actor.id")+" "+entry.Text("target.type"))
			}
			return found
		}
		one := login()
		for range 2 { // the second one ends nothing
			s.Want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": one.Text("refresh_token")})
		}
		require.Equal(t, []string{id + " session"}, entries("auth.logged_out"))
		two := login()
		current := s.Want(200, "GET", "/auth/sessions", two.Text("access_token"), nil).Text("items.0.id")
		s.Want(204, "DELETE", "/auth/sessions/"+current, token, nil)
		require.Equal(t, []string{id + " session"}, entries("auth.session_revoked"))
		login()
		s.Want(204, "POST", "/auth/logout-all", token, nil)
		require.Equal(t, []string{id + " user", id + " session"}, entries("auth.logged_out"))
		require.Len(t, entries("auth.session_revoked"), 3, "that of the call, and the other one")
		login()
		s.Want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"disabled"}`)
		me := s.Want(200, "GET", "/users/me", admin, nil).Text("id")
		require.Equal(t, me+" session", entries("auth.session_revoked")[0], "the administrator ended it")
	})
}

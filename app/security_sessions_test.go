package main

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/platform/db"
	"lyceum/platform/testkit"
)

// S1: a refresh token is opaque, carries 256 bits, and the database holds nothing that could be used.
func TestS1RefreshTokensAreOpaqueAndHashed(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		email, _, token := s.newcomer("opaque")
		login := s.want(200, "POST", "/auth/login", "", creds(email, password))
		refresh := login.str("refresh_token")
		raw, err := base64.RawURLEncoding.DecodeString(refresh)
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(raw), 32)
		require.NotContains(t, refresh, ".")
		s.want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email})
		reset := s.linkFrom(email, "/reset#token=", "")
		verify := s.linkFrom(email, "/verify#token=", "")
		secret := s.want(200, "POST", "/auth/mfa/totp", token, nil).str("secret")
		codes := s.want(200, "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": totpCode(t, secret, 0)}).get("recovery_codes").([]any)
		challenge := s.refused(401, "mfa-required", "POST", "/auth/login", "", creds(email, password)).str("challenge")
		dump := s.dump()
		for name, usable := range map[string]string{"refresh": refresh, "access": token, "reset": reset, "verify": verify, "secret": secret,
			"recovery code": codes[0].(string), "challenge": challenge, "password": password} {
			require.NotContains(t, dump, usable, name)
			require.NotContains(t, dump, fmt.Sprintf("%x", usable), "%s in hex", name)
		}
		require.Contains(t, dump, email, "the dump is one")
	})
}

// dump is every row of every table as text, bytes in hex.
func (s *site) dump() (out string) {
	s.t.Helper()
	d := s.run.Parts.DB
	query := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if d.Dialect() == db.Postgres {
		query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
	}
	var tables []string
	require.NoError(s.t, d.Conn(s.t.Context()).Raw(query).Scan(&tables).Error)
	require.NotEmpty(s.t, tables)
	for _, table := range tables {
		var rows []map[string]any
		require.NoError(s.t, d.Conn(s.t.Context()).Raw("SELECT * FROM "+table).Scan(&rows).Error)
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
	kinds(t, func(t *testing.T, s *site) {
		email, id, _ := s.newcomer("reuse")
		first := s.want(200, "POST", "/auth/login", "", creds(email, password))
		second := s.refresh(first.str("refresh_token"))
		third := s.refresh(second.str("refresh_token"))
		require.Equal(t, 200, third.Status)
		a := s.refresh(first.str("refresh_token"))
		require.Equal(t, "refresh-token-reused", a.str("code"))
		require.Equal(t, 401, a.Status)
		for _, dead := range []answer{first, second, third} {
			require.Equal(t, "invalid-token", s.refresh(dead.str("refresh_token")).str("code"))
			s.refused(401, "invalid-token", "GET", "/users/me", dead.str("access_token"), nil)
		}
		entry := s.want(200, "GET", "/admin/audit-logs?action=auth.refresh_reused", s.admin(), nil)
		require.Equal(t, id, entry.str("items.0.actor.id"))
		require.Equal(t, "session", entry.str("items.0.target.type"))
	})
}

// S4: an answer that was lost logs nobody out: the parent of the newest token gets that newest one.
func TestS4ALostAnswerLogsNobodyOut(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		email, _, _ := s.newcomer("lost")
		token := s.want(200, "POST", "/auth/login", "", creds(email, password)).str("refresh_token")
		for range 5 {
			lost := s.refresh(token)
			again := s.refresh(token)
			require.Equal(t, 200, again.Status)
			require.Equal(t, lost.str("refresh_token"), again.str("refresh_token"))
			token = again.str("refresh_token")
		}
	})
}

// S5: a session ends when it is not used for REFRESH_TOKEN_TTL, and after six times that however used.
func TestS5IdleAndAbsoluteLife(t *testing.T) {
	t.Parallel()
	s := serveSite(t, map[string]string{"REFRESH_TOKEN_TTL": "1s", "RATE_LIMIT_ENABLED": "false"})
	login := func() string {
		return s.want(200, "POST", "/auth/login", "", creds("user@lyceum.local", seed.DemoPassword)).str("refresh_token")
	}
	idle, used, began := login(), login(), time.Now()
	for time.Since(began) < 1200*time.Millisecond {
		used = s.refresh(used).str("refresh_token")
		require.NotEmpty(t, used)
		time.Sleep(200 * time.Millisecond)
	}
	require.Equal(t, "invalid-token", s.refresh(idle).str("code"))
	ended := false
	for time.Since(began) < 8*time.Second && !ended {
		a := s.refresh(used)
		if ended = a.Status == 401; !ended {
			used = a.str("refresh_token")
			time.Sleep(200 * time.Millisecond)
		}
	}
	require.True(t, ended)
	require.Greater(t, time.Since(began), 5500*time.Millisecond)
}

// S7: on every replica, requests and open sockets end within a second of what ends a session.
func TestS7EveryEndHoldsOnEveryReplica(t *testing.T) {
	t.Parallel()
	sites := replicas(t, 2)
	a, b := sites[0], sites[1]
	admin := a.admin()
	next := "a phrase for later"
	for name, end := range map[string]func(id, token, refresh string){
		"logout": func(_, _, refresh string) {
			a.want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": refresh})
		},
		"logout all": func(_, token, _ string) { a.want(204, "POST", "/auth/logout-all", token, nil) },
		"disable":    func(id, _, _ string) { a.want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"disabled"}`) },
		"delete":     func(id, _, _ string) { a.want(204, "DELETE", "/admin/users/"+id, admin, nil) },
		"delete me": func(_, token, _ string) {
			a.want(204, "DELETE", "/users/me", token, map[string]string{"password": password})
		},
		"session": func(_, token, _ string) {
			for _, x := range a.want(200, "GET", "/auth/sessions", token, nil).items() {
				if m := x.(map[string]any); m["current"] == true {
					a.want(204, "DELETE", "/auth/sessions/"+m["id"].(string), token, nil)
				}
			}
		},
		"change": func(_, _, _ string) {
			other := a.login("s7-change@example.com", password)
			a.want(204, "POST", "/auth/password/change", other, map[string]string{"current_password": password, "new_password": next})
		},
		"reset": func(_, _, _ string) {
			a.want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": "s7-reset@example.com"})
			link := a.linkFrom("s7-reset@example.com", "/reset#token=", "")
			a.want(204, "POST", "/auth/password/reset", "", map[string]string{"token": link, "password": next})
		},
		"reuse": func(_, _, refresh string) {
			a.refresh(a.refresh(refresh).str("refresh_token"))
			require.Equal(t, "refresh-token-reused", a.refresh(refresh).str("code"))
		},
	} {
		email := "s7-" + strings.ReplaceAll(name, " ", "-") + "@example.com"
		id := a.want(201, "POST", "/auth/register", "", creds(email, password)).str("id")
		session := a.want(200, "POST", "/auth/login", "", creds(email, password))
		token := session.str("access_token")
		b.want(200, "GET", "/users/me", token, nil)
		c := b.dial("/ws/channels/hq?token="+token, nil)
		c.until("welcome")
		end(id, token, session.str("refresh_token"))
		ended := time.Now()
		require.Equal(t, 4401, c.closed(), name)
		require.Less(t, time.Since(ended), 1500*time.Millisecond, "%s: the socket", name)
		require.Eventually(t, func() bool { return b.call("GET", "/users/me", token, nil).Status == 401 }, time.Second, 20*time.Millisecond, name)
		require.Equal(t, 401, b.refresh(session.str("refresh_token")).Status, name)
	}
}

// S3 and R4 over replicas: 200 uses of one token at once have one successor; registrations of one address
// make one account; of two administrators who end one another one stays.
func TestRacesOverReplicas(t *testing.T) {
	t.Parallel()
	sites := replicas(t, 2, "RATE_LIMIT_ENABLED=false")
	a, b := sites[0], sites[1]
	admin := a.admin()
	me := a.want(200, "GET", "/users/me", admin, nil).str("id")
	other := a.want(201, "POST", "/auth/register", "", creds("other-admin@example.com", password)).str("id")
	a.promote(admin, other, "admin")
	second := b.login("other-admin@example.com", password)
	for round := range testkit.Rounds(500) {
		// refresh
		login := a.want(200, "POST", "/auth/login", "", creds("admin@lyceum.local", seed.DemoPassword))
		next := make([]string, 200)
		both(sites, len(next), func(s *site, i int) { next[i] = s.refresh(login.str("refresh_token")).str("refresh_token") })
		for _, n := range next {
			require.NotEmpty(t, n)
			require.Equal(t, next[0], n)
		}
		// register
		statuses := make([]int, 10)
		both(sites, len(statuses), func(s *site, i int) {
			email := []string{"Race%d@Example.com", " race%d@example.com"}[i/2%2]
			statuses[i] = s.register(fmt.Sprintf(email, round), password).Status
		})
		require.Equal(t, 1, countOf(statuses, 201), "%v", statuses)
		require.Equal(t, 9, countOf(statuses, 409), "%v", statuses)
		// last admin
		ends := []func() int{
			func() int { return a.call("PATCH", "/admin/users/"+other, admin, `{"role":"user"}`).Status },
			func() int { return b.call("PATCH", "/admin/users/"+me, second, `{"role":"user"}`).Status },
		}
		won := make([]int, 2)
		both(sites, 2, func(_ *site, i int) { won[i] = ends[i]() })
		require.Equal(t, 1, countOf(won, 200), "%v", won)
		if won[0] == 200 {
			a.promote(admin, other, "admin")
		} else {
			b.promote(second, me, "admin")
		}
	}
	require.Equal(t, true, a.want(200, "GET", "/admin/audit-logs/verify", admin, nil).get("ok"))
}

// both runs n calls at once, in turns on the replicas.
func both(sites []*site, n int, call func(s *site, i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { call(sites[i%len(sites)], i) })
	}
	wg.Wait()
}

func countOf(statuses []int, want int) (n int) {
	for _, s := range statuses {
		if s == want {
			n++
		}
	}
	return n
}

// J6: a rotation is noticed by running servers within a second, on every replica; the old key's tokens hold
// until they run out.
func TestJ6KeysRotateWhileServing(t *testing.T) {
	t.Parallel()
	sites := replicas(t, 2)
	a, b := sites[0], sites[1]
	old := a.admin()
	before := a.want(200, "GET", "/.well-known/jwks.json", "", nil)
	status, out := lyceum(t, map[string]string{"JWT_KEYS_DIR": a.cfg.JWTKeysDir, "DATA_DIR": t.TempDir()}, "", "keys", "rotate")
	require.Equal(t, 0, status, out)
	require.Contains(t, out, "signs")
	require.Contains(t, out, "verifies")
	signedBy := func() string { return kidOf(t, a.admin()) }
	require.Eventually(t, func() bool { return signedBy() != before.str("keys.0.kid") }, time.Second, 50*time.Millisecond, "it signs within a second")
	fresh := a.admin()
	for _, s := range sites {
		require.Len(t, s.want(200, "GET", "/.well-known/jwks.json", "", nil).get("keys").([]any), 2)
		s.want(200, "GET", "/users/me", old, nil)
		s.want(200, "GET", "/users/me", fresh, nil)
	}
	require.Contains(t, out, kidOf(t, fresh))
	b.want(200, "GET", "/users/me", b.admin(), nil)
}

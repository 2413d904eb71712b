package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
)

// What hostile clients have tried with success before stays tried.

// R3: a proxy may add a line of its own beside the client's; hops may carry ports.
func TestR3EveryForwardedLineCounts(t *testing.T) {
	t.Parallel()
	s := serveSite(t, map[string]string{"TRUSTED_PROXIES": "127.0.0.0/8", "RATE_LIMIT_LOGIN_IP": "5/1m"})
	try := func(lines ...string) int {
		body := `{"email":"nobody@example.com","password":"wrong"}`
		conn, err := net.Dial("tcp", s.run.Addr.String())
		require.NoError(t, err)
		defer conn.Close()
		fmt.Fprintf(conn, "POST /auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", len(body))
		for _, l := range lines {
			fmt.Fprintf(conn, "X-Forwarded-For: %s\r\n", l)
		}
		_, _ = io.WriteString(conn, "\r\n"+body)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		defer res.Body.Close()
		return res.StatusCode
	}
	for i, mine := range []string{"203.0.113.9", "203.0.113.9:4711", "203.0.113.9", "203.0.113.9:80", "203.0.113.9"} {
		require.Equal(t, 401, try(fmt.Sprintf("10.0.%d.1", i), mine), i)
	}
	require.Equal(t, 429, try("10.9.9.9", "203.0.113.9"))
	require.Equal(t, 401, try("203.0.113.9", "[2001:db8::1]:443"), "another network")
}

// A registration that is refused at its very end is one problem, not an account and a problem.
func TestACommitThatFailsAnswersOnce(t *testing.T) {
	t.Parallel()
	s := serveSite(t, nil)
	_, err := s.run.Parts.DB.Exec(t.Context(), "ALTER TABLE audit_head RENAME TO audit_head_away")
	require.NoError(t, err)
	body := `{"email":"twice@example.com","password":"correct horse battery"}`
	for _, key := range []string{"", "k"} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.base+"/auth/register", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		if key != "" {
			req.Header.Set("Idempotency-Key", key)
		}
		res, err := client.Do(req)
		require.NoError(t, err)
		raw, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		_ = res.Body.Close()
		require.Equal(t, 500, res.StatusCode)
		require.Empty(t, res.Header.Get("Location"))
		require.Empty(t, res.Header.Get("ETag"))
		var problem map[string]any
		require.NoError(t, json.Unmarshal(raw, &problem), "%s", raw)
		require.Equal(t, "internal-error", problem["code"])
	}
	_, err = s.run.Parts.DB.Exec(t.Context(), "ALTER TABLE audit_head_away RENAME TO audit_head")
	require.NoError(t, err)
	s.want(201, "POST", "/auth/register", "", body, header{"Idempotency-Key": "k"})
}

// Hashing a password holds no transaction: while many register with keys, others write.
func TestRegistrationsHoldNobodyUp(t *testing.T) {
	kindsWith(t, map[string]string{"ARGON2_MEMORY_KIB": "19456", "ARGON2_TIME": "2", "RATE_LIMIT_ENABLED": "false"}, func(t *testing.T, s *site) {
		_, _, token := s.newcomer("bystander")
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				s.call("POST", "/auth/register", "", creds(fmt.Sprintf("many-%d@example.com", i), password), header{"Idempotency-Key": fmt.Sprint("k", i)})
			})
		}
		written := 0
		done := make(chan struct{})
		go func() { wg.Wait(); close(done) }()
		for more := true; more; written++ {
			s.want(200, "PATCH", "/users/me", token, map[string]string{"display_name": fmt.Sprint("Name ", written)})
			select {
			case <-done:
				more = false
			default:
			}
		}
		require.Greater(t, written, 3, "the flood and the writes went side by side")
	})
}

// R2: whoever registers somebody else's address and sets a second factor does not keep its owner out.
func TestR2AMailboxOwnsItsAccount(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		reset := func(email, next string) {
			s.want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": email})
			s.want(204, "POST", "/auth/password/reset", "", map[string]string{"token": s.linkFrom(email, "/reset#token=", ""), "password": next})
		}
		secured := func(name string) (email string) {
			email, _, token := s.newcomer(name)
			secret := s.want(200, "POST", "/auth/mfa/totp", token, nil).str("secret")
			s.want(200, "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": totpCode(t, secret, 0)})
			return email
		}
		victim := secured("hijacked")
		reset(victim, "the owner's own phrase")
		in := s.want(200, "POST", "/auth/login", "", creds(victim, "the owner's own phrase"))
		require.Equal(t, true, in.get("user.email_verified"), "the mailbox is the owner's")

		owner := secured("careful-owner")
		s.want(200, "POST", "/auth/verify-email", "", map[string]string{"token": s.linkFrom(owner, "/verify#token=", "")})
		reset(owner, "another phrase then")
		s.refused(401, "mfa-required", "POST", "/auth/login", "", creds(owner, "another phrase then"))
	})
}

// An operator who knows its owner may remove a lost second factor, and only so.
func TestALostSecondFactorIsRemovedByTheOperator(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, nil)
	s := p.site()
	token := s.login("user@lyceum.local", seed.DemoPassword)
	secret := s.want(200, "POST", "/auth/mfa/totp", token, nil).str("secret")
	s.want(200, "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": totpCode(t, secret, 0)})
	s.refused(401, "mfa-required", "POST", "/auth/login", "", creds("user@lyceum.local", seed.DemoPassword))
	status, out := lyceum(t, map[string]string{"DATA_DIR": dir}, "", "admin", "remove-factor", "--email", "User@Lyceum.local")
	require.Equal(t, 0, status, out)
	s.login("user@lyceum.local", seed.DemoPassword)
	entry := s.want(200, "GET", "/admin/audit-logs?action=auth.mfa_disabled", s.admin(), nil)
	require.Equal(t, "cli", entry.str("items.0.data.via"))
	status, _ = lyceum(t, map[string]string{"DATA_DIR": dir}, "", "admin", "remove-factor", "--email", "user@lyceum.local")
	require.Equal(t, 1, status)
}

// What a request of an account wrote while the account was deleted goes, too.
func TestWhatWasUnderWayIsErasedLater(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		_, id, token := s.newcomer("racing")
		s.want(204, "DELETE", "/users/me", token, map[string]string{"password": password})
		d := s.run.Parts.DB
		_, err := d.Exec(t.Context(), "INSERT INTO notification_preferences (user_id, kind, in_app, email) VALUES (?, 'mention', ?, ?)", id, true, true)
		require.NoError(t, err)
		n, err := d.Exec(t.Context(), "UPDATE outbox_deliveries SET next_at = 0 WHERE event = 'users.removed'")
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		require.Eventually(t, func() bool {
			var left int
			return d.QueryRow(t.Context(), "SELECT count(*) FROM notification_preferences WHERE user_id = ?", []any{id}, &left) == nil && left == 0
		}, 10*time.Second, 50*time.Millisecond)
	})
}

func TestSmallGapsStayShut(t *testing.T) {
	t.Parallel()
	s := serveSite(t, unlimited)
	// P2: a long password in the long form of its characters.
	long := strings.Repeat("e\u0301", 70)
	require.Equal(t, 201, s.register("p2-long@example.com", long).Status)
	s.login("p2-long@example.com", long)
	s.login("p2-long@example.com", strings.Repeat("\u00e9", 70))
	// V9: one form, also where lower case composes anew.
	for i, local := range []string{"J\u030cane", "\u03aa\u0301x", "H\u0331q"} {
		address := fmt.Sprintf("%s%d@example.com", local, i)
		require.Equal(t, 201, s.register(address, password).Status)
		s.login(address, password)
		require.Equal(t, 409, s.register(strings.ToLower(address), password).Status)
	}
	// Failures of an address that nobody had are not its new owner's.
	for range 101 {
		s.tryLogin("newborn@example.com", "wrong")
	}
	require.Equal(t, "account-locked", s.tryLogin("newborn@example.com", "wrong").str("code"))
	s.newcomer("newborn")
	// A half-done sign-in ends with all others.
	email, _, token := s.newcomer("halfway")
	secret := s.want(200, "POST", "/auth/mfa/totp", token, nil).str("secret")
	s.want(200, "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": totpCode(t, secret, -30*time.Second)})
	challenge := s.tryLogin(email, password).str("challenge")
	s.want(204, "POST", "/auth/logout-all", token, nil)
	verify := func(challenge string) answer {
		return s.call("POST", "/auth/mfa/verify", "", map[string]string{"challenge": challenge, "code": totpCode(t, secret, 0)})
	}
	require.Equal(t, "invalid-token", verify(challenge).str("code"))
	// One that is written just after a new password was set proves the old one.
	challenge = s.tryLogin(email, password).str("challenge")
	_, err := s.run.Parts.DB.Exec(t.Context(), "UPDATE auth_challenges SET password_at = password_at - 1")
	require.NoError(t, err)
	require.Equal(t, "invalid-token", verify(challenge).str("code"))
	require.Equal(t, 200, verify(s.tryLogin(email, password).str("challenge")).Status)
}

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
)

// What hostile clients have tried with success before stays tried.

// R3: a proxy may add a line of its own beside the client's; hops may carry ports.
func TestR3EveryForwardedLineCounts(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"TRUSTED_PROXIES": "127.0.0.0/8", "RATE_LIMIT_LOGIN_IP": "5/1m"})
	try := func(lines ...string) int {
		body := `{"email":"nobody@example.com","password":"wrong"}`
		conn, err := net.Dial("tcp", s.Running.Addr.String())
		require.NoError(t, err)
		defer conn.Close()
		fmt.Fprintf(conn,
			"POST /auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n",
			len(body))
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
	s := sitetest.Start(t, nil)
	_, err := s.Running.Parts.DB.Exec(t.Context(), "ALTER TABLE audit_head RENAME TO audit_head_away")
	require.NoError(t, err)
	body := `{"email":"twice@example.com","password":"correct horse battery"}`
	for _, key := range []string{"", "k"} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/auth/register", strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		if key != "" {
			req.Header.Set("Idempotency-Key", key)
		}
		res, err := sitetest.Client.Do(req)
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
	_, err = s.Running.Parts.DB.Exec(t.Context(), "ALTER TABLE audit_head_away RENAME TO audit_head")
	require.NoError(t, err)
	s.Want(201, "POST", "/auth/register", "", body, sitetest.Header{"Idempotency-Key": "k"})
}

// An operator who knows its owner may remove a lost second factor, and only so.
func TestALostSecondFactorIsRemovedByTheOperator(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, nil)
	s := p.site()
	token := s.Login("user@lyceum.local", seed.DemoPassword)
	secret := s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret")
	s.Want(200, "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": sitetest.TOTPCode(t, secret, 0)})
	s.WantProblem(401, "mfa-required", "POST", "/auth/login", "",
		sitetest.Credentials("user@lyceum.local", seed.DemoPassword))
	status, out := lyceum(t, map[string]string{"DATA_DIR": dir}, "", "admin", "remove-factor", "--email",
		"User@Lyceum.local")
	require.Equal(t, 0, status, out)
	s.Login("user@lyceum.local", seed.DemoPassword)
	entry := s.Want(200, "GET", "/admin/audit-logs?action=auth.mfa_disabled", s.AdminToken(), nil)
	require.Equal(t, "cli", entry.Text("items.0.data.via"))
	status, _ = lyceum(t, map[string]string{"DATA_DIR": dir}, "", "admin", "remove-factor", "--email", "user@lyceum.local")
	require.Equal(t, 1, status)
}

func TestSmallGapsStayShut(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, sitetest.Unlimited)
	// P2: a long password in the long form of its characters.
	long := strings.Repeat("e\u0301", 70)
	require.Equal(t, 201, s.Register("p2-long@example.com", long).Status)
	s.Login("p2-long@example.com", long)
	s.Login("p2-long@example.com", strings.Repeat("\u00e9", 70))
	// V9: one form, also where lower case composes anew.
	for i, local := range []string{"J\u030cane", "\u03aa\u0301x", "H\u0331q"} {
		address := fmt.Sprintf("%s%d@example.com", local, i)
		require.Equal(t, 201, s.Register(address, sitetest.Password).Status)
		s.Login(address, sitetest.Password)
		require.Equal(t, 409, s.Register(strings.ToLower(address), sitetest.Password).Status)
	}
	// Failures of an address that nobody had are not its new owner's.
	for range 101 {
		s.TryLogin("newborn@example.com", "wrong")
	}
	require.Equal(t, "account-locked", s.TryLogin("newborn@example.com", "wrong").Text("code"))
	s.NewAccount("newborn")
	// A half-done sign-in ends with all others.
	email, _, token := s.NewAccount("halfway")
	secret := s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret")
	s.Want(200, "POST", "/auth/mfa/totp/confirm", token,
		map[string]string{"code": sitetest.TOTPCode(t, secret, -30*time.Second)})
	challenge := s.TryLogin(email, sitetest.Password).Text("challenge")
	s.Want(204, "POST", "/auth/logout-all", token, nil)
	verify := func(challenge string) sitetest.Answer {
		return s.Call("POST", "/auth/mfa/verify", "",
			map[string]string{"challenge": challenge, "code": sitetest.TOTPCode(t, secret, 0)})
	}
	require.Equal(t, "invalid-token", verify(challenge).Text("code"))
	// One that is written just after a new password was set proves the old one.
	challenge = s.TryLogin(email, sitetest.Password).Text("challenge")
	_, err := s.Running.Parts.DB.Exec(t.Context(), "UPDATE auth_challenges SET password_at = password_at - 1")
	require.NoError(t, err)
	require.Equal(t, "invalid-token", verify(challenge).Text("code"))
	require.Equal(t, 200, verify(s.TryLogin(email, sitetest.Password).Text("challenge")).Status)
}

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

	"github.com/stretchr/testify/require"

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

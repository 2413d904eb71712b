package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// launchWithFiles is launch for a process that may have only so many files and connections open.
func launchWithFiles(t *testing.T, files int, vars map[string]string) *process {
	t.Helper()
	port := testkit.FreePort(t)
	vars["HTTP_ADDR"], vars["PUBLIC_URL"] = "127.0.0.1:"+port, "http://127.0.0.1:"+port
	cmd := lyceumCmd(t.Context(), vars)
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", fmt.Sprintf("ulimit -n %d && exec %s", files, os.Args[0])}
	p := &process{t: t, cmd: cmd, base: vars["PUBLIC_URL"], out: &safeBuffer{}}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	require.Eventually(t, func() bool { return answers(p.base + "/healthz") }, 20*time.Second, 50*time.Millisecond,
		"%s", p.out)
	return p
}

func answers(url string) bool {
	res, err := (&http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}).Get(url)
	if err != nil {
		return false
	}
	return res.Body.Close() == nil && res.StatusCode == 200
}

// Connections that use up the file descriptors never end the process: who is connected goes on, others wait and are served
// once some are free, and the parts inside the process work as before.
func TestRunningOutOfFileDescriptorsEndsNothing(t *testing.T) {
	t.Parallel()
	for name, vars := range map[string]map[string]string{"embedded": {}, "services": sitetest.Services(t)} {
		t.Run(name, func(t *testing.T) {
			vars["DATA_DIR"] = t.TempDir()
			vars["ADMIN_EMAIL"], vars["ADMIN_PASSWORD"] = "owner@example.com", sitetest.Password
			p := launchWithFiles(t, 64, vars)
			s := p.site()
			token := s.Login("owner@example.com", sitetest.Password)
			for round := range 3 {
				var idle []net.Conn
				for range 100 {
					conn, err := net.Dial("tcp", strings.TrimPrefix(p.base, "http://"))
					require.NoError(t, err)
					_, _ = conn.Write([]byte("GET /healthz HTTP/1.1\r\nHost: "))
					idle = append(idle, conn)
				}
				// The connection of before is still served, though it needs the database and a write.
				course := s.Want(201, "POST", "/courses", token,
					map[string]string{"title": fmt.Sprint("Round ", round)}).Text("id")
				for _, conn := range idle {
					require.NoError(t, conn.Close())
				}
				require.Eventually(t, func() bool { return answers(p.base + "/courses") }, 10*time.Second,
					50*time.Millisecond, "%s", p.out)
				s.Want(200, "GET", "/courses/"+course, token, nil)
				require.Eventually(t,
					func() bool { return s.Want(200, "GET", "/readyz", "", nil).Text("status") == "ready" },
					10*time.Second, 100*time.Millisecond)
			}
			require.NotContains(t, p.out.String(), "the server ended")
		})
	}
}

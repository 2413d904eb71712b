package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// launchWithFiles is launch for a process that may have only so many files and connections open.
func launchWithFiles(t *testing.T, files int, vars map[string]string) *sitetest.Process {
	t.Helper()
	port := testkit.FreePort(t)
	vars["HTTP_ADDR"], vars["PUBLIC_URL"] = "127.0.0.1:"+port, "http://127.0.0.1:"+port
	cmd := ownProgram.Command(t.Context(), vars)
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", fmt.Sprintf("ulimit -n %d && exec %s", files, os.Args[0])}
	return sitetest.Follow(t, cmd, vars["PUBLIC_URL"])
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
			s := p.Site()
			token := s.Login("owner@example.com", sitetest.Password)
			for round := range 3 {
				var idle []net.Conn
				for range 100 {
					conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
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
				require.Eventually(t, func() bool { return sitetest.Answers(p.URL + "/courses") }, 10*time.Second,
					50*time.Millisecond, "%s", p.Out)
				s.Want(200, "GET", "/courses/"+course, token, nil)
				require.Eventually(t,
					func() bool { return s.Want(200, "GET", "/readyz", "", nil).Text("status") == "ready" },
					10*time.Second, 100*time.Millisecond)
			}
			require.NotContains(t, p.Out.String(), "the server ended")
		})
	}
}

package sitetest

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/testkit"
)

// Program is an executable file of Lyceum, for tests that kill or signal it.
type Program struct {
	// Path is the file. It may be a test binary that runs the program instead of its tests.
	Path string
	// Env are variables that every process of the file gets, as KEY=value.
	Env []string
}

// SyncBuffer is a buffer that a process writes to while a test reads it.
type SyncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends p.
func (s *SyncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// String returns what was written.
func (s *SyncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Process is a process of Lyceum.
type Process struct {
	T   testing.TB
	Cmd *exec.Cmd
	// URL is the address at which it is called, if it serves.
	URL string
	// Out is what it has printed.
	Out *SyncBuffer
}

// Command returns a command of the program with the environment vars alone and cheap password hashes.
func (p Program) Command(ctx context.Context, vars map[string]string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.Path, args...)
	cmd.Dir = os.TempDir()
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "ARGON2_MEMORY_KIB=64", "ARGON2_TIME=1",
	}, p.Env...)
	for k, v := range vars {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	return cmd
}

// Launch starts `lyceum serve` on a free port, unless vars name an address, and waits until it answers. The process
// is killed at the end of the test.
func (p Program) Launch(t testing.TB, vars map[string]string) *Process {
	t.Helper()
	port := testkit.FreePort(t)
	env := map[string]string{"HTTP_ADDR": "127.0.0.1:" + port, "PUBLIC_URL": "http://127.0.0.1:" + port}
	maps.Copy(env, vars)
	return Follow(t, p.Command(context.Background(), env), "http://"+env["HTTP_ADDR"])
}

// Run starts a command. The process is killed at the end of the test.
func Run(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{T: t, Cmd: cmd, Out: &SyncBuffer{}}
	cmd.Stdout, cmd.Stderr = p.Out, p.Out
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return p
}

// Follow is Run for a command that serves at a URL. It waits until that answers.
func Follow(t testing.TB, cmd *exec.Cmd, url string) *Process {
	t.Helper()
	p := Run(t, cmd)
	p.URL = url
	require.Eventually(t, func() bool { return Answers(url + "/healthz") }, 20*time.Second, 10*time.Millisecond,
		"%s", p.Out)
	return p
}

// Answers returns whether a GET request on a connection of its own is answered with 200 within two seconds.
func Answers(url string) bool {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.Body.Close() == nil && res.StatusCode == http.StatusOK
}

// Site returns the site that the process serves.
func (p *Process) Site() *Site { return &Site{T: p.T, URL: p.URL} }

// Kill ends the process at once, as a crash does.
func (p *Process) Kill() {
	p.T.Helper()
	require.NoError(p.T, p.Cmd.Process.Kill())
	_ = p.Cmd.Wait()
}

// Stop asks the process to end and holds it to exit status 0.
func (p *Process) Stop() {
	p.T.Helper()
	require.NoError(p.T, p.Cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(p.T, p.Cmd.Wait(), "%s", p.Out)
}

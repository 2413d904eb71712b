package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// wait is how long tests wait for an end, and tick how often they look.
const (
	wait = 30 * time.Second
	tick = 20 * time.Millisecond
)

// TestMain lets this test binary stand in for the command, so that it can be killed and watched.
func TestMain(m *testing.M) {
	if os.Getenv("SERVICES_TEST_AS_COMMAND") == "1" {
		os.Unsetenv("SERVICES_TEST_AS_COMMAND")
		main()
	}
	os.Exit(m.Run())
}

func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "SERVICES_TEST_AS_COMMAND=1", "TMPDIR="+tempDir(t))
	return cmd
}

// tempDir is one that servers of another user can enter, unlike t.TempDir.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "services-test-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

func needServices(t *testing.T) {
	t.Helper()
	if os.Getenv("LYCEUM_TEST_EMBEDDED") == "1" {
		t.Skip("LYCEUM_TEST_EMBEDDED=1 leaves out tests that need real services")
	}
}

func TestStatusIsTheCommands(t *testing.T) {
	needServices(t)
	for _, c := range []struct {
		script string
		want   int
	}{{"exit 0", 0}, {"exit 7", 7}, {"kill -9 $$", 137}} {
		var stderr bytes.Buffer
		got := run(t.Context(), []string{"-need", "redis", "--", "sh", "-c", c.script}, &stderr)
		require.Equal(t, c.want, got, "%s: %s", c.script, &stderr)
	}
}

func TestMisuse(t *testing.T) {
	needServices(t)
	for want, args := range map[string][]string{
		"usage: services":    {},
		"not defined":        {"-what"},
		"no such service":    {"-need", "oracle", "--", "true"},
		"not found in $PATH": {"-need", "redis", "--", "no-such-command-here"},
	} {
		var stderr bytes.Buffer
		require.NotZero(t, run(t.Context(), args, &stderr), "%v", args)
		require.Contains(t, stderr.String(), want)
	}
	require.Zero(t, run(t.Context(), []string{"-h"}, &bytes.Buffer{}))
}

// TestNothingStaysBehind ends the command in each way there is and looks for what it started.
func TestNothingStaysBehind(t *testing.T) {
	needServices(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			cmd := command(t, "-need", "postgres,redis,minio", "--", "sh", "-c",
				`echo "$TEST_DATABASE_URL $TEST_REDIS_URL $TEST_S3_ENDPOINT $$" > `+out+`.new; mv `+out+`.new `+out+`; sleep 60`)
			require.NoError(t, cmd.Start())
			addrs, child := started(t, out)
			cmd.Process.Signal(sig)
			cmd.Wait() // a signal ends it
			require.Eventually(t, func() bool { return syscall.Kill(child, 0) != nil },
				wait, tick, "the command's process is there")
			for _, addr := range addrs {
				require.Eventually(t, func() bool { return !listening(addr) },
					wait, tick, addr+" still answers")
			}
		})
	}
}

// TestEndsWithItsParent kills the shell between, as a cancelled CI job would.
func TestEndsWithItsParent(t *testing.T) {
	needServices(t)
	out := filepath.Join(t.TempDir(), "out")
	inner := command(t, "-need", "redis", "--", "sh", "-c",
		`echo "x://127.0.0.1:1 $TEST_REDIS_URL 127.0.0.1:1 $$" > `+out+`.new; mv `+out+`.new `+out+`; sleep 60`)
	quoted := make([]string, len(inner.Args))
	for i, arg := range inner.Args {
		quoted[i] = "'" + arg + "'"
	}
	shell := exec.Command("sh", "-c", strings.Join(quoted, " ")+"; true")
	shell.Env = inner.Env
	require.NoError(t, shell.Start())
	addrs, child := started(t, out)
	shell.Process.Kill()
	shell.Wait() // it was killed
	require.Eventually(t, func() bool { return !listening(addrs[1]) },
		wait, tick, "redis still answers")
	require.Eventually(t, func() bool { return syscall.Kill(child, 0) != nil },
		wait, tick, "the command's process is there")
}

func started(t *testing.T, path string) (addrs []string, child int) {
	t.Helper()
	require.Eventually(t, func() bool { _, err := os.Stat(path); return err == nil },
		wait, tick, "the command has not started")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	fields := strings.Fields(string(b))
	_, err = fmt.Sscan(fields[len(fields)-1], &child)
	require.NoError(t, err, "%s", b)
	for _, field := range fields[:len(fields)-1] {
		_, rest, ok := strings.Cut(field, "://")
		if !ok {
			rest = field
		}
		rest, _, _ = strings.Cut(rest, "/")
		addrs = append(addrs, rest[strings.LastIndexByte(rest, '@')+1:])
	}
	return addrs, child
}

func listening(addr string) bool {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(context.Background(), "tcp", addr)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

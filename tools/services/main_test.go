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
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
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
		if got := run(t.Context(), []string{"-need", "redis", "--", "sh", "-c", c.script}, &stderr); got != c.want {
			t.Errorf("%s: got %d, want %d; %s", c.script, got, c.want, &stderr)
		}
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
		if got := run(t.Context(), args, &stderr); got == 0 || !strings.Contains(stderr.String(), want) {
			t.Errorf("%v: %d, %s", args, got, &stderr)
		}
	}
	if got := run(t.Context(), []string{"-h"}, &bytes.Buffer{}); got != 0 {
		t.Errorf("-h: %d", got)
	}
}

// TestNothingStaysBehind ends the command in each way there is and looks for what it started.
func TestNothingStaysBehind(t *testing.T) {
	needServices(t)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			cmd := command(t, "-need", "postgres,redis,minio", "--", "sh", "-c",
				`echo "$TEST_DATABASE_URL $TEST_REDIS_URL $TEST_S3_ENDPOINT $$" > `+out+`.new; mv `+out+`.new `+out+`; sleep 60`)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			addrs, child := started(t, out)
			cmd.Process.Signal(sig)
			cmd.Wait() // a signal ends it
			eventually(t, "the command's process is there", func() bool { return syscall.Kill(child, 0) != nil })
			for _, addr := range addrs {
				eventually(t, addr+" still answers", func() bool { return !listening(addr) })
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
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	addrs, child := started(t, out)
	shell.Process.Kill()
	shell.Wait() // it was killed
	eventually(t, "redis still answers", func() bool { return !listening(addrs[1]) })
	eventually(t, "the command's process is there", func() bool { return syscall.Kill(child, 0) != nil })
}

func started(t *testing.T, path string) (addrs []string, child int) {
	t.Helper()
	eventually(t, "the command has not started", func() bool { _, err := os.Stat(path); return err == nil })
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(b))
	if _, err := fmt.Sscan(fields[len(fields)-1], &child); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
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

func eventually(t *testing.T, failure string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(failure)
		}
	}
}

package services

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startFor starts a server for a test, or skips where real services are left out.
func startFor(t *testing.T, name string) *Server {
	t.Helper()
	if os.Getenv("LYCEUM_TEST_EMBEDDED") == "1" {
		t.Skip("LYCEUM_TEST_EMBEDDED=1 leaves out tests that need " + name)
	}
	path, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := NewDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dir.Remove)
	s, err := StartServer(t.Context(), name, path, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func answers(s *Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return s.ready(ctx)
}

func TestServersStopFreezeAndComeBack(t *testing.T) {
	for _, name := range []string{Postgres, Redis, MinIO} {
		t.Run(name, func(t *testing.T) {
			s := startFor(t, name)
			s.Freeze()
			if err := answers(s); err == nil {
				t.Error("it answers though it is frozen")
			}
			s.Thaw()
			if err := answers(s); err != nil {
				t.Errorf("thawed: %v", err)
			}
			for how, end := range map[string]func(){"stopped": s.Stop, "killed": s.Kill} {
				end()
				if err := answers(s); err == nil {
					t.Errorf("%s, it still answers", how)
				}
				if err := s.Start(t.Context()); err != nil {
					t.Errorf("%s, it does not start again: %v", how, err)
				}
			}
		})
	}
}

func TestPostgresKeepsItsDataThroughKill(t *testing.T) {
	s := startFor(t, Postgres)
	query := func(sql string) (n int) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), s.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil && !errors.Is(err, pgx.ErrNoRows) {
			t.Fatal(err)
		}
		return n
	}
	query("CREATE TABLE kept AS SELECT 7 AS n")
	s.Kill()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := query("SELECT n FROM kept"); n != 7 {
		t.Errorf("got %d, want 7", n)
	}
}

func TestStackIsAllOrNothing(t *testing.T) {
	startFor(t, Redis) // or skip
	_, err := Start(t.Context(), []string{Redis, "oracle"}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), `no such service: "oracle"`) {
		t.Errorf("got %v", err)
	}
}

func TestMissingIsOneLineThatSaysHowToGetIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, name := range []string{Redis, MinIO, Chromium} {
		_, err := Find(name)
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	err := install(t.Context(), []string{Redis}, io.Discard)
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "redis-server") {
		t.Errorf("without apt-get: %v", err)
	}
	err = install(t.Context(), []string{MinIO}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "no go to build it") {
		t.Errorf("without go: %v", err)
	}
}

func TestAServerThatDoesNotStartShowsItsLog(t *testing.T) {
	dir, err := NewDir()
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Remove()
	_, err = StartServer(t.Context(), Redis, "/bin/echo", dir)
	if err == nil || !strings.Contains(err.Error(), "redis did not start: it ended") || !strings.Contains(err.Error(), "--bind") {
		t.Errorf("got %v", err)
	}
}

func TestDirsOfTheDeadAreSweptAndOthersStay(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	alive, err := NewDir()
	if err != nil {
		t.Fatal(err)
	}
	dead, err := NewDir()
	if err != nil {
		t.Fatal(err)
	}
	dead.lock.Close() // as the end of a process does
	old := time.Now().Add(-time.Hour)
	for _, d := range []*Dir{alive, dead} {
		if err := os.Chtimes(d.Path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	sweep()
	if _, err := os.Stat(dead.Path); err == nil {
		t.Error("the dead one's directory is still there")
	}
	if _, err := os.Stat(alive.Path); err != nil {
		t.Error("the living one's directory is gone")
	}
}

func TestDescendantsAreFoundWhateverTheirGroup(t *testing.T) {
	s := startFor(t, Postgres)
	pids := s.pids()
	if len(pids) < 3 {
		t.Fatalf("a postmaster with %d processes in all", len(pids))
	}
	s.Kill()
	deadline := time.Now().Add(5 * time.Second)
	for _, pid := range pids {
		for running(pid) && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
		}
		if running(pid) {
			t.Errorf("process %d is still there", pid)
		}
	}
}

// running does not count what has ended and only waits to be collected.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

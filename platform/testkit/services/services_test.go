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
	"github.com/stretchr/testify/require"
)

// startFor starts a server for a test, or skips where real services are left out.
func startFor(t *testing.T, name string) *Server {
	t.Helper()
	if os.Getenv("LYCEUM_TEST_EMBEDDED") == "1" {
		t.Skip("LYCEUM_TEST_EMBEDDED=1 leaves out tests that need " + name)
	}
	path, err := FindProgram(name)
	require.NoError(t, err)
	dir, err := NewDir()
	require.NoError(t, err)
	t.Cleanup(dir.Remove)
	s, err := StartServer(t.Context(), name, path, dir)
	require.NoError(t, err)
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
			require.Error(t, answers(s), "it answers though it is frozen")
			s.Thaw()
			require.NoError(t, answers(s), "thawed")
			for how, end := range map[string]func(){"stopped": s.Stop, "killed": s.Kill} {
				end()
				require.Error(t, answers(s), "%s, it still answers", how)
				require.NoError(t, s.Start(t.Context()), "%s, it does not start again", how)
			}
		})
	}
}

func TestPostgresKeepsItsDataThroughKill(t *testing.T) {
	s := startFor(t, Postgres)
	query := func(sql string) (n int) {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), s.URL)
		require.NoError(t, err)
		defer conn.Close(t.Context())
		if err := conn.QueryRow(t.Context(), sql).Scan(&n); !errors.Is(err, pgx.ErrNoRows) {
			require.NoError(t, err)
		}
		return n
	}
	query("CREATE TABLE kept AS SELECT 7 AS n")
	s.Kill()
	require.NoError(t, s.Start(t.Context()))
	require.Equal(t, 7, query("SELECT n FROM kept"))
}

func TestStackIsAllOrNothing(t *testing.T) {
	startFor(t, Redis) // or skip
	_, err := Start(t.Context(), []string{Redis, "oracle"}, io.Discard)
	require.ErrorContains(t, err, `no such service: "oracle"`)
}

func TestMissingIsOneLineThatSaysHowToGetIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, name := range []string{Redis, MinIO, Chromium, Node} {
		_, err := FindProgram(name)
		require.ErrorContains(t, err, name)
		require.NotContains(t, err.Error(), "\n")
	}
	err := installMissing(t.Context(), []string{Redis}, io.Discard)
	require.ErrorContains(t, err, "redis-server", "without apt-get")
	require.NotContains(t, err.Error(), "\n")
	err = installMissing(t.Context(), []string{MinIO}, io.Discard)
	require.ErrorContains(t, err, "no go to build it", "without go")
}

func TestAServerThatDoesNotStartShowsItsLog(t *testing.T) {
	dir, err := NewDir()
	require.NoError(t, err)
	defer dir.Remove()
	_, err = StartServer(t.Context(), Redis, "/bin/echo", dir)
	require.ErrorContains(t, err, "redis did not start: it ended")
	require.ErrorContains(t, err, "--bind")
}

func TestDirsOfTheDeadAreSweptAndOthersStay(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	alive, err := NewDir()
	require.NoError(t, err)
	dead, err := NewDir()
	require.NoError(t, err)
	dead.lock.Close() // as the end of a process does
	old := time.Now().Add(-time.Hour)
	for _, d := range []*Dir{alive, dead} {
		require.NoError(t, os.Chtimes(d.Path, old, old))
	}
	removeDeadDirs()
	require.NoDirExists(t, dead.Path)
	require.DirExists(t, alive.Path)
}

func TestDescendantsAreFoundWhateverTheirGroup(t *testing.T) {
	s := startFor(t, Postgres)
	pids := s.listProcesses()
	require.GreaterOrEqual(t, len(pids), 3, "a postmaster with its processes")
	s.Kill()
	for _, pid := range pids {
		ended := func() bool { return !running(pid) }
		require.Eventually(t, ended, 5*time.Second, 10*time.Millisecond, "process %d", pid)
	}
}

// running returns false for a process that has ended and only waits to be collected.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

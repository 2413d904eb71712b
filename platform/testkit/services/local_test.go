package services

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// writeProgram makes an empty program in a directory.
func writeProgram(t *testing.T, path string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755))
}

func TestFindProgram(t *testing.T) {
	bin, cache := t.TempDir(), t.TempDir()
	t.Setenv("PATH", bin)
	t.Setenv("XDG_CACHE_HOME", cache)

	_, err := FindProgram("oracle")
	require.ErrorContains(t, err, `no such service: "oracle"; there are postgres, redis, minio, chromium, node, pgbouncer`)
	require.Contains(t, listMissing(AllServices), Redis)

	writeProgram(t, filepath.Join(bin, "redis-server"))
	writeProgram(t, filepath.Join(bin, "google-chrome"))
	writeProgram(t, filepath.Join(bin, "minio"))
	for name, want := range map[string]string{Redis: "redis-server", Chromium: "google-chrome", MinIO: "minio"} {
		path, err := FindProgram(name)
		require.NoError(t, err)
		require.Equal(t, filepath.Join(bin, want), path)
	}
	built := filepath.Join(minioDir(), "minio")
	require.True(t, strings.HasPrefix(built, cache), built)
	writeProgram(t, built)
	path, err := FindProgram(MinIO)
	require.NoError(t, err)
	require.Equal(t, built, path, "the program that was built comes first")
	require.NotContains(t, listMissing(AllServices), Redis)
}

func TestLockFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, err := lockFile(path, 0)
	require.NoError(t, err)
	_, err = lockFile(path, syscall.LOCK_NB)
	require.ErrorIs(t, err, syscall.EWOULDBLOCK)

	waited := make(chan error, 1)
	go func() {
		next, err := lockFile(path, 0)
		if err == nil {
			err = next.Close()
		}
		waited <- err
	}()
	require.Never(t, func() bool { return len(waited) > 0 }, 50*time.Millisecond, 5*time.Millisecond)
	require.NoError(t, held.Close())
	require.NoError(t, <-waited)
	_, err = lockFile(filepath.Join(path, "below a file"), 0)
	require.Error(t, err)
}

func TestGetOK(t *testing.T) {
	status := http.StatusServiceUnavailable
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	require.ErrorContains(t, getOK(t.Context(), server.URL), "503 Service Unavailable")
	status = http.StatusOK
	require.NoError(t, getOK(t.Context(), server.URL))
	server.Close()
	require.Error(t, getOK(t.Context(), server.URL))
	require.Error(t, getOK(t.Context(), "no URL"))
}

func TestReadTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "server.log")
	require.Contains(t, readTail(path), "no such file")
	require.NoError(t, os.WriteFile(path, []byte("short"), 0o600))
	require.Equal(t, "server.log:\nshort", readTail(path))
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("x", 5000)+"end"), 0o600))
	require.Len(t, readTail(path), len("server.log:\n")+2000)
	require.True(t, strings.HasSuffix(readTail(path), "xend"))
}

func TestFreeAddr(t *testing.T) {
	one, err := freeAddr()
	require.NoError(t, err)
	listener, err := net.Listen("tcp", one)
	require.NoError(t, err, "it is free")
	defer listener.Close()
	other, err := freeAddr()
	require.NoError(t, err)
	require.NotEqual(t, one, other)
}

func TestListDescendants(t *testing.T) {
	cmd := exec.Command("sh", "-c", "sleep 60 & wait")
	TieToThread(cmd, syscall.SIGKILL)
	require.NoError(t, cmd.Start())
	group := cmd.Process.Pid
	t.Cleanup(func() {
		_ = syscall.Kill(-group, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	require.Eventually(t, func() bool { return len(listDescendants(group)) == 2 }, 5*time.Second, 5*time.Millisecond)
	pids := listDescendants(group)
	require.Equal(t, group, pids[0], "parents come first")
	child, err := syscall.Getpgid(pids[1])
	require.NoError(t, err)
	require.Equal(t, group, child, "the command has a group of its own")
	own, err := syscall.Getpgid(0)
	require.NoError(t, err)
	require.NotEqual(t, own, group)
}

func TestRunQuietly(t *testing.T) {
	require.NoError(t, runQuietly(t.Context(), nil, "true"))
	err := runQuietly(t.Context(), []string{"GREETING=hello"}, "sh", "-c", "echo $GREETING; exit 3")
	require.ErrorContains(t, err, "exit status 3\nhello")
}

func TestTwoDirs(t *testing.T) {
	first, err := NewDir()
	require.NoError(t, err)
	second, err := NewDir()
	require.NoError(t, err)
	require.NotEqual(t, first.Path, second.Path, "two runs of tests at once have folders of their own")
	require.DirExists(t, first.Path)
	first.Remove()
	require.NoDirExists(t, first.Path)
	require.DirExists(t, second.Path)
	second.Remove()
}

func TestInstallHint(t *testing.T) {
	require.Contains(t, installHint(Redis), "apt-get install redis-server")
	require.Contains(t, installHint(MinIO), "builds it", "no package has it")
}

func TestHasPackages(t *testing.T) {
	dir := t.TempDir()
	wanted, installed := lockFiles(dir)
	require.False(t, hasPackages(dir), "no list")
	require.NoError(t, os.WriteFile(wanted, []byte("one"), 0o644))
	require.False(t, hasPackages(dir), "nothing installed")
	require.NoError(t, os.MkdirAll(filepath.Dir(installed), 0o755))
	require.NoError(t, os.WriteFile(installed, []byte("one"), 0o644))
	require.True(t, hasPackages(dir))
	require.NoError(t, os.WriteFile(wanted, []byte("two"), 0o644))
	require.False(t, hasPackages(dir), "the list has changed since")
}

func TestWebToolsDir(t *testing.T) {
	dir, err := WebToolsDir()
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "package-lock.json"))
	t.Chdir(t.TempDir())
	_, err = WebToolsDir()
	require.ErrorContains(t, err, "not in a Go module")
}

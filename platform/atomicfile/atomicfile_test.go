package atomicfile_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/atomicfile"
)

// names lists a folder.
func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestWrite(t *testing.T) {
	t.Run("a new file is private and alone", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "secret")
		require.NoError(t, atomicfile.Write(path, []byte("content")))
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "content", string(content))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode())
		require.Equal(t, []string{"secret"}, names(t, dir))
	})
	t.Run("a file that is there is replaced, mode and all", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "secret")
		require.NoError(t, os.WriteFile(path, []byte("a longer old content"), 0o644))
		require.NoError(t, atomicfile.Write(path, []byte("new")))
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "new", string(content))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode())
	})
	t.Run("an open reader keeps the old content", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		require.NoError(t, atomicfile.Write(path, []byte("old")))
		reader, err := os.Open(path)
		require.NoError(t, err)
		defer reader.Close()
		require.NoError(t, atomicfile.Write(path, []byte("new")))
		var old bytes.Buffer
		_, err = old.ReadFrom(reader)
		require.NoError(t, err)
		require.Equal(t, "old", old.String())
	})
	t.Run("the modification time is the given one", func(t *testing.T) {
		path, made := filepath.Join(t.TempDir(), "file"), time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
		require.NoError(t, atomicfile.Write(path, nil, atomicfile.WithModTime(made)))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.True(t, made.Equal(info.ModTime()))
	})
}

func TestWriteThatFails(t *testing.T) {
	t.Run("without a folder", func(t *testing.T) {
		err := atomicfile.Write(filepath.Join(t.TempDir(), "missing", "file"), nil)
		require.ErrorIs(t, err, fs.ErrNotExist)
	})
	t.Run("where a folder has the name", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.MkdirAll(filepath.Join(dir, "taken", "full"), 0o700))
		require.Error(t, atomicfile.Write(filepath.Join(dir, "taken"), []byte("content")))
		require.Equal(t, []string{"taken"}, names(t, dir), "no temporary file is left")
		require.DirExists(t, filepath.Join(dir, "taken", "full"))
	})
	t.Run("beyond the greatest size of a file", func(t *testing.T) {
		runInProcess(t, "limited")
	})
}

func TestRename(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	require.NoError(t, os.WriteFile(from, []byte("content"), 0o600))
	require.NoError(t, atomicfile.RenameSynced(from, to))
	require.Equal(t, []string{"to"}, names(t, dir))
	require.ErrorIs(t, atomicfile.RenameSynced(from, to), fs.ErrNotExist)
}

func TestSyncDir(t *testing.T) {
	require.NoError(t, atomicfile.SyncDir(t.TempDir()))
	require.ErrorIs(t, atomicfile.SyncDir(filepath.Join(t.TempDir(), "missing")), fs.ErrNotExist)
}

// TestAKilledWriter kills processes that replace one file, and expects the file to be whole each
// time.
func TestAKilledWriter(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	require.NoError(t, atomicfile.Write(path, bytes.Repeat([]byte("a"), 1000)))
	for range 10 {
		cmd := process("writer", dir)
		written, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = written.Read(make([]byte, 1)) // it has written once and goes on
		require.NoError(t, err)
		require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
		_ = cmd.Wait() // it was killed
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NotEmpty(t, content)
		require.Empty(t, strings.Trim(string(content), string(content[:1])), "the file is a mixture of two writes")
		for _, name := range names(t, dir) {
			require.True(t,
				name == "file" || strings.HasPrefix(name, ".file.") && strings.HasSuffix(name, atomicfile.TempSuffix),
				name)
		}
	}
}

const roleKey, dirKey = "ATOMICFILE_TEST_ROLE", "ATOMICFILE_TEST_DIR"

// process returns this test binary in another role; see TestHelperProcess.
func process(role, dir string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestHelperProcess$")
	cmd.Env = append(os.Environ(), roleKey+"="+role, dirKey+"="+dir)
	return cmd
}

func runInProcess(t *testing.T, role string) {
	t.Helper()
	out, err := process(role, t.TempDir()).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// TestHelperProcess is what the processes of the other tests do.
func TestHelperProcess(t *testing.T) {
	path := filepath.Join(os.Getenv(dirKey), "file")
	switch os.Getenv(roleKey) {
	case "writer":
		for n := 0; ; n++ {
			require.NoError(t, atomicfile.Write(path, bytes.Repeat([]byte{byte('a' + n%26)}, 1+n%300_000)))
			fmt.Print(".")
		}
	case "limited":
		require.NoError(t, atomicfile.Write(path, []byte("old")))
		var limit syscall.Rlimit
		require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
		limit.Cur = 10_000
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
		require.ErrorIs(t, atomicfile.Write(path, make([]byte, 20_000)), syscall.EFBIG)
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "old", string(content))
		require.Equal(t, []string{"file"}, names(t, filepath.Dir(path)))
	}
}

package private

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func modeOf(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Mode().Perm()
}

func TestDir(t *testing.T) {
	fresh := filepath.Join(t.TempDir(), "a", "b")
	require.NoError(t, CreateDir(fresh))
	require.EqualValues(t, 0o700, modeOf(t, fresh))
	wide := filepath.Join(t.TempDir(), "wide")
	require.NoError(t, os.Mkdir(wide, 0o755))
	require.NoError(t, os.Chmod(wide, 0o777))
	require.NoError(t, CreateDir(wide))
	require.EqualValues(t, 0o700, modeOf(t, wide))
	narrow := filepath.Join(t.TempDir(), "narrow")
	require.NoError(t, os.Mkdir(narrow, 0o500))
	require.NoError(t, CreateDir(narrow))
	require.EqualValues(t, 0o500, modeOf(t, narrow), "rights are never added")
}

func TestDirOf(t *testing.T) {
	wide := func(mode os.FileMode, entries ...string) string {
		dir := filepath.Join(t.TempDir(), "named")
		require.NoError(t, os.Mkdir(dir, 0o700))
		for _, e := range entries {
			require.NoError(t, os.WriteFile(filepath.Join(dir, e), nil, 0o600))
		}
		require.NoError(t, os.Chmod(dir, mode))
		return dir
	}
	for name, c := range map[string]struct {
		dir  string
		want os.FileMode
	}{
		"an empty folder":                {wide(0o755), 0o700},
		"a folder with our files":        {wide(0o777, "lyceum.db", "lyceum.db-wal", "keys"), 0o700},
		"a folder that others use":       {wide(0o755, "lyceum.db", "passwd"), 0o755},
		"a folder that is for everybody": {wide(0o777 | os.ModeSticky), 0o777},
		"a new folder":                   {filepath.Join(t.TempDir(), "a", "b"), 0o700},
	} {
		require.NoError(t, CreateNamedDir(c.dir, "lyceum.*", "keys"), name)
		require.Equal(t, c.want, modeOf(t, c.dir), name)
	}
	before := modeOf(t, "/")
	require.NoError(t, CreateNamedDir("/", "*"))
	require.Equal(t, before, modeOf(t, "/"), "the root of the system is nobody's own")
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, CreateFile(path))
	require.EqualValues(t, 0o600, modeOf(t, path))
	require.NoError(t, os.WriteFile(path, []byte("kept"), 0o600))
	require.NoError(t, os.Chmod(path, 0o644))
	require.NoError(t, CreateFile(path))
	require.EqualValues(t, 0o600, modeOf(t, path))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "kept", string(content))
}

func TestExisting(t *testing.T) {
	dir := t.TempDir()
	wide := filepath.Join(dir, "wide")
	require.NoError(t, os.WriteFile(wide, nil, 0o644))
	require.NoError(t, TightenFiles(wide, filepath.Join(dir, "missing")))
	require.EqualValues(t, 0o600, modeOf(t, wide))
	require.NoFileExists(t, filepath.Join(dir, "missing"))
}

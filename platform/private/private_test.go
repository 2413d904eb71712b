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
	require.NoError(t, Dir(fresh))
	require.EqualValues(t, 0o700, modeOf(t, fresh))
	wide := filepath.Join(t.TempDir(), "wide")
	require.NoError(t, os.Mkdir(wide, 0o755))
	require.NoError(t, os.Chmod(wide, 0o777))
	require.NoError(t, Dir(wide))
	require.EqualValues(t, 0o700, modeOf(t, wide))
	narrow := filepath.Join(t.TempDir(), "narrow")
	require.NoError(t, os.Mkdir(narrow, 0o500))
	require.NoError(t, Dir(narrow))
	require.EqualValues(t, 0o500, modeOf(t, narrow), "rights are never added")
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, File(path))
	require.EqualValues(t, 0o600, modeOf(t, path))
	require.NoError(t, os.WriteFile(path, []byte("kept"), 0o600))
	require.NoError(t, os.Chmod(path, 0o644))
	require.NoError(t, File(path))
	require.EqualValues(t, 0o600, modeOf(t, path))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "kept", string(content))
}

func TestExisting(t *testing.T) {
	dir := t.TempDir()
	wide := filepath.Join(dir, "wide")
	require.NoError(t, os.WriteFile(wide, nil, 0o644))
	require.NoError(t, Existing(wide, filepath.Join(dir, "missing")))
	require.EqualValues(t, 0o600, modeOf(t, wide))
	require.NoFileExists(t, filepath.Join(dir, "missing"))
}

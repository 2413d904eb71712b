package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLockDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	lock, err := LockDir(dir)
	require.NoError(t, err)
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.EqualValues(t, 0o700, info.Mode().Perm())

	_, err = LockDir(dir)
	require.EqualError(t, err, fmt.Sprintf("DATA_DIR %s is in use by process %d", dir, os.Getpid()))
	lock.Unlock()
	lock, err = LockDir(dir)
	require.NoError(t, err, "it is free again")
	lock.Unlock()
}

func TestLockDirThatIsAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err := LockDir(path)
	require.ErrorContains(t, err, "DATA_DIR: ")
}

package faults

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// limitDescriptors bounds how many files and connections a replica may have open, and returns the bound of before.
func limitDescriptors(t *testing.T, r *replica, n uint64) (before uint64) {
	t.Helper()
	pid := r.process.Cmd.Process.Pid
	var old unix.Rlimit
	require.NoError(t, unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &old))
	require.NoError(t, unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: old.Max}, nil))
	return old.Cur
}

// smallDisk returns a folder on a file system of its own, and the fault that it is full.
func smallDisk(t *testing.T) (dir string, full fault) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256m"), "mounting a file system needs root")
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	return dir, fault{name: "disk full", inject: func() { fill(t, ballast) }, mend: func() {
		// Truncated first: a process that another test starts holds every open file until it runs its own program.
		require.NoError(t, os.Truncate(ballast, 0))
		require.NoError(t, os.Remove(ballast))
	}}
}

// fill makes a file as long as the file system allows.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	size := int64(0)
	for piece := int64(1 << 20); piece >= 4096; {
		if err := syscall.Fallocate(int(f.Fd()), 0, size, piece); err != nil {
			require.ErrorIs(t, err, syscall.ENOSPC)
			piece /= 2
			continue
		}
		size += piece
	}
}

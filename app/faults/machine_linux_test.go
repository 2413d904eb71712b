package faults

import (
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

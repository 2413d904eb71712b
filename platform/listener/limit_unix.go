//go:build unix

package listener

import "syscall"

// MaxConnections returns how many connections from outside this process may hold at the same time,
// so that file descriptors are left for the rest of its work.
func MaxConnections() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1 << 30
	}
	return connectionsWithin(uint64(limit.Cur))
}

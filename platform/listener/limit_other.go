//go:build !unix

package listener

// MaxConnections returns how many connections from outside this process may hold at a time: this system sets no limit.
func MaxConnections() int { return 1 << 30 }

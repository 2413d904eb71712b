//go:build !unix

package listener

// MaxConnections returns how many connections from outside this process may hold at the same time.
// The number is practically unbounded, as this system sets no limit.
func MaxConnections() int { return 1 << 30 }

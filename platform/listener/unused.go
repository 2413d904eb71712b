package listener

import (
	"sync"
	"time"
)

// unusedGrace is how long after its start a connection may wait for its first byte while the server ends. A
// client that has just connected is about to send.
const unusedGrace = 250 * time.Millisecond

// unusedConns are the connections from which nothing has been read. Browsers open some in advance.
type unusedConns struct {
	mu    sync.Mutex
	conns map[*Conn]struct{}
}

// add adds a connection.
func (u *unusedConns) add(c *Conn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.conns[c] = struct{}{}
}

// remove removes a connection.
func (u *unusedConns) remove(c *Conn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.conns, c)
}

// endReads makes the reads of all unused connections end, at the latest when their grace is over.
func (u *unusedConns) endReads() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for c := range u.conns {
		_ = c.SetReadDeadline(c.acceptedAt.Add(unusedGrace)) // it fails for one that has ended
	}
}

package listener

import (
	"sync"
	"time"
)

// unusedGrace is how long a connection may still wait for its first byte when the server ends. A client that has just
// connected is about to send.
const unusedGrace = 250 * time.Millisecond

// unusedConns are the connections from which nothing has been read. Browsers open some in advance.
type unusedConns struct {
	mu sync.Mutex
	// deadlines has the read deadline that the server has set for each.
	deadlines map[*Conn]time.Time
	// ends is when their reads end; zero until the server ends.
	ends time.Time
}

// add adds a connection.
func (u *unusedConns) add(c *Conn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.deadlines[c] = time.Time{}
	if !u.ends.IsZero() {
		_ = u.apply(c) // it fails for one that has ended
	}
}

// remove removes a connection and gives it the deadline that the server has set.
func (u *unusedConns) remove(c *Conn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.ends.IsZero() {
		_ = c.TCPConn.SetReadDeadline(u.deadlines[c]) // it fails for one that has ended
	}
	delete(u.deadlines, c)
}

// setReadDeadline sets the deadline of a connection that is unused, at the latest to ends.
func (u *unusedConns) setReadDeadline(c *Conn, t time.Time) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.deadlines[c] = t
	return u.apply(c)
}

// apply sets the deadline of a connection. The caller holds mu.
func (u *unusedConns) apply(c *Conn) error {
	t := u.deadlines[c]
	if !u.ends.IsZero() && (t.IsZero() || t.After(u.ends)) {
		t = u.ends
	}
	return c.TCPConn.SetReadDeadline(t)
}

// endReads makes the reads of all unused connections end when their grace is over, also those of connections that
// are added later.
func (u *unusedConns) endReads() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ends = time.Now().Add(unusedGrace)
	for c := range u.deadlines {
		_ = u.apply(c) // it fails for one that has ended
	}
}

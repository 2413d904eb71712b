package listener

import (
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Bounds of reading on after a refused request. A client that sends more, or more slowly, finds the
// connection reset.
const (
	lingerTime  = 2 * time.Second
	lingerBytes = 64 << 20
)

// Conn is an accepted connection. It keeps what *net.TCPConn does beyond net.Conn, such as
// sendfile.
type Conn struct {
	*net.TCPConn
	lingers atomic.Bool
	// unused is the set that the connection is in until something is read from it; nil for none.
	unused *unusedConns
	isUsed atomic.Bool
}

// Read reads from the connection.
func (c *Conn) Read(b []byte) (n int, err error) {
	n, err = c.TCPConn.Read(b)
	if n > 0 {
		c.leaveUnused()
	}
	return n, err
}

// SetReadDeadline sets the time at which reads fail. An unused connection of a server that ends keeps an earlier one.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if c.unused == nil || c.isUsed.Load() {
		return c.TCPConn.SetReadDeadline(t)
	}
	return c.unused.setReadDeadline(c, t)
}

// WriteTo implements io.WriterTo.
func (c *Conn) WriteTo(w io.Writer) (n int64, err error) {
	c.leaveUnused()
	return c.TCPConn.WriteTo(w)
}

// leaveUnused takes the connection out of the set of unused ones.
func (c *Conn) leaveUnused() {
	if c.unused != nil && !c.isUsed.Load() && !c.isUsed.Swap(true) {
		c.unused.remove(c)
	}
}

// LingerOnClose makes Close read on for up to two seconds. Closing a connection with unread bytes
// resets it, and a client that is still sending would lose the answer that is on its way.
func (c *Conn) LingerOnClose() { c.lingers.Store(true) }

// Close ends the connection. After LingerOnClose it first closes the writing side and reads what the
// client is still sending.
func (c *Conn) Close() error {
	c.leaveUnused()
	if c.lingers.Swap(false) && c.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.CopyN(io.Discard, c.TCPConn, lingerBytes)
	}
	return c.TCPConn.Close()
}

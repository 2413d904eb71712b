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
}

// LingerOnClose makes Close read on for up to two seconds. Closing a connection with unread bytes
// resets it, and a client that is still sending would lose the answer that is on its way.
func (c *Conn) LingerOnClose() { c.lingers.Store(true) }

// Close ends the connection. After LingerOnClose it first closes the writing side and reads what the
// client is still sending.
func (c *Conn) Close() error {
	if c.lingers.Swap(false) && c.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.CopyN(io.Discard, c.TCPConn, lingerBytes)
	}
	return c.TCPConn.Close()
}

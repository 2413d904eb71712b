package ws

import (
	"sync"
	"time"
)

// chunk is about how much goes out in one write.
const chunk = 64 << 10

// runWriter is the socket's second goroutine; reading ends with it.
func (c *Conn) runWriter() {
	clean := false
	c.guard(func() { c.write(); clean = true })
	if !clean {
		c.abort()
	}
}

// write is the one writer of a socket.
func (c *Conn) write() {
	var buf []byte
	for last := false; !last; {
		buf, last = c.take(buf[:0])
		if len(buf) > 0 {
			if _, err := c.net.Write(buf); err != nil {
				c.abort()
				return
			}
		}
		if cap(buf) > 2*chunk {
			buf = nil
		}
	}
	// The peer answers the close frame and the connection ends, at the latest now:
	_ = c.net.SetReadDeadline(time.Now().Add(closeWait))
}

// take waits for something to write and gives as much as fits one write, each frame whole; last
// says that a close frame is at its end.
func (c *Conn) take(buf []byte) (out []byte, last bool) {
	for {
		c.mu.Lock()
		c.writing = time.Time{}
		out, last = c.fill(buf)
		if len(out) > 0 || last {
			if !c.closing {
				_ = c.net.SetWriteDeadline(time.Now().Add(maxBehind + grace))
			}
			c.mu.Unlock()
			poke(c.room)
			return out, last
		}
		c.mu.Unlock()
		<-c.wake
	}
}

func (c *Conn) fill(buf []byte) (out []byte, last bool) {
	if c.ping && !c.closing {
		buf, c.ping = appendFrame(buf, opPing, nil), false
	}
	if c.pong != nil && !c.closing {
		buf, c.pong = appendFrame(buf, opPong, c.pong), nil
	}
	taken := 0
	for _, f := range c.queue {
		if taken > 0 && len(buf)+len(f.raw) > chunk {
			break
		}
		buf = append(buf, f.raw...)
		c.queued -= f.n
		taken++
	}
	if taken > 0 {
		c.writing = c.queue[0].made
		c.queue = append(c.queue[:0], c.queue[taken:]...)
	}
	if c.closing && len(c.queue) == 0 {
		return c.goodbye(buf), true
	}
	return buf, false
}

// goodbye adds the close frame, unless the connection was cut.
func (c *Conn) goodbye(buf []byte) []byte {
	if c.code == 0 {
		return buf
	}
	return appendClose(buf, c.code, c.reason)
}

// bufferPool implements the library's interface with a pool that all sockets share.
type bufferPool struct{ pool sync.Pool }

// Get implements websocket.BufferPool.
func (p *bufferPool) Get() any { return p.pool.Get() }

// Put implements websocket.BufferPool.
func (p *bufferPool) Put(v any) { p.pool.Put(v) }

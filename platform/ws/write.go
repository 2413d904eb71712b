package ws

import (
	"sync"
	"time"
)

// chunkBytes is the size at which a write takes no further frame. Few large writes cost much less
// than many small ones: each is a system call and, on the network, at least one packet.
const chunkBytes = 64 << 10

// runWriter is the second goroutine of a socket. A panic in it cuts the connection, so that reading
// ends too.
func (c *Conn) runWriter() {
	finished := false
	c.runGuarded(func() { c.writeFrames(); finished = true })
	if !finished {
		c.cutConnection()
	}
}

// writeFrames writes queued frames until the socket closes. It is the only writer of the connection.
func (c *Conn) writeFrames() {
	var chunk []byte
	for last := false; !last; {
		chunk, last = c.nextChunk(chunk[:0])
		if len(chunk) > 0 {
			if _, err := c.netConn.Write(chunk); err != nil {
				c.cutConnection()
				return
			}
		}
		if cap(chunk) > 2*chunkBytes {
			chunk = nil // an idle socket must not keep a large buffer
		}
	}
	// The peer answers the close frame and the read ends, at the latest now.
	_ = c.netConn.SetReadDeadline(time.Now().Add(closeReplyTime))
}

// nextChunk waits for something to write and returns buf with it: about chunkBytes, each frame
// whole. It returns true for the chunk that ends the socket.
func (c *Conn) nextChunk(buf []byte) (chunk []byte, last bool) {
	for {
		c.mu.Lock()
		c.writeBegan = time.Time{}
		chunk, last = c.fillChunk(buf)
		if len(chunk) > 0 || last {
			c.extendWriteDeadline()
			c.mu.Unlock()
			putToken(c.queueSpace)
			return chunk, last
		}
		c.mu.Unlock()
		<-c.wakeWriter
	}
}

// deadlineSlack is by how much the deadline of a write may be later than it has to be.
const deadlineSlack = time.Second

// extendWriteDeadline gives the next write maxDelay and closeGrace. Setting a deadline costs nearly as much as a small
// write, so one serves all writes of a second. The caller holds mu; Close has set the deadline of a closing socket.
func (c *Conn) extendWriteDeadline() {
	now := time.Now()
	if c.closing || now.Sub(c.deadlineSet) < deadlineSlack {
		return
	}
	c.deadlineSet = now
	_ = c.netConn.SetWriteDeadline(now.Add(maxDelay + closeGrace + deadlineSlack))
}

// fillChunk appends control frames and queued frames to buf, and the close frame once the queue of
// a closing socket is empty. The caller holds mu.
func (c *Conn) fillChunk(buf []byte) (chunk []byte, last bool) {
	if c.pingDue && !c.closing {
		buf, c.pingDue = appendFrame(buf, opPing, nil), false
	}
	if c.pendingPong != nil && !c.closing {
		buf, c.pendingPong = appendFrame(buf, opPong, c.pendingPong), nil
	}

	taken := 0
	for _, f := range c.queue {
		if taken > 0 && len(buf)+len(f.wire) > chunkBytes {
			break
		}
		buf = append(buf, f.wire...)
		c.queuedFrames -= f.count
		taken++
	}
	if taken > 0 {
		c.writeBegan = c.queue[0].createdAt
		c.queue = append(c.queue[:0], c.queue[taken:]...)
	}

	if !c.closing || len(c.queue) > 0 {
		return buf, false
	}
	if c.closeCode != 0 { // 0: the connection was cut, or the library has sent a close frame
		buf = appendCloseFrame(buf, c.closeCode, c.closeReason)
	}
	return buf, true
}

// bufferPool implements the BufferPool of the library. All sockets share its buffers.
type bufferPool struct{ pool sync.Pool }

// Get returns a buffer, or nil if the pool is empty; the library allocates one then.
func (p *bufferPool) Get() any { return p.pool.Get() }

// Put gives a buffer back.
func (p *bufferPool) Put(v any) { p.pool.Put(v) }

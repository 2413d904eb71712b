package ws

import (
	"slices"
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
	for last := false; !last; {
		var next chunk
		next, last = c.nextChunk()
		if len(next.bytes) > 0 {
			_, err := c.netConn.Write(next.bytes)
			next.release()
			if err != nil {
				c.cutConnection()
				return
			}
		}
	}
	// The peer answers the close frame and the read ends, at the latest now.
	_ = c.netConn.SetReadDeadline(time.Now().Add(closeReplyTime))
}

// chunk is what one write sends.
type chunk struct {
	bytes []byte
	// buffer holds bytes and is from chunkBuffers; nil if they belong to a frame, which others may be sending, too.
	buffer *[]byte
}

// chunkBuffers has the buffers of chunks. Only a socket that is writing has one.
var chunkBuffers = sync.Pool{New: func() any { return new([]byte) }}

// release gives the buffer back. The bytes must not be used any more.
func (k chunk) release() {
	if k.buffer == nil || cap(k.bytes) > 2*chunkBytes {
		return // a large one is left to the collector
	}
	*k.buffer = k.bytes[:0]
	chunkBuffers.Put(k.buffer)
}

// nextChunk waits for something to write and returns it: about chunkBytes, each frame whole. It returns true for the
// chunk that ends the socket.
func (c *Conn) nextChunk() (next chunk, last bool) {
	for {
		c.mu.Lock()
		c.writeBegan = time.Time{}
		next, last = c.takeChunk()
		if len(next.bytes) > 0 || last {
			c.extendWriteDeadline()
			c.mu.Unlock()
			putToken(c.queueSpace)
			return next, last
		}
		c.mu.Unlock()
		<-c.wakeWriter
	}
}

// takeChunk takes what is to be written. A frame alone is written as it is; more are copied together. The caller
// holds mu.
func (c *Conn) takeChunk() (next chunk, last bool) {
	isQuiet := !c.closing && !c.pingDue && c.pendingPong == nil // no frame is due beside those in the queue
	switch {
	case isQuiet && len(c.queue) == 0:
		return chunk{}, false
	case isQuiet && len(c.queue) == 1:
		next.bytes = c.queue[0].wire
		c.removeFrames(1)
		return next, false
	}
	next.buffer = chunkBuffers.Get().(*[]byte)
	next.bytes, last = c.fillChunk(*next.buffer)
	return next, last
}

// removeFrames removes the first n frames, at least one, from the queue. They are being written from now on. The caller
// holds mu.
func (c *Conn) removeFrames(n int) {
	c.writeBegan = c.queue[0].createdAt
	for _, f := range c.queue[:n] {
		c.queuedFrames -= f.count
	}
	c.queue = slices.Delete(c.queue, 0, n)
	if len(c.queue) == 0 && cap(c.queue) > idleQueue {
		c.queue = nil
	}
}

// idleQueue is how many entries the queue of an idle socket has room for.
const idleQueue = 8

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
		taken++
	}
	if taken > 0 {
		c.removeFrames(taken)
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

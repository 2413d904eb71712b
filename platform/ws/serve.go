package ws

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
	"unicode/utf8"

	raw "github.com/fasthttp/websocket"

	"lyceum/platform/identity"
)

// serve runs a socket from upgrade to end. When it returns the connection goes back to a pool, so
// everything that touches it has ended then.
func (h *Hub) serve(r *raw.Conn, s Session, place *slot, caller identity.Caller, expires time.Time) {
	if !place.start() {
		return
	}
	defer place.release()
	c := newConn(h, r, s, caller, expires)
	defer c.let()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.prepare()
	var writer sync.WaitGroup
	writer.Go(c.runWriter)
	if h.add(c) {
		defer h.remove(c)
		c.guard(func() { s.Open(c.context(ctx), c) })
	} else {
		c.Close(CodeGoingAway, "the server is going away")
	}
	// A panic closes the socket; reading goes on, to hear the peer's answer to that.
	for more := true; more; {
		c.guard(func() { c.read(ctx); more = false })
	}
	c.Close(CodeNormal, "")
	writer.Wait()
	c.linger()
	c.guard(s.Closed)
}

// let leaves the connection to whoever gets it next.
func (c *Conn) let() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alive = false
}

// context is the socket's own: the request's ended with the upgrade.
func (c *Conn) context(ctx context.Context) context.Context {
	return identity.WithCaller(ctx, c.Caller())
}

func (c *Conn) prepare() {
	c.raw.SetReadLimit(maxRead)
	c.heard()
	c.raw.SetPongHandler(func(string) error { c.heard(); return nil })
	c.raw.SetPingHandler(func(payload string) error { c.heard(); c.answer(payload); return nil })
	// The writer answers a close; the library would do so between its frames.
	c.raw.SetCloseHandler(func(int, string) error { return nil })
}

// heard moves the read deadline on, as the peer gave a sign of life.
func (c *Conn) heard() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing {
		_ = c.net.SetReadDeadline(time.Now().Add(silence))
	}
}

// answer has the writer send a pong; of several pings only the last needs one (RFC 6455 5.5.3).
func (c *Conn) answer(payload string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pong = []byte(payload)
	poke(c.wake)
}

// read hands frames to the session until the connection or the peer ends.
func (c *Conn) read(ctx context.Context) {
	for {
		kind, data, err := c.raw.ReadMessage()
		if err != nil {
			c.readEnded(err)
			return
		}
		c.heard()
		switch {
		case c.isClosing():
			// Only the peer's close is still of interest.
		case kind == raw.BinaryMessage:
			c.Close(CodeBinary, "text only")
		case !utf8.Valid(data):
			c.Close(CodeInvalidUTF8, "not UTF-8")
		default:
			c.receive(ctx, data)
		}
	}
}

func (c *Conn) receive(ctx context.Context, data []byte) {
	ctx, cancel := context.WithTimeout(c.context(ctx), frameTime)
	defer cancel()
	c.session.Receive(ctx, c, data)
}

func (c *Conn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// readEnded says goodbye where that can still be heard.
func (c *Conn) readEnded(err error) {
	var closed *raw.CloseError
	var broken net.Error
	switch {
	case errors.As(err, &closed) && closed.Code != raw.CloseAbnormalClosure:
		c.Close(echo(closed.Code), "")
	case errors.As(err, &broken), errors.As(err, &closed), errors.Is(err, io.EOF):
		if !c.isClosing() {
			c.abort()
		}
	default:
		// Too large a frame, or not the protocol: the library has told the peer the code already.
		c.told()
	}
}

// told ends the socket without another close frame.
func (c *Conn) told() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing, c.unread, c.code, c.queue, c.queued = true, true, 0, nil, 0
	poke(c.wake)
}

// echo answers the peer's code; some stand for "none" and may not be sent (RFC 6455 7.4.1).
func echo(code int) int {
	if code == raw.CloseNoStatusReceived || code < CodeNormal || code > 4999 {
		return CodeNormal
	}
	return code
}

// linger reads what the peer is still sending: closing on unread bytes would reset the connection
// and take the close frame away from it.
func (c *Conn) linger() {
	if c.unread {
		_, _ = io.CopyN(io.Discard, c.net, 4<<20)
	}
}

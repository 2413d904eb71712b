package ws

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/fasthttp/websocket"

	"lyceum/platform/identity"
)

// serveSocket runs a socket from the upgrade to its end. The connection goes back to a pool when it
// returns, so both goroutines of the socket have ended by then.
func (h *Hub) serveSocket(r *websocket.Conn, o *opening) {
	if !o.slot.markRunning() {
		return
	}
	defer o.slot.releaseOnce()
	c := newConn(h, r, o)
	defer c.disownConn()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	c.installHandlers()
	var writer sync.WaitGroup
	writer.Go(c.runWriter)
	if h.addConn(c) {
		defer h.removeConn(c)
		c.runGuarded(func() { c.session.OnOpen(c.withCaller(ctx), c) })
	} else {
		c.Close(CodeGoingAway, "the server is going away")
	}

	// A panic of the session closes the socket. Reading goes on to receive the peer's close frame.
	for finished := false; !finished; {
		c.runGuarded(func() { c.readFrames(ctx); finished = true })
	}
	c.Close(CodeNormal, "")
	writer.Wait()
	c.discardUnread()
	c.runGuarded(c.session.OnClose)
}

// disownConn forbids other goroutines to touch the connection, which its pool may hand out again.
func (c *Conn) disownConn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ownsConn = false
}

// withCaller adds the caller to the context of the socket. The context of the request can't be
// used: it ended with the upgrade.
func (c *Conn) withCaller(ctx context.Context) context.Context {
	return identity.WithCaller(ctx, c.CurrentCaller())
}

// installHandlers sets the read limit and the handlers of control frames. The writer answers close
// frames, as the library would write its answer between two parts of a write.
func (c *Conn) installHandlers() {
	c.socket.SetReadLimit(maxMessageBytes)
	c.extendReadDeadline()
	c.socket.SetPongHandler(func(string) error {
		c.extendReadDeadline()
		return nil
	})
	c.socket.SetPingHandler(func(payload string) error {
		c.extendReadDeadline()
		c.queuePong(payload)
		return nil
	})
	c.socket.SetCloseHandler(func(int, string) error { return nil })
}

// extendReadDeadline gives the peer, which has just sent something, another maxSilence.
func (c *Conn) extendReadDeadline() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing {
		_ = c.netConn.SetReadDeadline(time.Now().Add(maxSilence))
	}
}

// queuePong makes the writer send a pong. A later ping replaces an earlier one that was not
// answered yet (RFC 6455 §5.5.3).
func (c *Conn) queuePong(payload string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pendingPong = []byte(payload)
	putToken(c.wakeWriter)
}

// readFrames passes text frames to the session until the connection ends. Binary frames and invalid
// UTF-8 close the socket.
func (c *Conn) readFrames(ctx context.Context) {
	for {
		kind, data, err := c.socket.ReadMessage()
		if err != nil {
			c.handleReadError(err)
			return
		}
		c.extendReadDeadline()
		switch {
		case c.isClosing():
			// Only the close frame of the peer is awaited.
		case kind == websocket.BinaryMessage:
			c.Close(CodeBinary, "text only")
		case !utf8.Valid(data):
			c.Close(CodeInvalidUTF8, "not UTF-8")
		default:
			c.handleText(ctx, data)
		}
	}
}

// handleText calls the session with one text frame and a deadline of textTimeout.
func (c *Conn) handleText(ctx context.Context, data []byte) {
	ctx, cancel := context.WithTimeout(c.withCaller(ctx), textTimeout)
	defer cancel()
	c.session.OnText(ctx, c, data)
}

// isClosing returns whether the socket was closed by either side.
func (c *Conn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// handleReadError ends the socket after a failed read: it answers a close frame, cuts a broken
// connection, and sends nothing more if the library has sent a close frame itself, as it does for
// frames that are too large or break the protocol.
func (c *Conn) handleReadError(err error) {
	var closed *websocket.CloseError
	var broken net.Error
	switch {
	case errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure:
		c.Close(echoCloseCode(closed.Code), "")
	case errors.As(err, &broken), errors.As(err, &closed), errors.Is(err, io.EOF):
		if !c.isClosing() {
			c.cutConnection()
		}
	default:
		c.closeSilently()
	}
}

// closeSilently ends the socket without another close frame.
func (c *Conn) closeSilently() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing, c.hasUnread, c.closeCode = true, true, 0
	c.queue, c.queuedFrames = nil, 0
	putToken(c.wakeWriter)
}

// echoCloseCode returns the code that answers the close code of a peer: the same one, or CodeNormal
// for codes that mean "none" and for those that may not be sent (RFC 6455 §7.4.1).
func echoCloseCode(code int) int {
	if code == websocket.CloseNoStatusReceived || code < CodeNormal || code > 4999 {
		return CodeNormal
	}
	return code
}

// discardUnread reads up to 4 MiB that the peer is still sending. Closing a connection with unread
// bytes would reset it, and the peer could lose the close frame.
func (c *Conn) discardUnread() {
	if c.hasUnread {
		_, _ = io.CopyN(io.Discard, c.netConn, 4<<20)
	}
}

package ws

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/fasthttp/websocket"

	"lyceum/platform/apperr"
	"lyceum/platform/identity"
)

// Conn is one open socket. Its methods may be called from any goroutine, also after the socket has
// ended.
type Conn struct {
	hub     *Hub
	userID  string
	session Session
	// socket and netConn go back to a pool when serveSocket returns. Only serveSocket and the
	// writer, for which it waits, may use them freely; others need mu and ownsConn.
	socket  *websocket.Conn
	netConn net.Conn

	mu       sync.Mutex
	ownsConn bool
	// caller is the owner, with the role that the last check has found.
	caller identity.Caller
	// tokenExpires is the end of the access token that the socket was opened or renewed with.
	tokenExpires time.Time

	// queuedFrames is the number of text frames in queue, whose elements may hold several each.
	queue        []Frame
	queuedFrames int
	// writeBegan is the creation time of the oldest frame in the write under way, zero without one.
	writeBegan time.Time
	// deadlineSet is when the deadline of writes was last extended.
	deadlineSet time.Time

	// closing is true from the first Close on. A closeCode of 0 means that no close frame is sent.
	closing     bool
	closeCode   int
	closeReason string

	// pendingPong is the payload of the ping that has to be answered, pingDue asks for a ping of
	// the server.
	pendingPong []byte
	lastPing    time.Time
	pingDue     bool
	// hasUnread is true if the peer may still be sending data that no one will read.
	hasUnread bool

	// wakeWriter holds a token if there is something to write, queueSpace if frames left the queue.
	wakeWriter, queueSpace chan struct{}
}

// newConn returns the socket of an accepted request. Its goroutines are started by serveSocket.
func newConn(h *Hub, r *websocket.Conn, o *opening) *Conn {
	return &Conn{
		hub: h, userID: o.caller.UserID, session: o.session,
		socket: r, netConn: r.NetConn(), ownsConn: true,
		caller: o.caller, tokenExpires: o.tokenExpires, lastPing: time.Now(),
		wakeWriter: make(chan struct{}, 1), queueSpace: make(chan struct{}, 1),
	}
}

// CurrentCaller returns the owner of the socket, with the role of the account at the last check.
func (c *Conn) CurrentCaller() identity.Caller {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.caller
}

// ErrClosed is returned for a frame that can't be sent because the socket is closing or closed.
var ErrClosed = errors.New("ws: the socket is closed")

// Send queues a frame and returns at once. A reader that is more than maxQueuedFrames behind is cut
// off with CodeTooSlow instead, so that it can't hold up the sender. An empty queue accepts a frame
// of any size.
func (c *Conn) Send(f Frame) {
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		return
	}
	if c.queuedFrames+f.count > maxQueuedFrames && c.queuedFrames > 0 {
		c.mu.Unlock()
		c.Close(CodeTooSlow, "too far behind")
		return
	}
	c.pushFrame(f)
	c.mu.Unlock()
}

// SendWait queues a frame once at least half of the queue is free. It serves replies that are
// longer than the queue. It returns ErrClosed if the socket closes and the error of ctx if that ends.
// Only the goroutine that calls the session may call it: queueSpace wakes one waiter.
func (c *Conn) SendWait(ctx context.Context, f Frame) error {
	for {
		c.mu.Lock()
		if c.closing {
			c.mu.Unlock()
			return ErrClosed
		}
		if c.queuedFrames <= maxQueuedFrames/2 {
			c.pushFrame(f)
			c.mu.Unlock()
			return nil
		}
		c.mu.Unlock()

		select {
		case <-c.queueSpace:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// CountQueued returns the number of frames that wait to be written.
func (c *Conn) CountQueued() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queuedFrames
}

// pushFrame appends a frame to the queue. The caller holds mu.
func (c *Conn) pushFrame(f Frame) {
	c.queue = append(c.queue, f)
	c.queuedFrames += f.count
	putToken(c.wakeWriter)
}

// putToken puts a token into a channel of capacity one, unless it holds one already.
func putToken(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Close ends the socket with a close code; later calls have no effect. Frames in the queue are
// written first if the code is below 4000 and are dropped otherwise.
func (c *Conn) Close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return
	}
	c.closing, c.closeCode, c.closeReason = true, code, reason
	if code >= 4000 {
		c.queue, c.queuedFrames = nil, 0
	}
	if c.ownsConn {
		_ = c.netConn.SetWriteDeadline(time.Now().Add(closeGrace))
	}
	putToken(c.wakeWriter)
	putToken(c.queueSpace)
}

// cutConnection ends the socket without a close frame. Reads and writes that block return at once.
func (c *Conn) cutConnection() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing, c.queue, c.queuedFrames = true, nil, 0
	if c.ownsConn {
		// A deadline in the past, as closing the connection here would race with its pool.
		_ = c.netConn.SetDeadline(time.Unix(1, 0))
	}
	putToken(c.wakeWriter)
	putToken(c.queueSpace)
}

// RenewToken replaces the access token of the socket and returns the expiry of the new one. It
// returns 401 if the token is invalid and 403 if it belongs to another account.
func (c *Conn) RenewToken(ctx context.Context, token string) (time.Time, error) {
	ctx, expires, err := c.hub.authenticator.SignIn(ctx, token)
	if err != nil {
		return time.Time{}, err
	}
	caller := identity.CallerFrom(ctx)
	if caller.UserID != c.userID {
		return time.Time{}, apperr.Forbidden("The token belongs to another account.")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.caller, c.tokenExpires = caller, expires
	return expires, nil
}

// CheckNow checks the socket at once, without waiting for the next check of Hub.Run, and returns
// whether it stays open.
func (c *Conn) CheckNow(ctx context.Context) bool {
	c.checkState(ctx, time.Now())
	return !c.isClosing()
}

// checkState sends a ping if one is due and closes the socket if its reader is too slow, its token
// has expired, its session has ended or its account has lost access.
func (c *Conn) checkState(ctx context.Context, now time.Time) {
	c.mu.Lock()
	closing, caller, expires, delay := c.closing, c.caller, c.tokenExpires, c.writeDelay(now)
	if now.Sub(c.lastPing) >= pingInterval && !closing {
		c.lastPing, c.pingDue = now, true
		putToken(c.wakeWriter)
	}
	c.mu.Unlock()

	switch {
	case closing:
	case delay > maxDelay:
		c.Close(CodeTooSlow, "too far behind")
	case !now.Before(expires):
		c.Close(CodeUnauthorized, "the token has run out")
	default:
		c.checkAccess(ctx, caller)
	}
}

// writeDelay returns the age of the oldest frame that has not been written. The caller holds mu.
func (c *Conn) writeDelay(now time.Time) time.Duration {
	oldest := c.writeBegan
	if oldest.IsZero() && len(c.queue) > 0 {
		oldest = c.queue[0].createdAt
	}
	if oldest.IsZero() {
		return 0
	}
	return now.Sub(oldest)
}

// checkAccess asks for the present state of the account and passes it to the session. An account
// whose state can't be determined keeps its sockets: a short outage of the database must not
// disconnect everyone.
func (c *Conn) checkAccess(ctx context.Context, caller identity.Caller) {
	ctx, cancel := context.WithTimeout(ctx, textTimeout)
	defer cancel()
	current, err := c.hub.authenticator.CheckCaller(ctx, caller.UserID, caller.SessionID)
	if apperr.IsKind(err, apperr.KindUnauthenticated) && c.usesSession(caller.SessionID) {
		c.Close(CodeUnauthorized, "the session has ended")
	}
	if err != nil {
		return
	}
	c.mu.Lock()
	c.caller.Role = current.Role
	c.mu.Unlock()
	if code, reason := c.session.CheckAccess(ctx, current); code != 0 {
		c.Close(code, reason)
	}
}

// usesSession returns false if RenewToken has put another session in the place of the given one
// while that was being checked.
func (c *Conn) usesSession(sessionID string) bool {
	return c.CurrentCaller().SessionID == sessionID
}

// runGuarded calls fn. A panic is logged and closes the socket with CodeInternal; it would end the
// process otherwise. The client does not learn its text.
func (c *Conn) runGuarded(fn func()) {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("socket panicked", "user", c.userID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			c.Close(CodeInternal, "internal error")
		}
	}()
	fn()
}

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

	raw "github.com/fasthttp/websocket"

	"lyceum/platform/apperr"
	"lyceum/platform/identity"
)

// Conn is one open socket. Its methods may be called from everywhere and after its end.
type Conn struct {
	hub     *Hub
	userID  string
	session Session
	// raw and net belong to a pool once serve returns, so only serve and the writer that it
	// waits for touch them, and abort under mu while alive.
	raw *raw.Conn
	net net.Conn

	mu      sync.Mutex
	alive   bool
	caller  identity.Caller
	expires time.Time
	queue   []Frame
	queued  int
	writing time.Time
	closing bool
	code    int
	reason  string
	pong    []byte
	pinged  time.Time
	ping    bool
	// unread says that the peer may still be sending what nobody will read.
	unread bool
	// wake has something to write; room has place in the queue.
	wake, room chan struct{}
}

func newConn(h *Hub, r *raw.Conn, s Session, caller identity.Caller, expires time.Time) *Conn {
	return &Conn{hub: h, userID: caller.UserID, session: s, raw: r, net: r.NetConn(), alive: true, caller: caller, expires: expires,
		pinged: time.Now(), wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// Caller is who the socket belongs to, as the account was when last looked at.
func (c *Conn) Caller() identity.Caller {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.caller
}

// ErrClosed says that nothing can be sent any more.
var ErrClosed = errors.New("ws: the socket is closed")

// Send queues a frame and never waits: a reader who is too far behind is cut off instead, so that
// he holds nobody up.
func (c *Conn) Send(f Frame) {
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		return
	}
	if c.queued+f.n > maxQueue && c.queued > 0 {
		c.mu.Unlock()
		c.Close(CodeTooSlow, "too far behind")
		return
	}
	c.push(f)
	c.mu.Unlock()
}

// SendWait queues a frame once half of the queue is free, for what is more than a queue holds.
// Only the session's own goroutine may call it.
func (c *Conn) SendWait(ctx context.Context, f Frame) error {
	for {
		c.mu.Lock()
		if c.closing {
			c.mu.Unlock()
			return ErrClosed
		}
		if c.queued <= maxQueue/2 {
			c.push(f)
			c.mu.Unlock()
			return nil
		}
		c.mu.Unlock()
		select {
		case <-c.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Backlog is how many frames wait to be written.
func (c *Conn) Backlog() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queued
}

func (c *Conn) push(f Frame) {
	c.queue = append(c.queue, f)
	c.queued += f.n
	poke(c.wake)
}

func poke(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Close ends the socket with a code; the first one counts. What is queued still goes out before
// a code below 4000, and is dropped for the others.
func (c *Conn) Close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return
	}
	c.closing, c.code, c.reason = true, code, reason
	if code >= 4000 {
		c.queue, c.queued = nil, 0
	}
	if c.alive {
		_ = c.net.SetWriteDeadline(time.Now().Add(grace))
	}
	poke(c.wake)
	poke(c.room)
}

// abort cuts the connection without a word.
func (c *Conn) abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closing, c.queue, c.queued = true, nil, 0
	if c.alive {
		_ = c.net.SetDeadline(time.Unix(1, 0))
	}
	poke(c.wake)
	poke(c.room)
}

// Renew lets the socket live on with another token of the same user and says until when.
func (c *Conn) Renew(ctx context.Context, token string) (time.Time, error) {
	ctx, expires, err := c.hub.gate.SignIn(ctx, token)
	if err != nil {
		return time.Time{}, err
	}
	caller := identity.CallerFrom(ctx)
	if caller.UserID != c.userID {
		return time.Time{}, apperr.Forbidden("The token belongs to another account.")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.caller, c.expires = caller, expires
	return expires, nil
}

// Check looks at the socket now, as Run does all the time, and says whether it stays open.
func (c *Conn) Check(ctx context.Context) bool {
	c.check(ctx, time.Now())
	return !c.isClosing()
}

// check is the watch's look at this socket.
func (c *Conn) check(ctx context.Context, now time.Time) {
	c.mu.Lock()
	closing, caller, expires, behind := c.closing, c.caller, c.expires, c.behind(now)
	if due := now.Sub(c.pinged) >= pingEvery; due && !closing {
		c.pinged, c.ping = now, true
		poke(c.wake)
	}
	c.mu.Unlock()
	switch {
	case closing:
	case behind > maxBehind:
		c.Close(CodeTooSlow, "too far behind")
	case !now.Before(expires):
		c.Close(CodeUnauthorized, "the token has run out")
	default:
		c.recheck(ctx, caller)
	}
}

// behind is how old the oldest frame is that has not been written yet.
func (c *Conn) behind(now time.Time) time.Duration {
	oldest := c.writing
	if oldest.IsZero() && len(c.queue) > 0 {
		oldest = c.queue[0].made
	}
	if oldest.IsZero() {
		return 0
	}
	return now.Sub(oldest)
}

func (c *Conn) recheck(ctx context.Context, caller identity.Caller) {
	ctx, cancel := context.WithTimeout(ctx, frameTime)
	defer cancel()
	now, err := c.hub.gate.CheckCaller(ctx, caller.UserID, caller.SessionID)
	if apperr.IsKind(err, apperr.KindUnauthenticated) && c.stillUses(caller.SessionID) {
		c.Close(CodeUnauthorized, "the session has ended")
	}
	if err != nil {
		return // who can't be asked about is not thrown out
	}
	c.mu.Lock()
	c.caller.Role = now.Role
	c.mu.Unlock()
	if code, reason := c.session.Recheck(ctx, now); code != 0 {
		c.Close(code, reason)
	}
}

// stillUses says that no other session was put in its place meanwhile.
func (c *Conn) stillUses(sessionID string) bool { return c.Caller().SessionID == sessionID }

// guard keeps a panic from the client and from the process (it would end it).
func (c *Conn) guard(fn func()) {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("panic on a socket", "user", c.userID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			c.Close(CodeInternal, "internal error")
		}
	}()
	fn()
}

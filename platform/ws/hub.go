// Package ws holds WebSockets: who may open one, how frames reach slow and fast readers, and when
// one ends. What is said on a socket is its Session's business.
//
// It stands over gofiber/contrib/websocket and closes what that leaves open: no Origin check, no
// limits, no deadlines, a panic told to the client, connections that a shutdown neither closes nor
// waits for, and a Conn that is reused once its handler has returned.
package ws

import (
	"context"
	"slices"
	"sync"
	"time"

	"lyceum/platform/lifecycle"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx"
	"lyceum/platform/telemetry"
)

// Limits bound the open sockets of this process.
type Limits struct{ Total, PerUser, PerIP int }

// HeartbeatSeconds is how often the server pings.
const HeartbeatSeconds = 30

// Times and sizes of a socket.
const (
	checkEvery = 400 * time.Millisecond
	checkers   = 4
	pingEvery  = HeartbeatSeconds * time.Second
	// silence is how long a peer may say nothing, not even pong.
	silence = 2*pingEvery + 10*time.Second
	// maxRead bounds what a peer may send as one message.
	maxRead = 16 << 10
	// maxQueue frames, or maxBehind, is how far a reader may fall behind.
	maxQueue  = 256
	maxBehind = 10 * time.Second
	// grace is how long the close frame may wait for what is being written.
	grace = 5 * time.Second
	// closeWait is how long a peer may take to answer the close frame.
	closeWait = time.Second
	// frameTime bounds the handling of one received frame.
	frameTime = 2500 * time.Millisecond
	// startTime is how long an upgrade may take until its socket runs.
	startTime = 10 * time.Second
)

// Close codes. Those above 4000 are Lyceum's own.
const (
	CodeNormal       = 1000
	CodeGoingAway    = 1001
	CodeBinary       = 1003
	CodeInvalidUTF8  = 1007
	CodeTooBig       = 1009
	CodeInternal     = 1011
	CodeUnauthorized = 4401
	CodeForbidden    = 4403
	CodeGone         = 4404
	CodeTooSlow      = 4408
	CodeFlooding     = 4429
)

// Hub knows all sockets of this process.
type Hub struct {
	limits  Limits
	gate    *httpx.Authenticator
	metrics *telemetry.Metrics

	mu       sync.Mutex
	draining bool
	total    int
	users    map[string]int
	ips      map[string]int
	conns    map[*Conn]struct{}
	byUser   map[string]map[*Conn]struct{}
	// idle is closed and replaced whenever the last socket goes.
	idle chan struct{}
}

// NewHub makes an empty hub; Run watches over its sockets.
func NewHub(l Limits, g *httpx.Authenticator, m *telemetry.Metrics) *Hub {
	return &Hub{limits: l, gate: g, metrics: m, users: map[string]int{}, ips: map[string]int{},
		conns: map[*Conn]struct{}{}, byUser: map[string]map[*Conn]struct{}{}, idle: make(chan struct{})}
}

// Open returns how many sockets are open, those that are just being upgraded included.
func (h *Hub) Open() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.total
}

// SendUser sends a frame to every socket that a user has open here.
func (h *Hub) SendUser(userID string, f Frame) {
	h.mu.Lock()
	conns := make([]*Conn, 0, len(h.byUser[userID]))
	for c := range h.byUser[userID] {
		conns = append(conns, c)
	}
	h.mu.Unlock()
	for _, c := range conns {
		c.Send(f)
	}
}

// Run looks at each socket more than twice a second until ctx ends: does its token, its session
// and its account still hold, may it still be there, does it read and answer?
func (h *Hub) Run(ctx context.Context) {
	lifecycle.Every(ctx, "sockets", checkEvery, h.checkAll)
}

// checkAll spreads the sockets over a few goroutines, as some may have to wait for the database.
func (h *Hub) checkAll(ctx context.Context) {
	all := h.snapshot()
	if len(all) == 0 {
		return
	}
	var wg sync.WaitGroup
	for part := range slices.Chunk(all, (len(all)+checkers-1)/checkers) {
		wg.Go(func() {
			for _, c := range part {
				c.guard(func() { c.check(ctx, time.Now()) })
			}
		})
	}
	wg.Wait()
}

func (h *Hub) snapshot() []*Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]*Conn, 0, len(h.conns))
	for c := range h.conns {
		out = append(out, c)
	}
	return out
}

// Drain refuses new sockets, tells all that the server goes away, and waits until they are closed;
// those that ctx does not wait for are cut.
func (h *Hub) Drain(ctx context.Context) {
	h.mu.Lock()
	h.draining = true
	idle, none := h.idle, len(h.conns) == 0
	h.mu.Unlock()
	for _, c := range h.snapshot() {
		c.Close(CodeGoingAway, "the server is going away")
	}
	if none {
		return
	}
	select {
	case <-idle:
	case <-ctx.Done():
		for _, c := range h.snapshot() {
			c.abort()
		}
	}
}

func (h *Hub) add(c *Conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return false
	}
	h.conns[c] = struct{}{}
	if h.byUser[c.userID] == nil {
		h.byUser[c.userID] = map[*Conn]struct{}{}
	}
	h.byUser[c.userID][c] = struct{}{}
	h.metrics.Sockets.Inc()
	return true
}

func (h *Hub) remove(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.conns[c]; !ok {
		return
	}
	delete(h.conns, c)
	if delete(h.byUser[c.userID], c); len(h.byUser[c.userID]) == 0 {
		delete(h.byUser, c.userID)
	}
	h.metrics.Sockets.Dec()
	if len(h.conns) == 0 {
		close(h.idle)
		h.idle = make(chan struct{})
	}
}

func errTooMany() *apperr.Error {
	e := problemTooManySockets.New("As many sockets are open as are allowed.")
	e.RetryAfter = 5 * time.Second
	return e
}

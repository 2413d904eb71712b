package ws

import (
	"context"
	"slices"
	"sync"
	"time"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx"
	"lyceum/platform/lifecycle"
	"lyceum/platform/telemetry"
)

// Limits bounds the number of open sockets of this process: in total, for one account and for one
// client address.
type Limits struct{ Total, PerUser, PerIP int }

// HeartbeatSeconds is the time between two pings of the server.
const HeartbeatSeconds = 30

// Times and sizes of a socket.
const (
	// checkInterval is short enough to end a socket within a second after its session.
	checkInterval = 400 * time.Millisecond
	// checkWorkers is the number of goroutines that check sockets at the same time.
	checkWorkers = 4
	pingInterval = HeartbeatSeconds * time.Second
	// maxSilence is the time after which a peer that sends nothing, not even a pong, is cut off.
	maxSilence = 2*pingInterval + 10*time.Second
	// maxMessageBytes bounds one message of a peer.
	maxMessageBytes = 16 << 10
	// maxQueuedFrames and maxDelay are how far a reader may fall behind.
	maxQueuedFrames = 256
	maxDelay        = 10 * time.Second
	// closeGrace is how long a close frame may wait for the write that is under way.
	closeGrace = 5 * time.Second
	// closeReplyTime is how long a peer may take to answer a close frame.
	closeReplyTime = time.Second
	// textTimeout bounds the handling of one received frame and of one access check.
	textTimeout = 2500 * time.Millisecond
	// upgradeTimeout is the time after which an upgrade whose socket never ran loses its slot.
	upgradeTimeout = 10 * time.Second
)

// Close codes that RFC 6455 §7.4.1 defines.
const (
	CodeNormal = 1000
	// CodeGoingAway tells a client to connect again, to another replica.
	CodeGoingAway = 1001
	// CodeBinary answers a binary frame.
	CodeBinary      = 1003
	CodeInvalidUTF8 = 1007
	// CodeTooBig answers a message of more than 16 KiB. The library sends it.
	CodeTooBig = 1009
	// CodeInternal follows a panic or a failure of the server.
	CodeInternal = 1011
)

// Close codes of Lyceum. Frames that are queued are dropped with them.
const (
	// CodeUnauthorized means that the token has expired or the session has ended. A client may
	// connect again with a new token.
	CodeUnauthorized = 4401
	// CodeForbidden means that the account has lost its access.
	CodeForbidden = 4403
	// CodeGone means that the subject of the socket was deleted.
	CodeGone = 4404
	// CodeTooSlow means that the client read too slowly. It may connect again and ask for what it
	// missed.
	CodeTooSlow = 4408
	// CodeFlooding means that the client sent too much that was refused.
	CodeFlooding = 4429
)

// Hub holds all sockets of this process. Make one with NewHub. It is safe for concurrent use.
type Hub struct {
	limits        Limits
	authenticator *httpx.Authenticator
	metrics       *telemetry.Metrics

	mu       sync.Mutex
	draining bool
	// slots, slotsByUser and slotsByIP count reserved slots, including upgrades under way.
	slots       int
	slotsByUser map[string]int
	slotsByIP   map[string]int
	// conns and connsByUser hold the sockets that run.
	conns       map[*Conn]struct{}
	connsByUser map[string]map[*Conn]struct{}
	// idle is closed and replaced each time the last socket ends.
	idle chan struct{}
}

// NewHub returns a hub without sockets. While Run runs, it checks the sockets of the hub.
func NewHub(limits Limits, a *httpx.Authenticator, m *telemetry.Metrics) *Hub {
	return &Hub{
		limits: limits, authenticator: a, metrics: m,
		slotsByUser: map[string]int{}, slotsByIP: map[string]int{},
		conns: map[*Conn]struct{}{}, connsByUser: map[string]map[*Conn]struct{}{},
		idle: make(chan struct{}),
	}
}

// CountOpen returns the number of open sockets, including upgrades under way.
func (h *Hub) CountOpen() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.slots
}

// SendToUser sends a frame to every socket that an account has open on this process.
func (h *Hub) SendToUser(userID string, f Frame) {
	h.mu.Lock()
	conns := make([]*Conn, 0, len(h.connsByUser[userID]))
	for c := range h.connsByUser[userID] {
		conns = append(conns, c)
	}
	h.mu.Unlock()

	// Without the lock: Send closes a slow socket, and its end takes the lock of the hub.
	for _, c := range conns {
		c.Send(f)
	}
}

// Run checks every socket more than twice a second until ctx ends: whether its token and session
// are valid, whether its account keeps its access, and whether its peer reads and answers.
func (h *Hub) Run(ctx context.Context) {
	lifecycle.RunEvery(ctx, "sockets", checkInterval, h.checkConns)
}

// checkConns spreads the sockets over a few goroutines, as a check may wait for the database.
func (h *Hub) checkConns(ctx context.Context) {
	conns := h.listConns()
	if len(conns) == 0 {
		return
	}
	var wg sync.WaitGroup
	for part := range slices.Chunk(conns, (len(conns)+checkWorkers-1)/checkWorkers) {
		wg.Go(func() {
			for _, c := range part {
				c.runGuarded(func() { c.checkState(ctx, time.Now()) })
			}
		})
	}
	wg.Wait()
}

// listConns returns the sockets that run at this moment.
func (h *Hub) listConns() []*Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	conns := make([]*Conn, 0, len(h.conns))
	for c := range h.conns {
		conns = append(conns, c)
	}
	return conns
}

// DrainSockets refuses new sockets, closes all open ones with CodeGoingAway and waits until they
// have ended. It cuts the connections of those that are still open when ctx ends.
func (h *Hub) DrainSockets(ctx context.Context) {
	h.mu.Lock()
	h.draining = true
	idle, none := h.idle, len(h.conns) == 0
	h.mu.Unlock()

	// addConn refuses from here on, so the list is complete.
	for _, c := range h.listConns() {
		c.Close(CodeGoingAway, "the server is going away")
	}
	if none {
		return
	}
	select {
	case <-idle:
	case <-ctx.Done():
		for _, c := range h.listConns() {
			c.cutConnection()
		}
	}
}

// addConn registers a socket. It returns false while the hub drains, as DrainSockets may have
// listed the sockets already and would not close this one.
func (h *Hub) addConn(c *Conn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return false
	}
	h.conns[c] = struct{}{}
	if h.connsByUser[c.userID] == nil {
		h.connsByUser[c.userID] = map[*Conn]struct{}{}
	}
	h.connsByUser[c.userID][c] = struct{}{}
	h.metrics.Sockets.Inc()
	return true
}

// removeConn takes a socket out of the hub and wakes DrainSockets when it was the last one.
func (h *Hub) removeConn(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.conns[c]; !ok {
		return
	}
	delete(h.conns, c)
	if delete(h.connsByUser[c.userID], c); len(h.connsByUser[c.userID]) == 0 {
		delete(h.connsByUser, c.userID)
	}
	h.metrics.Sockets.Dec()
	if len(h.conns) == 0 {
		close(h.idle)
		h.idle = make(chan struct{})
	}
}

// errTooManySockets returns 503 too-many-sockets with a Retry-After of five seconds.
func errTooManySockets() *apperr.Error {
	e := problemTooManySockets.New("Too many sockets are open. Close one, or try again later.")
	e.RetryAfter = 5 * time.Second
	return e
}

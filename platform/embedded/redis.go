package embedded

import (
	"context"
	"crypto/rand"
	"net"
	"net/url"
	"time"

	"github.com/alicebob/miniredis/v2"

	"lyceum/platform/lifecycle"
	"lyceum/platform/listener"
)

// tickEvery is how often the server's clock moves. Keys expire at most so much later than asked.
const tickEvery = 50 * time.Millisecond

// Redis is a server with the Redis protocol on a loopback port. It keeps its data in memory and
// loses it when it is closed.
type Redis struct {
	server *miniredis.Miniredis
	// listener is the one that clients use; server has another, on which nothing is expected.
	listener net.Listener
	password string
	stop     context.CancelFunc
	stopped  chan struct{} // closed once the clock stands
}

// NewRedis starts a server on a free port of 127.0.0.1. Its password keeps out other users of the
// machine; URL returns it. The caller closes the server.
func NewRedis() (*Redis, error) {
	r := &Redis{server: miniredis.NewMiniRedis(), password: rand.Text(), stopped: make(chan struct{})}
	r.server.RequireAuth(r.password)
	if err := r.server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, err
	}
	// The server's own listener does not accept again after an error, such as a lack of file
	// descriptors.
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		r.server.Close()
		return nil, err
	}
	r.listener = listener.NewPatient(ln, nil)
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go r.acceptConnections()
	go r.runClock(ctx)
	return r, nil
}

// acceptConnections passes connections to the server until the listener is closed. The server runs a
// goroutine for each.
func (r *Redis) acceptConnections() {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.server.Server().ServeConn(conn)
	}
}

// runClock moves the server's clock until ctx ends. Without it no key would expire.
func (r *Redis) runClock(ctx context.Context) {
	defer close(r.stopped)
	last := time.Now()
	lifecycle.RunEvery(ctx, "clock of the embedded redis", tickEvery, func(context.Context) {
		now := time.Now()
		r.server.FastForward(now.Sub(last))
		last = now
	})
}

// URL returns the address of the server, with its password, in the form of REDIS_URL.
func (r *Redis) URL() string {
	u := url.URL{Scheme: "redis", Host: r.listener.Addr().String(), User: url.UserPassword("", r.password)}
	return u.String()
}

// Close stops the server and ends its connections.
func (r *Redis) Close() {
	r.stop()
	<-r.stopped
	_ = r.listener.Close()
	r.server.Close()
}

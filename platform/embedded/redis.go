// Package embedded holds the parts that run inside the process when no outside one is configured:
// a Redis-protocol server and an SMTP sink. The lock keeps a second server off the same data.
package embedded

import (
	"context"
	"crypto/rand"
	"net"
	"net/url"
	"time"

	"github.com/alicebob/miniredis/v2"

	"lyceum/platform/listener"
)

// Redis is a Redis-protocol server on loopback. It keeps nothing over a restart, as nothing that
// matters may live there.
type Redis struct {
	server   *miniredis.Miniredis
	listener net.Listener
	password string
	stop     chan struct{}
	done     chan struct{}
}

// NewRedis starts one on a free port, with a password so that other users of the machine stay out.
func NewRedis() (*Redis, error) {
	r := &Redis{server: miniredis.NewMiniRedis(), password: rand.Text(), stop: make(chan struct{}), done: make(chan struct{})}
	r.server.RequireAuth(r.password)
	if err := r.server.StartAddr("127.0.0.1:0"); err != nil {
		return nil, err
	}
	// Not the server's own listener, which never accepts again once it could not.
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		r.server.Close()
		return nil, err
	}
	r.listener = listener.NewPatient(ln, nil)
	go r.accept()
	go r.tick()
	return r, nil
}

// accept hands connections to the server until the listener is closed.
func (r *Redis) accept() {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.server.Server().ServeConn(conn)
	}
}

// tick drives the server's clock: by itself it never lets a key expire.
func (r *Redis) tick() {
	defer close(r.done)
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	last := time.Now()
	for {
		select {
		case <-r.stop:
			return
		case now := <-t.C:
			r.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

// URL is what REDIS_URL would be for this server.
func (r *Redis) URL() string {
	u := url.URL{Scheme: "redis", Host: r.listener.Addr().String(), User: url.UserPassword("", r.password)}
	return u.String()
}

// Close stops the server.
func (r *Redis) Close() {
	close(r.stop)
	<-r.done
	_ = r.listener.Close()
	r.server.Close()
}

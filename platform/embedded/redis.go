// Package embedded holds the parts that run inside the process when no outside one is configured:
// a Redis-protocol server and an SMTP sink. The lock keeps a second server off the same data.
package embedded

import (
	"crypto/rand"
	"net/url"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Redis is a Redis-protocol server on loopback. It keeps nothing over a restart, as nothing that
// matters may live there.
type Redis struct {
	server   *miniredis.Miniredis
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
	go r.tick()
	return r, nil
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
	u := url.URL{Scheme: "redis", Host: r.server.Addr(), User: url.UserPassword("", r.password)}
	return u.String()
}

// Close stops the server.
func (r *Redis) Close() {
	close(r.stop)
	<-r.done
	r.server.Close()
}

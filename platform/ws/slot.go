package ws

import (
	"sync/atomic"
	"time"

	"lyceum/platform/apperr"
)

// slot is a place under the limits, taken before the upgrade and given back once.
type slot struct {
	hub      *Hub
	user, ip string
	// state is pending until the socket runs; a client that goes away during the upgrade leaves
	// a slot whose socket never does.
	state atomic.Int32
	timer *time.Timer
}

const (
	pending = iota
	started
	released
)

func (h *Hub) reserve(user, ip string) (*slot, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return nil, apperr.Unavailable("The server is stopping.")
	}
	if h.total >= h.limits.Total || h.users[user] >= h.limits.PerUser || h.ips[ip] >= h.limits.PerIP {
		return nil, errTooMany()
	}
	h.total++
	h.users[user]++
	h.ips[ip]++
	s := &slot{hub: h, user: user, ip: ip}
	s.timer = time.AfterFunc(startTime, func() {
		if s.state.CompareAndSwap(pending, released) {
			s.free()
		}
	})
	return s, nil
}

// start says that the socket runs; false when it came too late for its place.
func (s *slot) start() bool {
	s.timer.Stop()
	return s.state.CompareAndSwap(pending, started)
}

func (s *slot) release() {
	s.timer.Stop()
	if s.state.Swap(released) != released {
		s.free()
	}
}

func (s *slot) free() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.total--
	less(s.hub.users, s.user)
	less(s.hub.ips, s.ip)
}

func less(m map[string]int, key string) {
	if m[key]--; m[key] <= 0 {
		delete(m, key)
	}
}

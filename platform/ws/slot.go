package ws

import (
	"sync/atomic"
	"time"

	"lyceum/platform/apperr"
)

// slot is one place under the limits. It is reserved before the upgrade and released once.
type slot struct {
	hub      *Hub
	user, ip string
	// state is slotReserved until the socket runs. A client that leaves during the upgrade keeps
	// its slot in that state until timer ends.
	state atomic.Int32
	timer *time.Timer
}

// States of a slot.
const (
	slotReserved = iota
	slotRunning
	slotReleased
)

// reserveSlot takes a slot for an account and an address. It returns 503 while the hub drains, and
// 503 too-many-sockets if one of the limits is reached.
func (h *Hub) reserveSlot(user, ip string) (*slot, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return nil, apperr.Unavailable("The server is stopping.")
	}
	if h.slots >= h.limits.Total || h.slotsByUser[user] >= h.limits.PerUser || h.slotsByIP[ip] >= h.limits.PerIP {
		return nil, errTooManySockets()
	}
	h.slots++
	h.slotsByUser[user]++
	h.slotsByIP[ip]++
	s := &slot{hub: h, user: user, ip: ip}
	s.timer = time.AfterFunc(upgradeTimeout, func() {
		if s.state.CompareAndSwap(slotReserved, slotReleased) {
			s.freeCounts()
		}
	})
	return s, nil
}

// markRunning keeps the slot for a socket that begins to run. It returns false if the slot was
// released before, because the upgrade took longer than upgradeTimeout.
func (s *slot) markRunning() bool {
	s.timer.Stop()
	return s.state.CompareAndSwap(slotReserved, slotRunning)
}

// releaseOnce gives the slot back. Further calls have no effect.
func (s *slot) releaseOnce() {
	s.timer.Stop()
	if s.state.Swap(slotReleased) != slotReleased {
		s.freeCounts()
	}
}

// freeCounts subtracts the slot from the counts of the hub.
func (s *slot) freeCounts() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.slots--
	decrementCount(s.hub.slotsByUser, s.user)
	decrementCount(s.hub.slotsByIP, s.ip)
}

// decrementCount removes keys whose count becomes zero, so that the map does not grow for ever.
func decrementCount(counts map[string]int, key string) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}

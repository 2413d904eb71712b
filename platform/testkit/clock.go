package testkit

import (
	"sync"
	"time"

	"lyceum/platform/clock"
)

// Clock is a clock.Clock that stands still until a test moves it. Its methods may be called by several goroutines at once.
type Clock struct {
	mu  sync.Mutex
	now clock.Time
}

// NewClock returns a clock that stands at now.
func NewClock(now time.Time) *Clock { return &Clock{now: clock.FromTime(now)} }

// Now implements clock.Clock.
func (c *Clock) Now() clock.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock by d, also back.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

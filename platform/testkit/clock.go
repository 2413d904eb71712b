package testkit

import (
	"sync"
	"time"

	"lyceum/platform/clock"
)

// Clock is a clock.Clock that stands still until a test moves it. Several goroutines may call its
// methods at the same time.
type Clock struct {
	mu  sync.Mutex
	now clock.Time
}

// NewClock returns a clock that stands at now.
func NewClock(now time.Time) *Clock { return &Clock{now: clock.FromTime(now)} }

// Now returns the time that the clock stands at.
func (c *Clock) Now() clock.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward by d, or back if d is negative.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

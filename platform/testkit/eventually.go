package testkit

import (
	"fmt"
	"testing"
	"time"
)

// eventuallyWait is how long Eventually waits. Everything that it waits for takes far less, so only a
// fault reaches it.
const eventuallyWait = 15 * time.Second

// Eventually waits until the condition holds and fails the test if it does not within 15 seconds. The
// message names what was waited for. Unlike the condition of require.Eventually, this one runs on the
// goroutine of the test, so it may use require.
func Eventually(t testing.TB, condition func() bool, message string, args ...any) {
	t.Helper()
	if !holdsWithin(eventuallyWait, condition) {
		t.Fatalf("not within %s: %s", eventuallyWait, fmt.Sprintf(message, args...))
	}
}

// holdsWithin evaluates the condition every 5 ms and returns whether it became true within d.
func holdsWithin(d time.Duration, condition func() bool) bool {
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-timeout.C:
			return condition()
		case <-tick.C:
		}
	}
	return true
}

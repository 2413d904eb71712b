package testkit

import (
	"fmt"
	"testing"
	"time"
)

// eventuallyWait is how long Eventually waits: far longer than anything takes, so that only a fault ends it.
const eventuallyWait = 15 * time.Second

// Eventually waits until the condition holds, and fails the test if it still does not after 15 seconds. The message says what
// was waited for. The condition runs on the goroutine of the test, so it may use require.
func Eventually(t testing.TB, condition func() bool, message string, args ...any) {
	t.Helper()
	if !holdsWithin(eventuallyWait, condition) {
		t.Fatalf("not within %s: %s", eventuallyWait, fmt.Sprintf(message, args...))
	}
}

// holdsWithin asks until the condition holds or the time is over.
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

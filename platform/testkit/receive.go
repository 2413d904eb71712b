package testkit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Receive returns the next value of a channel. It fails the test if none comes within a time.
func Receive[T any](t testing.TB, from <-chan T, within time.Duration) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(within):
		require.Fail(t, "nothing came")
	}
	return v
}

package testkit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestClockStandsUntilItIsMoved(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := NewClock(start)
	require.Equal(t, start, c.Now().StdTime())
	c.Advance(90 * time.Minute)
	c.Advance(-30 * time.Minute)
	require.Equal(t, start.Add(time.Hour), c.Now().StdTime())
}

func TestEventually(t *testing.T) {
	asked := 0
	Eventually(t, func() bool { asked++; return asked == 3 }, "the third question")
	require.Equal(t, 3, asked)
	require.False(t, holdsWithin(20*time.Millisecond, func() bool { return false }))
}

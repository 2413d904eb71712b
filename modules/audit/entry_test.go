package audit

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/clock"
)

// Times run like numbers, though clocks differ by a little; one that is wrong by more is taken at
// its word.
func TestEntriesAreNotDatedBeforeOneAnother(t *testing.T) {
	noon := clock.FromTime(time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC))
	var h head
	for _, c := range []struct{ now, want time.Duration }{
		{0, 0}, {-2 * time.Second, 0}, {time.Second, time.Second}, {-59 * time.Second, time.Second},
		{-time.Hour, -time.Hour}, {2 * time.Second, 2 * time.Second},
	} {
		e := &entry{CreatedAt: noon.Add(c.now)}
		seq, hash := h.Seq, h.Hash
		e.appendTo(&h)
		require.Equal(t, noon.Add(c.want), e.CreatedAt, "%s", c.now)
		require.True(t, e.isLinkedTo(seq, hash))
	}
}

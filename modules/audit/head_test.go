package audit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever the seal does not cover could be changed by everybody who can write to the database.
func TestSealCoversTheHead(t *testing.T) {
	key := []byte("the key of the server")
	sealed := head{Seq: 7, Hash: "abc", Breaks: `[{"from":3}]`}
	sealed.Mac = sealed.computeSeal(key)
	require.True(t, sealed.isSealed(key))
	for name, change := range map[string]func(h *head){
		"a number":           func(h *head) { h.Seq = 6 },
		"a hash":             func(h *head) { h.Hash = "abd" },
		"no marks":           func(h *head) { h.Breaks = "" },
		"an accepted mark":   func(h *head) { h.Breaks = `[{"from":3,"accepted":5}]` },
		"a mark in the hash": func(h *head) { h.Seq, h.Hash, h.Breaks = 7, "abc:"+h.Breaks+"x", "" },
		"no seal":            func(h *head) { h.Mac = "" },
	} {
		h := sealed
		change(&h)
		require.False(t, h.isSealed(key), name)
	}
	require.False(t, sealed.isSealed([]byte("another key")))
	var empty head
	require.False(t, empty.isSealed(key), "a log that was emptied is not a new one")
}

func TestMarksOfBreaks(t *testing.T) {
	t.Run("a mark names the first entry that can't be trusted", func(t *testing.T) {
		for name, c := range map[string]struct {
			before head
			tail   int64
			want   int64
		}{
			"entries were put behind the head":  {head{Seq: 5}, 9, 6},
			"entries were cut off":              {head{Seq: 9}, 5, 6},
			"the head was emptied":              {head{Seq: 0}, 9, 1},
			"the head has an impossible number": {head{Seq: -3}, 9, 1},
			"an earlier mark is still open":     {head{Seq: 9, Breaks: `[{"from":4}]`}, 9, 4},
			"a later mark gives way":            {head{Seq: 3, Breaks: `[{"from":8}]`}, 9, 4},
			"acceptances may be forged":         {head{Seq: 9, Breaks: `[{"from":2,"accepted":9}]`}, 9, 10},
			"marks that are no JSON":            {head{Seq: 9, Breaks: `[{"from"`}, 9, 10},
		} {
			h := c.before
			h.markBreak(entry{Seq: c.tail, Hash: "tail"})
			require.Equal(t, []logBreak{{From: c.want}}, h.parseBreaks(), name)
			require.Equal(t, []any{c.tail, "tail", c.want}, []any{h.Seq, h.Hash, h.firstOpenBreak()}, name)
		}
	})
	t.Run("an acceptance covers all open marks and keeps earlier acceptances", func(t *testing.T) {
		h := head{Breaks: `[{"from":2,"accepted":4,"strays":1},{"from":6},{"from":8}]`}
		h.acceptBreak(logBreak{From: 9, Strays: 3}, 12)
		marks := []logBreak{{From: 2, Accepted: 4, Strays: 1}, {From: 6, Accepted: 12, Strays: 3}}
		require.Equal(t, marks, h.parseBreaks())
		require.Zero(t, h.firstOpenBreak())
		require.EqualValues(t, 3, countAcceptedStrays(marks), "the newest acceptance has counted all strays")
	})
	t.Run("an entry lies in the break that reaches furthest", func(t *testing.T) {
		marks := []logBreak{{From: 4, Accepted: 9}, {From: 2, Accepted: 6}, {From: 5, Accepted: 8}, {From: 12}}
		for seq, want := range map[int64]int64{1: 0, 2: 6, 3: 6, 4: 9, 5: 9, 8: 9, 9: 0, 12: 0} {
			found, ok := findCoveringBreak(marks, seq)
			require.Equal(t, []any{want, want > 0}, []any{found.Accepted, ok}, "entry %d", seq)
		}
	})
}

package audit

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
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

func TestNewEntry(t *testing.T) {
	signedIn := identity.Caller{UserID: ids.New(), IP: "192.0.2.1", UserAgent: "Browser", RequestID: "r-1"}
	t.Run("has what the caller's request says", func(t *testing.T) {
		given := map[string]any{"to": "admin", "from": "user"}
		e, err := newEntry(auditapi.Entry{Action: "a", TargetType: "user", TargetID: "x", Data: given}, signedIn)
		require.NoError(t, err)
		require.Equal(t, &entry{
			Action: "a", TargetType: "user", TargetID: "x", ActorID: &signedIn.UserID, IP: "192.0.2.1",
			UserAgent: "Browser", RequestID: "r-1", Data: `{"from":"user","to":"admin"}`,
		}, e)
	})
	t.Run("names the actor", func(t *testing.T) {
		named := ids.New()
		for name, c := range map[string]struct {
			caller identity.Caller
			given  string
			want   *string
		}{
			"the caller":                           {signedIn, "", &signedIn.UserID},
			"the caller and not another":           {signedIn, named, &signedIn.UserID},
			"the account that registers":           {identity.Caller{}, named, &named},
			"nobody":                               {identity.Caller{}, "", nil},
			"nobody at the command line":           {identity.Caller{Via: "cli", UserID: ids.New()}, "", nil},
			"the account that a command acted for": {identity.Caller{Via: "cli", UserID: ids.New()}, named, &named},
			"nobody, though the request has an IP": {identity.Caller{IP: "192.0.2.1"}, "", nil},
		} {
			e, err := newEntry(auditapi.Entry{Action: "a", ActorID: c.given}, c.caller)
			require.NoError(t, err)
			require.Equal(t, c.want, e.ActorID, name)
		}
	})
	t.Run("says where a change came from, without changing what was given", func(t *testing.T) {
		given := map[string]any{"role": "user"}
		e, err := newEntry(auditapi.Entry{Action: "a", Data: given}, identity.Caller{Via: "cli"})
		require.NoError(t, err)
		require.Equal(t, `{"role":"user","via":"cli"}`, e.Data)
		require.Equal(t, map[string]any{"role": "user"}, given)
		e, err = newEntry(auditapi.Entry{Action: "a"}, identity.Caller{})
		require.NoError(t, err)
		require.Equal(t, "{}", e.Data, "no data is an empty object")
	})
	t.Run("has bounded data", func(t *testing.T) {
		const frame = len(`{"ids":""}`)
		for size, isTaken := range map[int]bool{maxData: true, maxData + 1: false, 1 << 20: false} {
			data := map[string]any{"ids": strings.Repeat("x", size-frame)}
			_, err := newEntry(auditapi.Entry{Action: "a", Data: data}, identity.Caller{})
			require.Equal(t, isTaken, err == nil, "%d bytes: %v", size, err)
		}
		_, err := newEntry(auditapi.Entry{Action: "a", Data: map[string]any{"x": make(chan int)}}, identity.Caller{})
		require.Error(t, err)
	})
}

// Text that moves from one field to the next is another entry, though all fields together read
// alike.
func TestHashSeparatesFields(t *testing.T) {
	actor := "7"
	entries := []entry{
		{Seq: 1, Action: "ab", TargetType: "c"}, {Seq: 1, Action: "a", TargetType: "bc"},
		{Seq: 1, Action: "a", ActorID: &actor}, {Seq: 1, Action: "a", TargetType: "7"}, {Seq: 1, Action: "a7"},
		{Seq: 1, Action: "a1:7"}, {Seq: 11, Action: "a"}, {Seq: 1, IP: "x"}, {Seq: 1, UserAgent: "x"},
		{Seq: 1, RequestID: "x"}, {Seq: 1, Data: "x"}, {Seq: 1, PrevHash: "x"}, {Seq: 1, TargetID: "x"},
	}
	seen := map[string]int{}
	for i, e := range entries {
		hash := e.computeHash()
		other, isSeen := seen[hash]
		require.False(t, isSeen, "entries %d and %d have one hash", i, other)
		seen[hash] = i
	}
}

func TestDeriveID(t *testing.T) {
	e := entry{Hash: strings.Repeat("0123456789abcdef", 4), CreatedAt: clock.FromMillis(0x0192_3456_789a)}
	require.Equal(t, "01923456-789a-7012-8345-6789abcdef01", e.deriveID())
	require.True(t, ids.IsValid(e.deriveID()))
	e.Hash = "short"
	require.Empty(t, e.deriveID(), "a row with such a hash was tampered with")
}

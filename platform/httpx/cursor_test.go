package httpx

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/identity"
	"lyceum/platform/keyring"
)

type place struct {
	At int64
	ID string
}

func cursors(t testing.TB) *Cursors {
	t.Helper()
	keys, err := keyring.Load(t.TempDir(), time.Hour)
	require.NoError(t, err)
	return NewCursors(keys)
}

// A cursor holds for its list, its filters and its caller.
func TestACursorIsBound(t *testing.T) {
	c := cursors(t)
	me := identity.WithCaller(context.Background(), identity.Caller{UserID: "me"})
	good := *c.Encode(me, "courses", "a", place{7, "x"})
	var at place
	more, err := c.Decode(me, "courses", "a", good, &at)
	require.NoError(t, err)
	require.True(t, more)
	require.Equal(t, place{7, "x"}, at)
	for name, decode := range map[string]func() (bool, error){
		"another list":   func() (bool, error) { return c.Decode(me, "lessons", "a", good, &at) },
		"another filter": func() (bool, error) { return c.Decode(me, "courses", "b", good, &at) },
		"another caller": func() (bool, error) { return c.Decode(context.Background(), "courses", "a", good, &at) },
		"another server": func() (bool, error) { return cursors(t).Decode(me, "courses", "a", good, &at) },
	} {
		_, err := decode()
		require.ErrorContains(t, err, "validation-failed", name)
	}
}

func FuzzCursor(f *testing.F) {
	c := cursors(f)
	good := *c.Encode(f.Context(), "courses", nil, place{7, "x"})
	for _, s := range []string{good, "", "x", good + "A", good[:len(good)-2], "Zm9yZ2Vk", good[4:]} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var at place
		if more, err := c.Decode(context.Background(), "courses", nil, s, &at); err == nil && more && s != good {
			t.Fatalf("%q holds", s)
		}
	})
}

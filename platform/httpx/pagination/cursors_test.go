package pagination

import (
	"context"
	"strings"
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

func newCursors(t testing.TB) *Cursors {
	t.Helper()
	keys, err := keyring.Open(t.TempDir(), time.Hour)
	require.NoError(t, err)
	return NewCursors(keys)
}

// A cursor holds for its list, its filters and its caller.
func TestACursorIsBound(t *testing.T) {
	c := newCursors(t)
	me := identity.WithCaller(context.Background(), identity.Caller{UserID: "me"})
	good := Query{Cursor: c.encodeCursor(me, c.NewRequest("courses", "a", Query{}), place{7, "x"})}
	var at place
	more, err := c.decodeCursor(me, c.NewRequest("courses", "a", good), &at)
	require.NoError(t, err)
	require.True(t, more)
	require.Equal(t, place{7, "x"}, at)
	for name, decode := range map[string]func() (bool, error){
		"another list":   func() (bool, error) { return c.decodeCursor(me, c.NewRequest("lessons", "a", good), &at) },
		"another filter": func() (bool, error) { return c.decodeCursor(me, c.NewRequest("courses", "b", good), &at) },
		"another caller": func() (bool, error) {
			return c.decodeCursor(context.Background(), c.NewRequest("courses", "a", good), &at)
		},
		"another server": func() (bool, error) {
			return newCursors(t).decodeCursor(me,
				c.NewRequest("courses", "a", good), &at)
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decode()
			require.ErrorContains(t, err, "validation-failed")
		})
	}
}

func TestLongPositionsFitIntoACursor(t *testing.T) {
	c := newCursors(t)
	long := place{7, strings.Repeat("a long title ", 300)}
	cursor := c.encodeCursor(t.Context(), c.NewRequest("courses", nil, Query{}), long)
	require.LessOrEqual(t, len(cursor), 2048, "the bound of the parameter")
	var at place
	_, err := c.decodeCursor(t.Context(), c.NewRequest("courses", nil, Query{Cursor: cursor}), &at)
	require.NoError(t, err)
	require.Equal(t, long, at)
}

func FuzzCursor(f *testing.F) {
	c := newCursors(f)
	good := c.encodeCursor(f.Context(), c.NewRequest("courses", nil, Query{}), place{7, "x"})
	for _, s := range []string{good, "", "x", good + "A", good[:len(good)-2], "Zm9yZ2Vk", good[4:]} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var at place
		more, err := c.decodeCursor(context.Background(), c.NewRequest("courses", nil, Query{Cursor: s}), &at)
		require.False(t, err == nil && more && s != good, "%q holds", s)
	})
}

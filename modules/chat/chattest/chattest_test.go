package chattest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/chat/chattest"
)

func TestPusher(t *testing.T) {
	p := &chattest.Pusher{}
	require.Zero(t, p.CountAccounts())
	p.Push("ada", 1)
	p.Push("bob", "two")
	p.Push("ada", 3)
	require.Equal(t, []any{1, 3}, p.Pushed("ada"))
	require.Equal(t, []any{"two"}, p.Pushed("bob"))
	require.Empty(t, p.Pushed("nobody"))
	require.Equal(t, 2, p.CountAccounts())
}

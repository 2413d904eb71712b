package broadcast_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSignalOthers(t *testing.T) {
	server, join := newServer(t)
	t.Cleanup(server.Close)
	one, two := join(), join()
	here, there := listen(one, "messages"), listen(two, "messages")
	one.SignalOthers("messages", "a")
	requireKey(t, there, "a")
	require.Empty(t, here)
}

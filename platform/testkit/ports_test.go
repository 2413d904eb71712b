package testkit

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProcessesGetPortsOfTheirOwn(t *testing.T) {
	givenOut := map[int]bool{}
	for range 3 {
		block, err := reservePortBlock(t.Context())
		require.NoError(t, err)
		t.Cleanup(func() { _ = block.reservation.Close() })
		for range portsPerBlock - 1 {
			port, err := block.next(t.Context())
			require.NoError(t, err)
			require.False(t, givenOut[port], "port %d was given out before", port)
			require.Less(t, port, 32768)
			givenOut[port] = true
		}
	}
}

func TestAPortInUseIsPassedOver(t *testing.T) {
	block, err := reservePortBlock(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = block.reservation.Close() })
	busy, err := listen(t.Context(), block.first+1)
	require.NoError(t, err)
	t.Cleanup(func() { _ = busy.Close() })
	for range 2 * portsPerBlock {
		port, err := block.next(t.Context())
		require.NoError(t, err)
		require.NotEqual(t, block.first+1, port)
	}
}

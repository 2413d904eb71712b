package keyset

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/clock"
)

// Cursors that clients hold contain positions as JSON, so the names of the fields must stay.
func TestPositionsKeepTheirForm(t *testing.T) {
	raw, err := json.Marshal(Position{clock.FromMillis(1), "x"})
	require.NoError(t, err)
	require.Equal(t, `{"CreatedAt":"1970-01-01T00:00:00.001Z","ID":"x"}`, string(raw))
}

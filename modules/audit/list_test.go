package audit

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/ids"
)

func TestFilterIsSatisfiable(t *testing.T) {
	require.True(t, entryFilter{}.isSatisfiable(), "any actor")
	require.True(t, entryFilter{ActorID: ids.New()}.isSatisfiable(), "an actor")
	require.False(t, entryFilter{ActorID: "nobody", Action: "user.registered"}.isSatisfiable(), "no id")
}

// A filter that nothing can match is answered without a query: the service has no store here.
func TestAnUnsatisfiableFilterFindsNothing(t *testing.T) {
	found, err := (&Service{}).listEntries(t.Context(), entryFilter{ActorID: "nobody"}, &position{Seq: 7}, 10)
	require.NoError(t, err)
	require.Empty(t, found)
}

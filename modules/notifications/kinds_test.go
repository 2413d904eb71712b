package notifications

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// findKind finds each kind that has a preference. Exactly the mails about security are mandatory.
func TestSecurityMailsAreMandatory(t *testing.T) {
	require.Len(t, kinds, 8)
	for _, k := range kinds {
		got, ok := findKind(k.name)
		require.True(t, ok)
		require.Equal(t, k, got)
		require.Equal(t, k.mandatory, strings.HasPrefix(k.name, "security."), fmt.Sprint(k))
	}
	_, ok := findKind("nonsense")
	require.False(t, ok)
}

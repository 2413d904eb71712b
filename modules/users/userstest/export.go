package userstest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
)

// ReadExport returns what a holder exports about an account: the records of each section, in their
// order, as they read in JSON.
func ReadExport(t testing.TB, h usersapi.Holder, userID string) map[string][]map[string]any {
	t.Helper()
	sections := map[string][]map[string]any{}
	require.NoError(t, h.Export(t.Context(), userID, func(section string, v any) error {
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		var record map[string]any
		require.NoError(t, json.Unmarshal(raw, &record))
		sections[section] = append(sections[section], record)
		return nil
	}))
	return sections
}

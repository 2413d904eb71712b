package auditapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/audit/auditapi"
)

func TestNewActions(t *testing.T) {
	made := auditapi.Action{Name: "badge.made", Targets: []string{"badge"}}
	given := auditapi.Action{Name: "badge.given", Targets: []string{"user", "badge"}}
	actions, err := auditapi.NewActions([]auditapi.Action{made}, []auditapi.Action{given})
	require.NoError(t, err)
	require.Equal(t, []auditapi.Action{given, made}, actions.List())
	require.Equal(t, []string{"badge.given", "badge.made"}, actions.Names())
	require.Equal(t, []string{"badge", "user"}, actions.Targets())

	require.NoError(t, actions.Check("badge.given", "user"))
	require.ErrorContains(t, actions.Check("badge.taken", "user"), `no module declares the action "badge.taken"`)
	require.ErrorContains(t, actions.Check("badge.made", "user"), `is declared for [badge], not for "user"`)

	_, err = auditapi.NewActions([]auditapi.Action{made}, []auditapi.Action{made})
	require.ErrorContains(t, err, `"badge.made" is declared twice`)
	_, err = auditapi.NewActions([]auditapi.Action{{Name: "badge.lost"}})
	require.ErrorContains(t, err, "needs a name and a target")
}

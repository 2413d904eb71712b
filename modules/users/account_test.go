package users

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

func TestIsActiveAdmin(t *testing.T) {
	for _, c := range []struct {
		role   identity.Role
		status string
		want   bool
	}{
		{usersapi.RoleAdmin, statusActive, true},
		{usersapi.RoleAdmin, statusDisabled, false},
		{usersapi.RoleInstructor, statusActive, false},
		{usersapi.RoleUser, statusDisabled, false},
	} {
		a := account{Role: c.role, Status: c.status}
		require.Equal(t, c.want, a.isActiveAdmin(), "%s %s", c.role, c.status)
		require.Equal(t, c.status == statusActive, a.toAPI().Active, c.status)
	}
}

func TestCleanDisplayName(t *testing.T) {
	for given, want := range map[string]string{
		"\u3000Ada \u00a0":       "Ada",
		"Ada  Lovelace":          "Ada  Lovelace",
		strings.Repeat("é", 100): strings.Repeat("é", 100),
		// Spaces at the ends are not counted.
		" " + strings.Repeat("x", 100) + " ": strings.Repeat("x", 100),
		// Two characters that are stored as one.
		strings.Repeat("e\u0301", 100): strings.Repeat("é", 100),
	} {
		name, err := cleanDisplayName(given)
		require.NoError(t, err, "%q", given)
		require.Equal(t, want, name)
	}
	for given, want := range map[string]string{
		"":                             "must not be empty",
		" \u200b\u2060":                "must not be empty",
		strings.Repeat("x", 101):       "at most 100 characters",
		strings.Repeat("\u0958", 51):   "at most 100 characters",
		"Ada\nLovelace":                "control",
		"Ada\u202eLovelace":            "direction",
		"Ada\u200bLovelace":            "invisible",
		"Ada\u3164Lovelace":            "invisible",
		"\u0001" + "Ada":               "control",
		"Ada\U000E0041\U000E0042Smith": "invisible",
	} {
		_, err := cleanDisplayName(given)
		require.ErrorContains(t, err, "display_name", "%q", given)
		require.ErrorContains(t, err, want, "%q", given)
	}
}

// Searches compare the folded name, so it never differs from the name that is shown.
func TestSetDisplayName(t *testing.T) {
	var a account
	for name, folded := range map[string]string{
		"Straße": "strasse", "ΣΊΣΥΦΟΣ": "σίσυφοσ", "Ａda": "ada", "İ": "i\u0307",
	} {
		a.setDisplayName(name)
		require.Equal(t, []string{name, folded}, []string{a.DisplayName, a.FoldedName})
	}
}

func TestLocalPart(t *testing.T) {
	require.Equal(t, "ada+x", localPart("ada+x@example.com"))
	require.Equal(t, "ada", localPart("ada"))
}

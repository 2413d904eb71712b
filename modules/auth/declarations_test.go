package auth

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/config"
)

// Settings that can't be meant stop the start, each with its name.
func TestConfigValidate(t *testing.T) {
	for name, c := range map[string]struct {
		vars  map[string]string
		fault string
	}{
		"the defaults":         {nil, ""},
		"the shortest minimum": {map[string]string{"PASSWORD_MIN_LENGTH": "8"}, ""},
		"below it":             {map[string]string{"PASSWORD_MIN_LENGTH": "7"}, "PASSWORD_MIN_LENGTH"},
		"the longest minimum":  {map[string]string{"PASSWORD_MIN_LENGTH": "64"}, ""},
		"above it":             {map[string]string{"PASSWORD_MIN_LENGTH": "65"}, "PASSWORD_MIN_LENGTH"},
		"no time for sessions": {map[string]string{"REFRESH_TOKEN_TTL": "0s"}, "REFRESH_TOKEN_TTL"},
		"no duration":          {map[string]string{"REFRESH_TOKEN_TTL": "a day"}, "REFRESH_TOKEN_TTL"},
		"no rate":              {map[string]string{"RATE_LIMIT_MAIL": "many"}, "RATE_LIMIT_MAIL"},
		"an administrator": {
			map[string]string{"ADMIN_EMAIL": "root@example.com", "ADMIN_PASSWORD": "a long phrase"}, "",
		},
		"no password": {map[string]string{"ADMIN_EMAIL": "root@example.com"}, "ADMIN_EMAIL and ADMIN_PASSWORD"},
		"no address":  {map[string]string{"ADMIN_PASSWORD": "a long phrase"}, "ADMIN_EMAIL and ADMIN_PASSWORD"},
		"a bad address": {
			map[string]string{"ADMIN_EMAIL": "root", "ADMIN_PASSWORD": "a long phrase"}, "ADMIN_EMAIL",
		},
		"a long address": {
			map[string]string{"ADMIN_EMAIL": strings.Repeat("a", 255) + "@example.com", "ADMIN_PASSWORD": "a long phrase"},
			"ADMIN_EMAIL",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.FromMap(c.vars, settings)
			if c.fault == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.fault)
			require.NotContains(t, err.Error(), "a long phrase", "the password is a secret")
		})
	}
}

// Every refusal of the module has a declared problem, and a refusal for too many tries says when to
// come back.
func TestDeclaredProblems(t *testing.T) {
	catalog, err := apperr.NewCatalog(problems)
	require.NoError(t, err)
	for _, e := range []*apperr.Error{
		errWrongCredentials, errAccountDisabled, errRefreshTokenReused, errWrongPassword, errWrongCode, errFactorRequired,
		errFactorSet, errAccountLocked,
	} {
		p, ok := catalog.FindProblem(e.Code)
		require.True(t, ok, e.Code)
		require.Equal(t, p.Kind, e.Kind, e.Code)
		require.NotEmpty(t, e.Detail, e.Code)
	}
	require.Equal(t, time.Hour, errAccountLocked.RetryAfter)
	require.Equal(t, true, errLinkDone.Extra["done"])
	require.Nil(t, errInvalidLink.Extra["done"], "errors that share a problem share no members")
}

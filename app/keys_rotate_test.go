package main

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// J6: a rotation is noticed by running servers within a second, on every replica; the old key's tokens hold
// until they run out.
func TestJ6KeysRotateWhileServing(t *testing.T) {
	t.Parallel()
	sites := sitetest.StartReplicas(t, 2)
	a, b := sites[0], sites[1]
	old := a.AdminToken()
	before := a.Want(200, "GET", "/.well-known/jwks.json", "", nil)
	status, out := lyceum(t, map[string]string{"JWT_KEYS_DIR": a.Config.JWTKeysDir, "DATA_DIR": t.TempDir()}, "",
		"keys", "rotate")
	require.Equal(t, 0, status, out)
	require.Contains(t, out, "signs")
	require.Contains(t, out, "verifies")
	signedBy := func() string { return kidOf(t, a.AdminToken()) }
	require.Eventually(t, func() bool { return signedBy() != before.Text("keys.0.kid") }, time.Second,
		50*time.Millisecond, "it signs within a second")
	fresh := a.AdminToken()
	for _, s := range sites {
		require.Len(t, s.Want(200, "GET", "/.well-known/jwks.json", "", nil).Get("keys").([]any), 2)
		s.Want(200, "GET", "/users/me", old, nil)
		s.Want(200, "GET", "/users/me", fresh, nil)
	}
	require.Contains(t, out, kidOf(t, fresh))
	b.Want(200, "GET", "/users/me", b.AdminToken(), nil)
}

func kidOf(t *testing.T, token string) string {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	require.NoError(t, err)
	return parsed.Header["kid"].(string)
}

package telemetry

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestL3SecretsNeverReachALog(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, "info", "json")
	log.With("password", "canary-1").Info("GET /ws/channels/hq?after_seq=1&token=canary-2&x=1",
		"url", "/objects/1?sig=canary-3", "header", "Bearer canary-4", "refresh_token", "canary-5",
		"error", errors.New("dial postgres://lyceum:canary-6@db/x"), "jwt", "eyJhbGciOiJFZERTQSJ9.eyJjYW5hcnkiOjd9.canary-7")
	require.NotContains(t, out.String(), "canary")
	require.Contains(t, out.String(), "after_seq=1")
	require.Contains(t, out.String(), "@db/x")
}

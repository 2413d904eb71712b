package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestL3SecretsNeverReachALog(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			log := NewLogger(&out, "info", format)
			log.With("password", "canary-1").Info("GET /ws/channels/hq?after_seq=1&token=canary-2&x=1",
				"url", "/objects/1?sig=canary-3", "header", "Bearer canary-4", "refresh_token", "canary-5",
				"error", errors.New("dial postgres://lyceum:canary-6@db/x"),
				"jwt", "eyJhbGciOiJFZERTQSJ9.eyJjYW5hcnkiOjd9.canary-7")
			grouped := log.WithGroup("request").With("Token", "canary-8")
			grouped.Warn("bearer canary-9", slog.Group("in", "code", "canary-10"))
			require.NotContains(t, out.String(), "canary")
			require.Contains(t, out.String(), "after_seq=1")
			require.Contains(t, out.String(), "@db/x")
		})
	}
}

func TestRedactSecrets(t *testing.T) {
	for given, want := range map[string]string{
		"plain":                                  "plain",
		"a sentence with code=7 but no question": "a sentence with code=7 but no question",
		"/a?code=7&b=8":                          "/a?code=[redacted]&b=8",
		"/a?x=1&X-Amz-Signature=abc":             "/a?x=1&X-Amz-Signature=[redacted]",
		"BEARER abc def":                         "BEARER [redacted] def",
		"redis://:secret@cache:6379 and smtp://a:b@c": "redis://:[redacted]@cache:6379 and smtp://a:[redacted]@c",
		"token eyJhbGciOiJub25lIn0.e30. ends":         "token [redacted] ends",
		strings.Repeat("?token=x ", 3):                strings.Repeat("?token=[redacted] ", 3),
	} {
		require.Equal(t, want, RedactSecrets(given))
	}
}

func TestNewLogger(t *testing.T) {
	t.Run("levels", func(t *testing.T) {
		for level, want := range map[string]int{"debug": 4, "info": 3, "warn": 2, "error": 1, "loud": 3} {
			var out bytes.Buffer
			log := NewLogger(&out, level, "json")
			log.Debug("d")
			log.Info("i")
			log.Warn("w")
			log.Error("e")
			require.Equal(t, want, strings.Count(out.String(), "\n"), level)
		}
	})
	t.Run("JSON unless it is asked for text", func(t *testing.T) {
		var out bytes.Buffer
		NewLogger(&out, "info", "").Info("started", "address", ":8000")
		var record map[string]any
		require.NoError(t, json.Unmarshal(out.Bytes(), &record))
		require.Equal(t, ":8000", record["address"])

		out.Reset()
		NewLogger(&out, "info", "text").Info("started", "address", ":8000")
		require.Contains(t, out.String(), "msg=started address=:8000")
	})
}

func TestIsText(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "log")
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	require.False(t, IsText(file, ""), "a file is no terminal")
	require.False(t, IsText(&bytes.Buffer{}, ""))
	require.True(t, IsText(&bytes.Buffer{}, "text"))
	require.False(t, IsText(file, "json"))
}

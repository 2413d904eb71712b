package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/modules/storage"
	"lyceum/platform/config"
)

func TestDefaultsAreTheContracts(t *testing.T) {
	c, err := config.FromMap(nil, allSettings()...)
	require.NoError(t, err)
	require.Equal(t, ":8000", c.HTTPAddr)
	require.Equal(t, "http://localhost:8000", c.PublicURL)
	require.Equal(t, "data/keys", c.JWTKeysDir)
	require.True(t, config.SettingsOf[seed.Config](c).Demo)
	require.Zero(t, c.ShutdownDelay)
	require.Len(t, config.SettingsOf[storage.Config](c).ContentTypes, 15)
}

func TestAllFaultsAreNamedAtOnce(t *testing.T) {
	_, err := config.FromMap(map[string]string{
		"APP_ENV": "staging", "ACCESS_TOKEN_TTL": "soon", "WS_MAX": "many", "PUBLIC_URL": "localhost",
		"DATABASE_URL": "mysql://root:hunter2@db/x", "ADMIN_EMAIL": "root@example.com", "CORS_ORIGINS": "*",
	}, allSettings()...)
	require.Error(t, err)
	for _, want := range []string{"APP_ENV", `"staging"`, "development or production", "ACCESS_TOKEN_TTL", `"soon"`,
		"WS_MAX", "PUBLIC_URL", "DATABASE_URL", "ADMIN_PASSWORD", "CORS_ORIGINS"} {
		require.Contains(t, err.Error(), want)
	}
	require.NotContains(t, err.Error(), "hunter2")
}

func TestSettingsMaskSecrets(t *testing.T) {
	c, err := config.FromMap(map[string]string{
		"DATABASE_URL":   "postgres://u:hunter2@db/x?password=hunter2",
		"ADMIN_EMAIL":    "a@b.example",
		"ADMIN_PASSWORD": "hunter2 and more",
		"S3_ENDPOINT":    "m:9000",
		"S3_BUCKET":      "b",
		"S3_ACCESS_KEY":  "k",
		"S3_SECRET_KEY":  "hunter2",
		"SMTP_URL":       "smtp://u:hunter2@m",
	}, allSettings()...)
	require.NoError(t, err)
	var all strings.Builder
	for _, s := range c.ListSettings() {
		all.WriteString(s.Key + "=" + s.Value + "\n")
	}
	require.NotContains(t, all.String(), "hunter2")
	require.Contains(t, all.String(), "HTTP_ADDR=:8000")
}

// .env.example is where an operator looks first: it names every key with its explanation and its default.
func TestEnvExampleListsEveryKey(t *testing.T) {
	text, err := config.RenderEnvExample(allSettings()...)
	require.NoError(t, err)
	goldenFile(t, "../.env.example", text)
	c, err := config.FromMap(nil, allSettings()...)
	require.NoError(t, err)
	for _, s := range c.ListSettings() {
		require.Contains(t, text, "\n"+s.Key+"=")
	}
}

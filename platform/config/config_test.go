package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestC1ProductionRefusesToStartWithoutItsKeys(t *testing.T) {
	_, err := FromMap(map[string]string{"APP_ENV": "production"})
	require.Error(t, err)
	for _, key := range []string{"PUBLIC_URL", "DATA_DIR", "JWT_KEYS_DIR", "SMTP_URL"} {
		require.Contains(t, err.Error(), key)
	}
	c, err := FromMap(map[string]string{
		"APP_ENV": "production", "PUBLIC_URL": "https://x.example/", "DATA_DIR": "/d",
		"JWT_KEYS_DIR": "/k", "SMTP_URL": "smtp://m:25",
	})
	require.NoError(t, err)
	require.Equal(t, "https://x.example", c.PublicURL)
	require.Equal(t, "5s", c.ShutdownDelay.String())
}

func TestWhatCantWorkIsNamed(t *testing.T) {
	_, err := FromMap(map[string]string{"PUBLIC_URL": "https://x.example/lyceum", "WORKER_INLINE": "false"})
	require.ErrorContains(t, err, "PUBLIC_URL")
	require.ErrorContains(t, err, "WORKER_INLINE")
	c, err := FromMap(map[string]string{"DATABASE_URL": "sqlite:///var/lib/lyceum/x.db"})
	require.NoError(t, err)
	require.Equal(t, "/var/lib/lyceum", c.SQLiteDir(), "where the lock of its one server lies")
}

func TestFaultsOfAddresses(t *testing.T) {
	for key, values := range map[string][]string{
		"HTTP_ADDR":    {":99999", ":65536", ":-1", ":http", "8000", "a b:80", "user@host:80", ":80:80", ":"},
		"METRICS_ADDR": {":99999", "9000"},
		"CORS_ORIGINS": {
			"*", "https://*.example", "https://a.example/", "https://a.example/x", "https://u:p@a.example",
			"https://a.example?x", "https://a.example#x", "ftp://a.example", "a.example", "null", "https://",
			"https://a.example:99999", "https://a b", "https://a.example:", "https://a.example,https://*.b.example",
		},
	} {
		for _, value := range values {
			_, err := FromMap(map[string]string{key: value})
			require.ErrorContains(t, err, key+": found", "%q", value)
		}
	}
	_, err := FromMap(map[string]string{"HTTP_ADDR": "[::1]:0", "METRICS_ADDR": "127.0.0.1:9000",
		"CORS_ORIGINS": "https://a.example, http://localhost:3000 ,http://[::1]:8080,https://A_b.example:443"})
	require.NoError(t, err)
}

// A faulty URL is named with the part that is wrong, and never repeated where it may hold a
// password.
func TestFaultsOfURLs(t *testing.T) {
	for _, c := range []struct{ key, value, says string }{
		{"SMTP_URL", "http://u:hunter2@host:25", "a URL beginning with smtp:// or smtps://"},
		{"SMTP_URL", "smtp://u:hunter2#x@host:25", "percent-encoded (%23"},
		{"SMTP_URL", "smtp://u:hunter2/x@host:25", "percent-encoded (%23"},
		{"SMTP_URL", "smtp://u:hunter2?x@host:25", "percent-encoded (%23"},
		{"SMTP_URL", "smtp://u:hunter2%zz@host:25", "percent-encoded (%23"},
		{"SMTP_URL", "smtp://host:mail", "a port from 1 to 65535"},
		{"SMTP_URL", "smtp://host:99999", "a port from 1 to 65535"},
		{"SMTP_URL", "smtp://", "and a host"},
		{"REDIS_URL", "redis://:hunter2@host:6379#x", "without a #"},
		{"DATABASE_URL", "postgres://u:hunter2#x@db/lyceum", "percent-encoded (%23"},
		{"DATABASE_URL", "mysql://u:hunter2@db/lyceum", "a URL beginning with postgres://"},
		{"DATABASE_URL", "sqlite://", "sqlite:// and a path"},
		{"PUBLIC_URL", "https://x:port", "a port from 1 to 65535"},
	} {
		_, err := FromMap(map[string]string{c.key: c.value})
		require.ErrorContains(t, err, c.key+": found", "%s", c.value)
		require.ErrorContains(t, err, c.says, "%s", c.value)
		require.NotContains(t, err.Error(), "hunter2", "%s", c.value)
	}
	for _, good := range []string{
		"smtp://u:p%23w%40x@host:25", "smtps://host", "smtp://host:1025?starttls=required", "smtp://u:p@[::1]:25",
	} {
		_, err := FromMap(map[string]string{"SMTP_URL": good})
		require.NoError(t, err, good)
	}
}

// shopSettings is a section as a module declares one.
type shopSettings struct {
	Rooms    int      `env:"SHOP_ROOMS" envDefault:"3"`
	Keepers  []string `env:"SHOP_KEEPERS" envDefault:"ada, bob ,"`
	Password string   `env:"SHOP_PASSWORD" secret:"all"`
}

func (s *shopSettings) Validate(f *Faults) {
	f.CheckRange("SHOP_ROOMS", int64(s.Rooms), 1, 9)
	f.CheckOneOf("SHOP_KEEPERS", s.Keepers[0], "ada", "eve")
}

func shopSection() Section {
	return DeclareSection[shopSettings]("Shop",
		Doc{"SHOP_ROOMS", "How many rooms the shop has, from 1 to 9."},
		Doc{"SHOP_KEEPERS", "Who keeps it."},
		Doc{"SHOP_PASSWORD", "Opens the door."},
	)
}

func TestSectionsOfModules(t *testing.T) {
	t.Run("defaults", func(t *testing.T) {
		c, err := FromMap(nil, shopSection())
		require.NoError(t, err)
		require.Equal(t, &shopSettings{Rooms: 3, Keepers: []string{"ada", "bob"}}, SettingsOf[shopSettings](c))
	})
	t.Run("faults are told together with those of the platform", func(t *testing.T) {
		_, err := FromMap(map[string]string{
			"APP_ENV": "staging", "SHOP_ROOMS": "10", "SHOP_KEEPERS": "mallory",
		}, shopSection())
		for _, want := range []string{
			"APP_ENV: found",
			`SHOP_ROOMS: found "10", accepted is a whole number from 1 to 9`,
			`SHOP_KEEPERS: found "mallory", accepted is ada or eve`,
		} {
			require.ErrorContains(t, err, want)
		}
		_, err = FromMap(map[string]string{"SHOP_ROOMS": "many"}, shopSection())
		require.EqualError(t, err,
			"configuration is not valid:\n  SHOP_ROOMS: found \"many\", accepted is a whole number", "told once")
	})
	t.Run("secrets are masked", func(t *testing.T) {
		c, err := FromMap(map[string]string{"SHOP_PASSWORD": "hunter2"}, shopSection())
		require.NoError(t, err)
		require.Contains(t, c.ListSettings(), Setting{"SHOP_PASSWORD", Mask})
		require.Contains(t, c.ListSettings(), Setting{"SHOP_ROOMS", "3"})
	})
	t.Run("a key has one owner", func(t *testing.T) {
		_, err := FromMap(nil, shopSection(), shopSection())
		require.ErrorContains(t, err, "SHOP_ROOMS is declared by")
		_, err = FromMap(nil, DeclareSection[struct {
			Env string `env:"APP_ENV"`
		}]("Thief"))
		require.ErrorContains(t, err, `APP_ENV is declared by "the platform" and by "Thief"`)
	})
	t.Run("a section that was not loaded", func(t *testing.T) {
		c, err := FromMap(nil)
		require.NoError(t, err)
		require.PanicsWithValue(t, "config: no section of type config.shopSettings was loaded",
			func() { SettingsOf[shopSettings](c) })
	})
}

func TestExample(t *testing.T) {
	text, err := RenderEnvExample(shopSection())
	require.NoError(t, err)
	require.Contains(t, text, "\n## Shop\n# How many rooms the shop has, from 1 to 9.\nSHOP_ROOMS=3\n")
	require.Contains(t, text, "\nHTTP_ADDR=:8000\n")

	_, err = RenderEnvExample(DeclareSection[shopSettings]("Shop", Doc{"SHOP_ROOMS", "…"}, Doc{"SHOP_KEEPERS", "…"}))
	require.ErrorContains(t, err, "SHOP_PASSWORD of Shop has no explanation")
	_, err = RenderEnvExample(DeclareSection[struct{}]("Shop", Doc{"SHOP_HOURS", "…"}))
	require.ErrorContains(t, err, "SHOP_HOURS of Shop is explained and not a setting")
}

func TestRenderReference(t *testing.T) {
	text, err := RenderReference(shopSection())
	require.NoError(t, err)
	require.Contains(t, text, "## The server\n\n| setting | default | meaning |\n| --- | --- | --- |\n| `APP_ENV` | `development` | ")
	require.Contains(t, text, "| `DATABASE_URL` | empty | ")
	require.Contains(t, text, "## Shop\n")
	_, err = RenderReference(DeclareSection[struct{}]("Shop", Doc{"SHOP_HOURS", "…"}))
	require.ErrorContains(t, err, "SHOP_HOURS")
}

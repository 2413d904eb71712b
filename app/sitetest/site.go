package sitetest

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/app/modules"
	"lyceum/app/seed"
	"lyceum/platform/clock"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/program"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/apptest"
)

// Settings returns the settings of a site beside those of the platform.
func Settings() []config.Section {
	return append([]config.Section{seed.Settings}, modules.All.ListSettings()...)
}

// Site is a running Lyceum.
type Site struct {
	T testing.TB
	// URL is the address at which the test calls it.
	URL    string
	Config *config.Config
	// Running has the parts of the program; nil for a site in another process.
	Running *program.Running
	// Stop stops the site before the end of the test. It may be called more than once.
	Stop func()
	// Peers are the other replicas. Any of them may send a mail, each into a mailbox of its own.
	Peers []*Site
	// OnCall, if set, is told of every call before it is made.
	OnCall func(method, path, token string, body any, headers ...Header)
	// OnAnswer, if set, is told of every call and its answer.
	OnAnswer func(method, path, token string, body any, a Answer)
}

// parts are what Start takes out of the program.
type parts struct {
	fx.In
	program.Parts
	Seed seed.Parts
}

// Start starts a site and stops it at the end of the test. vars are environment variables; services
// that they do not configure are embedded in a temporary folder. targets are pointers that are
// filled with parts of the program, as by fx.Populate.
func Start(t testing.TB, vars map[string]string, targets ...any) *Site {
	t.Helper()
	return start(t, vars, fx.Populate(targets...))
}

// StartWithClock is Start for a site on a machine whose clock shows another time.
func StartWithClock(t testing.TB, vars map[string]string, c clock.Clock) *Site {
	t.Helper()
	return start(t, vars, fx.Decorate(func(clock.Clock) clock.Clock { return c }))
}

// start starts a site with one more option.
func start(t testing.TB, vars map[string]string, more fx.Option) *Site {
	t.Helper()
	port := testkit.FreePort(t)
	env := map[string]string{
		"HTTP_ADDR": "127.0.0.1:" + port, "PUBLIC_URL": "http://127.0.0.1:" + port, "DATA_DIR": t.TempDir(),
		// Cheap password hashes: tests show the flow, not the cost.
		"ARGON2_MEMORY_KIB": "64", "ARGON2_TIME": "1",
	}
	if _, isGiven := vars["DATA_DIR"]; !isGiven && vars["DATABASE_URL"] == "" {
		migrateFile(t, env["DATA_DIR"])
	}
	maps.Copy(env, vars)
	cfg, err := config.FromMap(env, Settings()...)
	require.NoError(t, err)
	require.NoError(t, program.CheckDisabled(modules.All, cfg.ModulesDisabled))

	var p parts
	options := program.BuildOptions(cfg, modules.All, program.About{Version: "test"})
	app := fx.New(options, more, fx.Populate(&p))
	require.NoError(t, app.Err())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, app.Start(ctx))
	apptest.CheckProblems(t, p.Server)
	running, err := program.Start(ctx, p.Parts, func(ctx context.Context) error {
		_, err := seed.Fill(ctx, p.Seed)
		return err
	})
	require.NoError(t, err)

	s := &Site{T: t, URL: cfg.PublicURL, Config: cfg, Running: running}
	s.Stop = sync.OnceFunc(func() {
		_ = running.Stop()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(t, app.Stop(ctx))
	})
	t.Cleanup(s.Stop)
	return s
}

// For returns the site for a subtest, so that a failed call ends that one alone.
func (s *Site) For(t testing.TB) *Site {
	sub := *s
	sub.T = t
	return &sub
}

// Services returns the configuration of a site on real PostgreSQL, Redis and MinIO.
func Services(t testing.TB) map[string]string {
	s3 := testkit.MinIO(t)
	return map[string]string{
		"DATABASE_URL": migratedDatabase(t), "REDIS_URL": testkit.Redis(t),
		"S3_ENDPOINT": s3.Endpoint, "S3_BUCKET": s3.Bucket, "S3_REGION": s3.Region,
		"S3_ACCESS_KEY": s3.AccessKey, "S3_SECRET_KEY": s3.SecretKey,
		"ADMIN_EMAIL": "admin@lyceum.local", "ADMIN_PASSWORD": seed.DemoPassword,
	}
}

// OnBothKinds runs a story with the configuration of embedded services and with that of real ones,
// both at once and beside other tests: stories wait more than they compute.
func OnBothKinds(t *testing.T, story func(t *testing.T, vars map[string]string)) {
	t.Parallel()
	onKinds(t, story)
}

// onKinds runs a story with both configurations at once.
func onKinds(t *testing.T, story func(t *testing.T, vars map[string]string)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		story(t, map[string]string{})
	})
	t.Run("services", func(t *testing.T) {
		t.Parallel()
		story(t, Services(t))
	})
}

// OnBothAlone is OnBoth for stories that need all processors: no other one of the package runs beside it.
func OnBothAlone(t *testing.T, vars map[string]string, story func(t *testing.T, s *Site)) {
	onKinds(t, onSite(vars, story))
}

// onSite returns a story that starts a site with vars and runs story on it.
func onSite(vars map[string]string, story func(t *testing.T, s *Site)) func(*testing.T, map[string]string) {
	return func(t *testing.T, all map[string]string) {
		maps.Copy(all, vars)
		story(t, Start(t, all))
	}
}

// OnBoth runs a story on a site with embedded services and on one with real ones. vars is added to
// the configuration of both.
func OnBoth(t *testing.T, vars map[string]string, story func(t *testing.T, s *Site)) {
	OnBothKinds(t, onSite(vars, story))
}

// OnBothInside is OnBoth for stories that look into the database, too.
func OnBothInside(t *testing.T, story func(t *testing.T, s *Site, d *db.DB)) {
	OnBoth(t, nil, func(t *testing.T, s *Site) { story(t, s, s.Running.Parts.DB) })
}

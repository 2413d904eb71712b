package apptest

import (
	"context"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/module"
	"lyceum/platform/program"
	"lyceum/platform/testkit"
)

// App is a running program. Start returns one, and the end of the test stops it.
type App struct {
	// URL is the address of the program, without a slash at its end.
	URL string
	// DB is the database of the program.
	DB *db.DB
	// Events holds the published events.
	Events *Recorder

	callers    *callers
	statements *statementCounts
	client     *http.Client
}

// Option changes the program that Start makes.
type Option func(*setup)

// setup collects the effects of the options.
type setup struct {
	env     map[string]string
	parts   []fx.Option
	callers *callers
}

// WithEnv sets environment variables of the program. Those of the process have no effect.
func WithEnv(env map[string]string) Option {
	return func(s *setup) { maps.Copy(s.env, env) }
}

// WithParts adds parts to the program: fakes of interfaces that the modules ask of others, or
// fx.Populate to get parts out of it.
func WithParts(options ...fx.Option) Option {
	return func(s *setup) { s.parts = append(s.parts, options...) }
}

// OnServices runs the program on real PostgreSQL, Redis and S3, with a database, a server and a bucket
// for this test alone.
func OnServices(t testing.TB) Option {
	s3 := testkit.MinIO(t)
	return WithEnv(map[string]string{
		"DATABASE_URL": testkit.Postgres(t), "REDIS_URL": testkit.Redis(t),
		"S3_ENDPOINT": s3.Endpoint, "S3_BUCKET": s3.Bucket, "S3_REGION": s3.Region,
		"S3_ACCESS_KEY": s3.AccessKey, "S3_SECRET_KEY": s3.SecretKey,
	})
}

// Start starts a program of the modules on a free port of the loopback interface and stops it at the
// end of the test. Services that the options do not configure are embedded in a temporary folder. A
// program that does not start or stop fails the test.
func Start(t testing.TB, modules module.List, with ...Option) *App {
	t.Helper()
	s := &setup{env: map[string]string{
		"HTTP_ADDR": "127.0.0.1:0", "PUBLIC_URL": "http://lyceum.test", "DATA_DIR": t.TempDir(),
		// Cheap password hashes: tests show the flow, not the cost.
		"ARGON2_MEMORY_KIB": "64", "ARGON2_TIME": "1",
	}}
	for _, option := range with {
		option(s)
	}
	cfg, err := config.FromMap(s.env, modules.ListSettings()...)
	require.NoError(t, err)
	require.NoError(t, program.CheckDisabled(modules, cfg.ModulesDisabled))

	var p program.Parts
	options := program.BuildOptions(cfg, modules, program.About{Version: "test"})
	built := fx.New(options, fx.Options(s.parts...), fx.Populate(&p))
	require.NoError(t, built.Err())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, built.Start(ctx))

	app := &App{
		DB: p.DB, Events: &Recorder{}, callers: s.callers, statements: &statementCounts{},
		client: &http.Client{Timeout: 20 * time.Second},
	}
	p.Events.OnPublish(app.Events.recordEvent)
	p.Server.OnAnswer(app.statements.recordAnswer)
	CheckProblems(t, p.Server)
	running, err := program.Start(ctx, p, nil)
	require.NoError(t, err)
	app.URL = "http://" + running.Addr.String()
	if s.callers != nil {
		s.callers.tokens = p.Tokens
	}
	t.Cleanup(func() {
		require.NoError(t, running.Stop())
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(t, built.Stop(ctx))
	})
	return app
}

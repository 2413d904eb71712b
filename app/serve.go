package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/spf13/cobra"
	"go.uber.org/fx"

	"lyceum/platform/broadcast"
	"lyceum/platform/command"
	"lyceum/platform/config"
	"lyceum/platform/embedded"
	"lyceum/platform/events"
	"lyceum/platform/jobs"
	"lyceum/platform/lifecycle"
	"lyceum/platform/migrate"
	"lyceum/platform/program"
	"lyceum/platform/telemetry"
)

// load reads the configuration and sets the logger up.
func load() (*config.Config, error) {
	cfg, err := config.Load(".env", allSettings()...)
	if err != nil {
		return nil, err
	}
	if err := program.CheckDisabled(modules, cfg.ModulesDisabled); err != nil {
		return nil, err
	}
	slog.SetDefault(telemetry.NewLogger(os.Stderr, cfg.LogLevel, cfg.LogFormat))
	return cfg, nil
}

// with builds the application, fills targets from it, runs fn and takes everything down again.
func with(ctx context.Context, cfg *config.Config, fn func(context.Context) error, targets ...any) (err error) {
	app := fx.New(program.BuildOptions(cfg, modules, about), fx.Populate(targets...), fx.StartTimeout(time.Minute), fx.StopTimeout(10*time.Second))
	if err := app.Err(); err != nil {
		return err
	}
	if err := app.Start(ctx); err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), app.StopTimeout())
		defer cancel()
		err = errors.Join(err, app.Stop(ctx))
	}()
	return fn(ctx)
}

// lock keeps a SQLite database to one server.
func lock(cfg *config.Config) (func(), error) {
	dir := cfg.SQLiteDir()
	if dir == "" {
		return func() {}, nil
	}
	l, err := embedded.LockDir(dir)
	if err != nil {
		return nil, err
	}
	return l.Unlock, nil
}

// gcPercent lets the heap grow threefold between collections: each password hash takes 19 MiB for a moment,
// and collecting after every second one costs a twentieth of the processor.
const gcPercent = 200

// memoryShare is the part of a container's memory that the heap may fill before the collector works harder. The rest
// is for what Go does not count, such as the program itself.
const memoryShare = 0.85

// limitMemory tells the collector how far the heap may grow, if the process may use as much memory as available
// says. GOGC and GOMEMLIMIT in the environment win.
func limitMemory(available memlimit.Provider) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	_, err := memlimit.Set(memlimit.WithRatio(memoryShare), memlimit.WithProvider(available))
	if err != nil {
		slog.Debug("the memory of the container is not known", "error", err) // or the system has no cgroups
	}
}

// startTelemetry sets up what a process that runs on lets be seen beside its log: traces, and what libraries print.
func startTelemetry(ctx context.Context, cfg *config.Config) (stop func(), err error) {
	stopTracing, err := telemetry.StartTracing(ctx, cfg.OTLPEndpoint, Version)
	if err != nil {
		return nil, err
	}
	restoreOutput, err := telemetry.LogPrintedLines()
	if err != nil {
		stopTracing()
		return nil, err
	}
	return func() {
		restoreOutput()
		stopTracing()
	}, nil
}

func serve(c *cobra.Command, _ []string) error {
	limitMemory(memlimit.FromCgroup)
	cfg, err := load()
	if err != nil {
		return err
	}
	unlock, err := lock(cfg)
	if err != nil {
		return err
	}
	defer unlock()
	stopTelemetry, err := startTelemetry(c.Context(), cfg)
	if err != nil {
		return err
	}
	defer stopTelemetry()
	var p parts
	return with(c.Context(), cfg, func(ctx context.Context) error { return serveUntil(ctx, p) }, &p)
}

// serveUntil serves until ctx ends or the server fails.
func serveUntil(ctx context.Context, p parts) error {
	startCtx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := start(startCtx, p, stdout)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		slog.Info("stopping")
		return r.Stop()
	case err := <-r.Failed:
		return errors.Join(fmt.Errorf("the server ended: %w", err), r.Stop())
	}
}

func worker(c *cobra.Command, _ []string) error {
	limitMemory(memlimit.FromCgroup)
	cfg, err := load()
	if err != nil {
		return err
	}
	if cfg.SQLiteDir() != "" || cfg.RedisURL == "" {
		return &command.UsageError{Text: "lyceum worker needs DATABASE_URL (PostgreSQL) and REDIS_URL: embedded parts belong to the serving process"}
	}
	stopTelemetry, err := startTelemetry(c.Context(), cfg)
	if err != nil {
		return err
	}
	defer stopTelemetry()
	var e *events.Bus
	var q *jobs.Queue
	var b *broadcast.Bus
	var r *migrate.Runner
	return with(c.Context(), cfg, func(ctx context.Context) error {
		if err := upToDate(ctx, r); err != nil {
			return err
		}
		defer program.StartSignals(b)()
		g := lifecycle.NewGroup()
		program.StartWork(g, e, q)
		slog.Info("worker started")
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		g.Stop(stop)
		return nil
	}, &e, &q, &b, &r)
}

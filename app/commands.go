package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lyceum/platform/broadcast"
	"lyceum/platform/command"
	"lyceum/platform/config"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/openapi"
	"lyceum/platform/migrate"
	"lyceum/platform/program"
)

func newMigrate() *cobra.Command {
	down := &cobra.Command{Use: "down [N]", Short: "Revert the last N migrations (default 1)", Args: cobra.MaximumNArgs(1), RunE: migrateDown}
	return command.NewGroup("migrate", "Migrate the database schema",
		command.New("up", "Run the pending migrations", migrateUp), down, command.NewList("status", "List the migrations", migrateStatus))
}

func migrateUp(c *cobra.Command, _ []string) error {
	return migrating(c, true, func(ctx context.Context, r *migrate.Runner) error {
		done, err := r.Up(ctx)
		return printEach("up", done, err)
	})
}

func migrateDown(c *cobra.Command, args []string) error {
	n := 1
	if len(args) == 1 {
		var err error
		if n, err = strconv.Atoi(args[0]); err != nil || n < 1 {
			return &command.UsageError{Text: fmt.Sprintf("migrate down: found %q, accepted is a whole number above 0", args[0])}
		}
	}
	return migrating(c, true, func(ctx context.Context, r *migrate.Runner) error {
		done, err := r.Down(ctx, n)
		return printEach("down", done, err)
	})
}

// migrationLine is one line of `migrate status`.
type migrationLine struct {
	ID string `json:"id"`
	// Status is pending, applied, or unknown for one that a newer version has applied.
	Status string `json:"status"`
}

func migrateStatus(c *cobra.Command, asJSON bool) error {
	return migrating(c, false, func(ctx context.Context, r *migrate.Runner) error {
		states, err := r.ListStates(ctx)
		if err != nil {
			return err
		}
		lines := make([]migrationLine, len(states))
		for i, s := range states {
			lines[i] = migrationLine{s.ID, "pending"}
			switch {
			case !s.Known:
				lines[i].Status = "unknown"
			case s.Applied:
				lines[i].Status = "applied"
			}
		}
		if asJSON {
			return command.PrintItems(stdout, lines)
		}
		for _, l := range lines {
			fmt.Fprintf(stdout, "%s  %s\n", l.Status, l.ID)
		}
		return nil
	})
}

func migrating(c *cobra.Command, exclusive bool, fn func(context.Context, *migrate.Runner) error) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	if exclusive {
		unlock, err := lock(cfg)
		if err != nil {
			return err
		}
		defer unlock()
	}
	var r *migrate.Runner
	return with(c.Context(), cfg, func(ctx context.Context) error { return fn(ctx, r) }, &r)
}

// printEach says what was done, though an error ended it.
func printEach(word string, ids []string, err error) error {
	for _, id := range ids {
		fmt.Fprintf(stdout, "%s  %s\n", word, id)
	}
	if len(ids) == 0 && err == nil {
		fmt.Fprintln(stdout, "nothing to do")
	}
	return err
}

// upToDate refuses to work on a schema that this program does not know.
func upToDate(ctx context.Context, r *migrate.Runner) error {
	pending, err := r.ListPending(ctx)
	if err == nil && len(pending) > 0 {
		err = errors.New("the schema is not up to date: run lyceum migrate up, or start the server once")
	}
	return err
}

// aside is a configuration that touches nothing: commands that only describe the program open
// throw-away embedded parts.
func aside(cfg *config.Config) (*config.Config, func(), error) {
	dir, err := os.MkdirTemp("", "lyceum-*")
	if err != nil {
		return nil, nil, err
	}
	c := *cfg
	c.DataDir, c.JWTKeysDir, c.DatabaseURL, c.RedisURL, c.SMTPURL, c.S3.Endpoint = dir, dir+"/keys", "", "", "", ""
	return &c, func() { _ = os.RemoveAll(dir) }, nil
}

// described runs fn with a server that answers nothing.
func described(c *cobra.Command, fn func(*config.Config, *httpx.Server) error) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	apart, remove, err := aside(cfg)
	if err != nil {
		return err
	}
	defer remove()
	var s *httpx.Server
	return with(c.Context(), apart, func(context.Context) error { return fn(cfg, s) }, &s)
}

func newOpenAPI() *cobra.Command {
	var form struct{ yaml, markdown, downgrade bool }
	c := command.New("openapi", "Print the OpenAPI document", func(c *cobra.Command, _ []string) error {
		return described(c, func(_ *config.Config, s *httpx.Server) error {
			text, err := s.Document(form.yaml), error(nil)
			switch {
			case form.markdown:
				text = openapi.RenderMarkdown(s.OpenAPI())
			case form.downgrade:
				text, err = s.OpenAPI().Downgrade()
			}
			if err == nil {
				_, err = stdout.Write(append(bytes.TrimSuffix(text, []byte("\n")), '\n'))
			}
			return err
		})
	})
	c.Flags().BoolVar(&form.yaml, "yaml", false, "in YAML")
	c.Flags().BoolVar(&form.markdown, "markdown", false, "as an API reference for people")
	c.Flags().BoolVar(&form.downgrade, "downgrade", false, "as OpenAPI 3.0, for tools that don't know 3.1")
	c.MarkFlagsMutuallyExclusive("yaml", "markdown", "downgrade")
	return c
}

// moduleLine is one line of `modules`.
type moduleLine struct {
	Name       string   `json:"name"`
	Enabled    bool     `json:"enabled"`
	DependsOn  []string `json:"depends_on"`
	Routes     int      `json:"routes"`
	Migrations int      `json:"migrations"`
}

func listModules(c *cobra.Command, asJSON bool) error {
	return described(c, func(cfg *config.Config, s *httpx.Server) error {
		routes := map[string]int{}
		for _, r := range s.ListRoutes() {
			routes[r.Module]++
		}
		lines, infos := make([]moduleLine, len(modules)), program.DescribeModules(modules, cfg.ModulesDisabled)
		for i, m := range modules {
			lines[i] = moduleLine{m.Name, infos[i].Enabled, append([]string{}, m.Needs...), routes[m.Name], len(m.Migrations)}
		}
		if asJSON {
			return command.PrintItems(stdout, lines)
		}
		w := tabwriter.NewWriter(stdout, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "MODULE\tENABLED\tDEPENDS ON\tROUTES\tMIGRATIONS")
		for _, l := range lines {
			fmt.Fprintf(w, "%s\t%t\t%s\t%d\t%d\n", l.Name, l.Enabled, strings.Join(l.DependsOn, ", "), l.Routes, l.Migrations)
		}
		return w.Flush()
	})
}

func showConfig(_ *cobra.Command, asJSON bool) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	if asJSON {
		return command.PrintItems(stdout, cfg.ListSettings())
	}
	for _, s := range cfg.ListSettings() {
		fmt.Fprintf(stdout, "%s=%s\n", s.Key, s.Value)
	}
	return nil
}

func showVersion(*cobra.Command, []string) error {
	fmt.Fprintln(stdout, "lyceum "+Version)
	return nil
}

func newOutbox() *cobra.Command {
	return command.NewGroup("outbox", "List and retry deliveries that have failed for good",
		command.NewList("dead", "List the failed deliveries", func(c *cobra.Command, asJSON bool) error {
			return withOutbox(c, func(ctx context.Context, b *events.Bus) error {
				dead, err := b.ListDeadLetters(ctx)
				if err == nil && asJSON {
					return command.PrintItems(stdout, dead)
				}
				for _, l := range dead {
					fmt.Fprintf(stdout, "%s  %s  %s → %s  %d attempts: %s\n", l.CreatedAt, l.ID, l.Event, l.Subscriber, l.Attempts, l.LastError)
				}
				return err
			})
		}),
		command.New("retry", "Retry the failed deliveries", func(c *cobra.Command, _ []string) error {
			return withOutbox(c, func(ctx context.Context, b *events.Bus) error {
				n, err := b.RetryDeadLetters(ctx)
				fmt.Fprintf(stdout, "%d due again\n", n)
				return err
			})
		}))
}

func withOutbox(c *cobra.Command, fn func(context.Context, *events.Bus) error) error {
	var b *events.Bus
	return current(c, func(ctx context.Context) error { return fn(ctx, b) }, &b)
}

// current runs fn with parts of a program whose schema is up to date.
func current(c *cobra.Command, fn func(context.Context) error, targets ...any) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	return currentWith(c, cfg, fn, targets...)
}

// currentWith is current for a configuration that was read before.
func currentWith(c *cobra.Command, cfg *config.Config, fn func(context.Context) error, targets ...any) error {
	var r *migrate.Runner
	var b *broadcast.Bus
	return with(c.Context(), cfg, func(ctx context.Context) error {
		if err := upToDate(ctx, r); err != nil {
			return err
		}
		// Servers hear of what the command changes.
		defer program.StartSignals(b)()
		return fn(ctx)
	}, append(targets, &r, &b)...)
}

// moduleProgram is the program as the commands of one module see it.
type moduleProgram struct{ module string }

// Run implements command.Program.
func (p moduleProgram) Run(c *cobra.Command, fn func(context.Context) error, parts ...any) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	if slices.Contains(cfg.ModulesDisabled, p.module) {
		return errors.New("the module " + p.module + " is switched off")
	}
	return currentWith(c, cfg, fn, parts...)
}

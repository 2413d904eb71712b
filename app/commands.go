package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"lyceum/modules/auth"
	"lyceum/platform/apperr"
	platform "lyceum/platform/auth"
	"lyceum/platform/config"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/migrate"
)

func newMigrate() *cobra.Command {
	down := &cobra.Command{Use: "down [N]", Short: "Take back the last N migrations (1)", Args: cobra.MaximumNArgs(1), RunE: migrateDown}
	return group("migrate", "Bring the schema up or down",
		command("up", "Run what is pending", migrateUp), down, command("status", "List the migrations", migrateStatus))
}

func migrateUp(c *cobra.Command, _ []string) error {
	return migrating(c, true, func(ctx context.Context, r *migrate.Runner) error {
		done, err := r.Up(ctx)
		printEach("up", done)
		return err
	})
}

func migrateDown(c *cobra.Command, args []string) error {
	n := 1
	if len(args) == 1 {
		var err error
		if n, err = strconv.Atoi(args[0]); err != nil || n < 1 {
			return &usageError{fmt.Sprintf("migrate down: found %q, accepted is a whole number above 0", args[0])}
		}
	}
	return migrating(c, true, func(ctx context.Context, r *migrate.Runner) error {
		done, err := r.Down(ctx, n)
		printEach("down", done)
		return err
	})
}

func migrateStatus(c *cobra.Command, _ []string) error {
	return migrating(c, false, func(ctx context.Context, r *migrate.Runner) error {
		states, err := r.Status(ctx)
		for _, s := range states {
			word := "pending"
			if s.Applied {
				word = "applied"
			}
			fmt.Fprintf(stdout, "%s  %s\n", word, s.ID)
		}
		return err
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

func printEach(word string, ids []string) {
	for _, id := range ids {
		fmt.Fprintf(stdout, "%s  %s\n", word, id)
	}
	if len(ids) == 0 {
		fmt.Fprintln(stdout, "nothing to do")
	}
}

func newAdmin() *cobra.Command {
	var email string
	var fromStdin bool
	create := &cobra.Command{Use: "create", Short: "Make an administrator", Args: noArgs, RunE: func(c *cobra.Command, _ []string) error {
		if email == "" {
			return &usageError{"admin create needs --email"}
		}
		return adminCreate(c, email, fromStdin)
	}}
	create.Flags().StringVar(&email, "email", "", "the address")
	create.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	return group("admin", "Manage administrators and what only an operator may", create, newRemoveFactor())
}

// newRemoveFactor is for people who have lost their device and their recovery codes, and are known to the operator.
func newRemoveFactor() *cobra.Command {
	var email string
	remove := command("remove-factor", "Remove the second factor of an account", func(c *cobra.Command, _ []string) error {
		if email == "" {
			return &usageError{"admin remove-factor needs --email"}
		}
		cfg, err := load()
		if err != nil {
			return err
		}
		var s *auth.Service
		var r *migrate.Runner
		return with(c.Context(), cfg, func(ctx context.Context) error {
			if err := upToDate(ctx, r); err != nil {
				return err
			}
			if err := s.DropFactor(platform.WithCaller(ctx, platform.Caller{Via: "cli"}), email); err != nil {
				return err
			}
			fmt.Fprintln(stdout, "removed the second factor of "+email)
			return nil
		}, &s, &r)
	})
	remove.Flags().StringVar(&email, "email", "", "the address")
	return remove
}

func adminCreate(c *cobra.Command, email string, fromStdin bool) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	password, err := readPassword(fromStdin)
	if err != nil {
		return err
	}
	var s *auth.Service
	var r *migrate.Runner
	return with(c.Context(), cfg, func(ctx context.Context) error {
		if err := upToDate(ctx, r); err != nil {
			return err
		}
		if err := createAdmin(ctx, s, email, password, false); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "made the administrator "+email)
		return nil
	}, &s, &r)
}

// upToDate refuses to work on a schema that this program does not know.
func upToDate(ctx context.Context, r *migrate.Runner) error {
	pending, err := r.Pending(ctx)
	if err == nil && len(pending) > 0 {
		err = errors.New("the schema is not up to date: run lyceum migrate up, or start the server once")
	}
	return err
}

// createAdmin makes an administrator. With ifMissing an account that has the address is fine.
func createAdmin(ctx context.Context, s *auth.Service, email, password string, ifMissing bool) error {
	ctx = platform.WithCaller(ctx, platform.Caller{Via: "cli"})
	if ifMissing {
		if known, err := s.Known(ctx, email); err != nil || known {
			return err
		}
	}
	_, err := s.Register(ctx, auth.NewUser{Email: email, Password: password, Role: platform.Admin, Verified: true})
	if e, ok := apperr.As(err); ok && ifMissing {
		if e.Code == "email-taken" {
			return nil
		}
		return &config.Error{Faults: []string{"ADMIN_EMAIL, ADMIN_PASSWORD: " + message(err)}}
	}
	return err
}

func newKeys() *cobra.Command {
	return group("keys", "Manage the keys that sign access tokens",
		command("rotate", "Make a new signing key; servers use it within a second, the old one verifies until its last token has run out", keysRotate))
}

func keysRotate(*cobra.Command, []string) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	before, _ := filepath.Glob(filepath.Join(cfg.JWTKeysDir, "*.pem"))
	keys, err := platform.LoadKeys(cfg.JWTKeysDir, cfg.AccessTokenTTL)
	if err != nil {
		return err
	}
	if len(before) == 0 {
		fmt.Fprintln(os.Stderr, "lyceum: there was no key in "+cfg.JWTKeysDir+" before; is it the folder of the servers (JWT_KEYS_DIR, else DATA_DIR/keys)?")
	}
	id, err := keys.Rotate()
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "in "+cfg.JWTKeysDir)
	for _, k := range keys.All() {
		word := "verifies"
		if k.ID == id {
			word = "signs"
		}
		fmt.Fprintf(stdout, "%s  %s  made %s\n", k.ID, word, k.Made.UTC().Format(time.RFC3339))
	}
	return nil
}

func readPassword(fromStdin bool) (string, error) {
	if fromStdin {
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return "", &usageError{"there is no terminal to ask for a password; use --password-stdin"}
	}
	fmt.Fprint(os.Stderr, "Password: ")
	raw, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	return string(raw), err
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
	var yaml bool
	c := command("openapi", "Print the OpenAPI document", func(c *cobra.Command, _ []string) error {
		return described(c, func(_ *config.Config, s *httpx.Server) error {
			_, err := stdout.Write(append(s.Document(yaml), '\n'))
			return err
		})
	})
	c.Flags().BoolVar(&yaml, "yaml", false, "in YAML")
	return c
}

func listModules(c *cobra.Command, _ []string) error {
	return described(c, func(cfg *config.Config, s *httpx.Server) error {
		routes := map[string]int{}
		for _, r := range s.Listing() {
			routes[r.Module]++
		}
		w := tabwriter.NewWriter(stdout, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "MODULE\tENABLED\tDEPENDS ON\tROUTES\tMIGRATIONS")
		infos := moduleInfos(modules, cfg.ModulesDisabled)
		for i, m := range modules {
			fmt.Fprintf(w, "%s\t%t\t%s\t%d\t%d\n", m.name, infos[i].Enabled, strings.Join(m.needs, ", "), routes[m.name], len(m.migrations))
		}
		return w.Flush()
	})
}

func showConfig(*cobra.Command, []string) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	for _, s := range cfg.Settings() {
		fmt.Fprintf(stdout, "%s=%s\n", s.Key, s.Value)
	}
	return nil
}

func showVersion(*cobra.Command, []string) error {
	fmt.Fprintln(stdout, "lyceum "+Version)
	return nil
}

func newOutbox() *cobra.Command {
	return group("outbox", "Deliveries that were given up",
		command("dead", "List them", func(c *cobra.Command, _ []string) error {
			return withOutbox(c, func(ctx context.Context, b *events.Bus) error {
				dead, err := b.Dead(ctx)
				for _, l := range dead {
					fmt.Fprintf(stdout, "%s  %s  %s → %s  %d attempts: %s\n", l.CreatedAt, l.ID, l.Event, l.Subscriber, l.Attempts, l.LastError)
				}
				return err
			})
		}),
		command("retry", "Make them due again", func(c *cobra.Command, _ []string) error {
			return withOutbox(c, func(ctx context.Context, b *events.Bus) error {
				n, err := b.Retry(ctx)
				fmt.Fprintf(stdout, "%d due again\n", n)
				return err
			})
		}))
}

func withOutbox(c *cobra.Command, fn func(context.Context, *events.Bus) error) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	var b *events.Bus
	var r *migrate.Runner
	return with(c.Context(), cfg, func(ctx context.Context) error {
		if err := upToDate(ctx, r); err != nil {
			return err
		}
		return fn(ctx, b)
	}, &b, &r)
}

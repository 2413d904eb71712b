package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/fx"
	"golang.org/x/term"

	"lyceum/app/seed"
	"lyceum/modules/auth"
	"lyceum/modules/users"
	"lyceum/platform/command"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/keyring"
	"lyceum/platform/migrate"
)

func newAdmin() *cobra.Command {
	var email string
	var fromStdin bool
	create := &cobra.Command{Use: "create", Short: "Create an administrator", Args: command.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		if email == "" {
			return &command.UsageError{Text: "admin create needs --email"}
		}
		return adminCreate(c, email, fromStdin)
	}}
	create.Flags().StringVar(&email, "email", "", "the address")
	create.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from standard input")
	return command.NewGroup("admin", "Create administrators and help accounts that are locked out", create)
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
	var p struct {
		fx.In
		Auth       *auth.Service
		Users      *users.Service
		Migrations *migrate.Runner
		DB         *db.DB
		Keys       *keyring.Keys
	}
	return with(c.Context(), cfg, func(ctx context.Context) error {
		if err := migrateEmpty(ctx, cfg, p.Migrations); err != nil {
			return err
		}
		if err := seed.SealEmptyLog(ctx, p.Users, p.DB, p.Keys); err != nil {
			return err
		}
		if err := seed.CreateAdmin(ctx, p.Auth, email, password); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "made the administrator "+email)
		return nil
	}, &p)
}

// migrateEmpty brings an empty database to today's schema, unless AUTO_MIGRATE=false; any other must be up to date already.
func migrateEmpty(ctx context.Context, cfg *config.Config, r *migrate.Runner) error {
	states, err := r.ListStates(ctx)
	if err != nil {
		return err
	}
	isEmpty := !slices.ContainsFunc(states, func(s migrate.State) bool { return s.Applied })
	if isEmpty && cfg.AutoMigrate {
		_, err = r.Up(ctx)
		return err
	}
	return upToDate(ctx, r)
}

func newKeys() *cobra.Command {
	return command.NewGroup("keys", "Manage the keys that sign access tokens",
		command.New("rotate", "Create a signing key; servers use it within a second, tokens of the old one stay valid until they expire", keysRotate))
}

func keysRotate(*cobra.Command, []string) error {
	cfg, err := load()
	if err != nil {
		return err
	}
	before, _ := filepath.Glob(filepath.Join(cfg.JWTKeysDir, "*.pem"))
	keys, err := keyring.Open(cfg.JWTKeysDir, cfg.AccessTokenTTL)
	if err != nil {
		return err
	}
	if len(before) == 0 {
		fmt.Fprintln(os.Stderr, "lyceum: there was no key in "+cfg.JWTKeysDir+" before; is it the folder of the servers (JWT_KEYS_DIR, else DATA_DIR/keys)?")
	}
	id, err := keys.RotateSigningKey()
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "in "+cfg.JWTKeysDir)
	for _, k := range keys.VerifyingKeys() {
		word := "verifies"
		if k.ID == id {
			word = "signs"
		}
		fmt.Fprintf(stdout, "%s  %s  made %s\n", k.ID, word, k.CreatedAt.UTC().Format(time.RFC3339))
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
		return "", &command.UsageError{Text: "there is no terminal to ask for a password; use --password-stdin"}
	}
	fmt.Fprint(os.Stderr, "Password: ")
	raw, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	return string(raw), err
}

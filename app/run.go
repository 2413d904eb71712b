package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"

	"go.uber.org/fx"

	"lyceum/modules/audit"
	"lyceum/modules/auth"
	"lyceum/modules/users"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/keyring"
	"lyceum/platform/program"
	"lyceum/platform/telemetry"
)

// parts are what the commands of this program work with.
type parts struct {
	fx.In
	program.Parts
	Auth       *auth.Service
	AuthConfig *auth.Config
	Users      *users.Service
	Demo       demoParts
}

// start starts the program with the accounts that it begins with, and tells where it can be reached.
func start(ctx context.Context, p parts, out io.Writer) (*program.Running, error) {
	hasDemo := false
	r, err := program.Start(ctx, p.Parts, func(ctx context.Context) (err error) {
		if err := sealEmptyLog(ctx, p.Users, p.DB, p.Keys); err != nil {
			return err
		}
		if hasDemo, err = loadDemo(ctx, p); err != nil {
			return fmt.Errorf("demo data: %w", err)
		}
		return ensureAdmin(ctx, p)
	})
	if err == nil {
		greet(out, p.Config, r.Addr, hasDemo)
	}
	return r, err
}

// sealEmptyLog begins the audit log of a database that has no account yet, whether or not the module is on: what is
// audited later must follow a sealed beginning.
func sealEmptyLog(ctx context.Context, u *users.Service, d *db.DB, k *keyring.Keys) error {
	empty, err := u.Empty(ctx)
	if err != nil || !empty {
		return err
	}
	return audit.SealEmptyLog(ctx, d, k)
}

// ensureAdmin makes the configured administrator when no account has that address. Replicas that
// start together race for it; one makes it.
func ensureAdmin(ctx context.Context, p parts) error {
	if p.AuthConfig.AdminEmail == "" {
		return nil
	}
	return createAdmin(ctx, p.Auth, p.AuthConfig.AdminEmail, p.AuthConfig.AdminPassword, true)
}

// greet tells a newcomer where to go: as text for people where the log is text, else as one record of the log.
func greet(out io.Writer, c *config.Config, addr net.Addr, demo bool) {
	slog.Info("listening", "version", Version, "address", addr.String(), "public_url", c.PublicURL)
	var accounts []string
	if demo {
		for _, a := range demoAccounts {
			accounts = append(accounts, a.email)
		}
	}
	if !telemetry.IsText(os.Stderr, c.LogFormat) {
		if demo {
			slog.Info("demo accounts, for trying out only", "accounts", accounts)
		}
		return
	}
	_, port, _ := net.SplitHostPort(addr.String())
	fmt.Fprintf(out, "\nLyceum %s listens on %s\n\n  Console   %s/\n  API docs  %s/docs\n", Version, addr, c.PublicURL, c.PublicURL)
	if c.SMTPURL == "" && !c.IsProduction() {
		fmt.Fprintf(out, "  Mail      %s/dev/mailbox\n", c.PublicURL)
	}
	if u, err := url.Parse(c.PublicURL); err == nil && u.Port() != "" && u.Port() != port {
		fmt.Fprintf(out, "\n  PUBLIC_URL names another port than %s; links and signed URLs go to PUBLIC_URL.\n", port)
	}
	if demo {
		fmt.Fprintf(out, "\n  Demo accounts, for trying out only (password of each: %s):\n", demoPassword)
		for _, email := range accounts {
			fmt.Fprintf(out, "    %s\n", email)
		}
	}
	fmt.Fprintln(out)
}

var stdout io.Writer = os.Stdout

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

	"lyceum/app/seed"
	"lyceum/platform/config"
	"lyceum/platform/program"
	"lyceum/platform/telemetry"
)

// parts are what the commands of this program work with.
type parts struct {
	fx.In
	program.Parts
	Seed seed.Parts
}

// allSettings returns the settings of the program beside those of the platform.
func allSettings() []config.Section {
	return append([]config.Section{seed.Settings}, modules.ListSettings()...)
}

// start starts the program with the data that an installation begins with, and tells where it can be reached.
func start(ctx context.Context, p parts, out io.Writer) (*program.Running, error) {
	hasDemo := false
	r, err := program.Start(ctx, p.Parts, func(ctx context.Context) (err error) {
		hasDemo, err = seed.Fill(ctx, p.Seed)
		return err
	})
	if err == nil {
		greet(out, p.Config, r.Addr, hasDemo)
	}
	return r, err
}

// greet tells a newcomer where to go: as text for people where the log is text, else as one record of the log.
func greet(out io.Writer, c *config.Config, addr net.Addr, demo bool) {
	slog.Info("listening", "version", Version, "address", addr.String(), "public_url", c.PublicURL)
	var accounts []string
	if demo {
		for _, a := range seed.DemoAccounts {
			accounts = append(accounts, a.Email)
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
		fmt.Fprintf(out, "\n  Demo accounts, for trying out only (password of each: %s):\n", seed.DemoPassword)
		for _, email := range accounts {
			fmt.Fprintf(out, "    %s\n", email)
		}
	}
	fmt.Fprintln(out)
}

// stdout is where commands print what they are asked for, also while a server logs what libraries print.
var stdout io.Writer = os.Stdout

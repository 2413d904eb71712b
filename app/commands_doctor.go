package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"strings"

	"github.com/spf13/cobra"

	"lyceum/modules/mail"
	"lyceum/platform/blob/s3"
	"lyceum/platform/command"
	"lyceum/platform/config"
	"lyceum/platform/diagnosis"
	"lyceum/platform/doctor"
	"lyceum/platform/program"
	"lyceum/platform/smtp"
)

// newDoctor returns the command that examines an installation.
func newDoctor() *cobra.Command {
	var testMailTo string
	const short = "Examine configuration, services, keys and queues, and say what to do"
	c := command.NewList("doctor", short, func(c *cobra.Command, asJSON bool) error {
		findings, err := examine(c.Context(), testMailTo)
		if err != nil {
			return err
		}
		if asJSON {
			err = command.PrintItems(stdout, findings)
		} else {
			err = doctor.Print(stdout, findings)
		}
		if n := doctor.CountFailed(findings); err == nil && n > 0 {
			err = fmt.Errorf("%d of %d checks failed", n, len(findings))
		}
		return err
	})
	c.Flags().StringVar(&testMailTo, "mail-to", "", "send a test mail to this address")
	return c
}

// examine runs all checks. A configuration that is not valid is a finding, too.
func examine(ctx context.Context, testMailTo string) ([]diagnosis.Finding, error) {
	cfg, err := load()
	var invalid *config.Error
	if errors.As(err, &invalid) {
		return explainFaults(invalid), nil
	}
	if err != nil {
		return nil, err
	}
	declared, err := program.ReadDeclarations(modules)
	if err != nil {
		return nil, err
	}
	o := doctor.Options{
		Config: cfg, Migrations: declared.Migrations, ObjectColumns: declared.ObjectColumns, Checks: declared.Checks,
		OpenBucket:  func() (*s3.Store, error) { return program.OpenBucket(cfg) },
		CheckSealed: func(ctx context.Context) (fault, err error) { return findUnreadable(ctx, cfg, true) },
	}
	if testMailTo != "" {
		o.SendTestMail = func(ctx context.Context) error { return sendTestMail(ctx, cfg, testMailTo) }
	}
	return doctor.Examine(ctx, o), nil
}

// explainFaults returns a finding for each fault of a configuration.
func explainFaults(invalid *config.Error) (findings []diagnosis.Finding) {
	for _, fault := range invalid.Faults {
		key, _, _ := strings.Cut(fault, ":")
		findings = append(findings, diagnosis.Finding{
			Check: "configuration", Status: diagnosis.Failed, Found: fault,
			Advice: "correct " + key + " in the environment or in .env; docs/settings.md explains each setting",
		})
	}
	return findings
}

// sendTestMail sends a mail to an operator.
func sendTestMail(ctx context.Context, cfg *config.Config, to string) error {
	client, err := smtp.NewClient(cfg.SMTPURL, smtp.WithHello(cfg.PublicURL))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	return client.Send(ctx, smtp.Message{
		From: config.SettingsOf[mail.Config](cfg).From, To: to, Subject: "A test mail of Lyceum",
		Text: "lyceum doctor has sent this mail from " + cfg.PublicURL + ".\n",
		HTML: "<p>lyceum doctor has sent this mail from " + html.EscapeString(cfg.PublicURL) + ".</p>\n",
	})
}

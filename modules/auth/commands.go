package auth

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"lyceum/platform/command"
	"lyceum/platform/identity"
)

// newCommands returns the commands of the module. The group admin holds commands of the program,
// too.
func newCommands(p command.Program) []*cobra.Command {
	return []*cobra.Command{
		command.NewGroup("admin", "Manage administrators and what only an operator may", newRemoveFactorCommand(p)),
	}
}

// newRemoveFactorCommand returns the command for people who have lost their device and their
// recovery codes, and whom the operator knows.
func newRemoveFactorCommand(p command.Program) *cobra.Command {
	var email string
	c := command.New("remove-factor", "Remove the second factor of an account", func(c *cobra.Command, _ []string) error {
		if email == "" {
			return &command.UsageError{Text: "admin remove-factor needs --email"}
		}
		var s *Service
		return p.Run(c, func(ctx context.Context) error {
			if err := s.RemoveFactorOf(identity.WithCaller(ctx, identity.Caller{Via: "cli"}), email); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "removed the second factor of "+email)
			return nil
		}, &s)
	})
	c.Flags().StringVar(&email, "email", "", "the address")
	return c
}

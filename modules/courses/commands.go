package courses

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"lyceum/platform/command"
)

// newCommands returns the commands of the module.
func newCommands(p command.Program) []*cobra.Command {
	recompute := command.New("recompute", "Make stored counts and sums what the rows of progress say", func(c *cobra.Command, _ []string) error {
		var s *Service
		return p.Run(c, func(ctx context.Context) error {
			n, err := s.Recompute(ctx)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%d counts and sums repaired\n", n)
			return nil
		}, &s)
	})
	return []*cobra.Command{command.NewGroup("progress", "Learners' progress", recompute)}
}

package courses

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"lyceum/modules/courses/internal/learning"
	"lyceum/platform/command"
)

// newCommands returns the commands of the module.
func newCommands(p command.Program) []*cobra.Command {
	const short = "Recompute stored counts and sums from the reports of learners"
	recompute := command.New("recompute", short, func(c *cobra.Command, _ []string) error {
		var s *learning.Service
		return p.Run(c, func(ctx context.Context) error {
			repaired, err := s.Recompute(ctx)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%d counts and sums repaired\n", repaired)
			return nil
		}, &s)
	})
	return []*cobra.Command{command.NewGroup("progress", "Repair the stored progress of learners", recompute)}
}

package audit

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"lyceum/platform/command"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

// newCommands returns the commands of the module.
func newCommands(p command.Program) []*cobra.Command {
	return []*cobra.Command{command.NewGroup("audit", "Verify and anchor the audit log",
		newVerifyCommand(p), newAcceptBreakCommand(p), newAnchorCommand(p))}
}

func newAnchorCommand(p command.Program) *cobra.Command {
	return command.New("anchor", "Print the newest entry as SEQ:HASH, to be kept elsewhere",
		func(c *cobra.Command, _ []string) error {
			var s *Service
			return p.Run(c, func(ctx context.Context) error {
				head, err := s.Anchor(ctx)
				if err != nil {
					return err
				}
				fmt.Fprintln(c.OutOrStdout(), head)
				return nil
			}, &s)
		})
}

func newVerifyCommand(p command.Program) *cobra.Command {
	var given string
	const short = "Check that no entry was changed or removed, with the server's own configuration"
	c := command.New("verify", short, func(c *cobra.Command, _ []string) error {
		var anchor *Anchor
		if c.Flags().Changed("anchor") {
			a, err := ParseAnchor(given)
			if err != nil {
				return &command.UsageError{Text: "audit verify --anchor: " + err.Error()}
			}
			anchor = &a
		}
		return verifyLog(c, p, anchor)
	})
	c.Flags().StringVar(&given, "anchor", "", "what audit anchor printed at some time: SEQ:HASH")
	return c
}

// verifyLog prints that the log is intact, or returns an error that names the first bad entry. The
// anchor may be nil.
func verifyLog(c *cobra.Command, p command.Program, anchor *Anchor) error {
	var s *Service
	return p.Run(c, func(ctx context.Context) error {
		v, err := s.Verify(ctx, anchor)
		if err != nil {
			return err
		}
		if !v.OK {
			return fmt.Errorf("the log of %d entries is not intact: %s; the first bad entry is %d", v.Entries,
				v.Why, *v.FirstBadSeq)
		}
		for _, b := range v.AcceptedBreaks {
			fmt.Fprintf(c.OutOrStdout(),
				"a break before entry %d, with entry %d the first that may be changed or missing, was accepted\n",
				b.AcceptedSeq, b.FirstBadSeq)
		}
		agrees := ""
		if anchor != nil {
			agrees = fmt.Sprintf(", and agrees with the anchor of entry %d", anchor.Seq)
		}
		fmt.Fprintf(c.OutOrStdout(), "the log is intact: %d entries checked%s\n", v.Entries, agrees)
		return nil
	}, &s)
}

// maxReason bounds the reason of an accepted break, in characters.
const maxReason = 500

// newAcceptBreakCommand returns the command for a log that can't be repaired, such as after the
// server's keys were lost.
func newAcceptBreakCommand(p command.Program) *cobra.Command {
	var reason string
	const short = "Record that the log is broken up to here, so that verify goes on from here"
	c := command.New("accept-break", short, func(c *cobra.Command, _ []string) error {
		reason = text.CleanLine(reason)
		if n := text.CountRunes(reason); n == 0 || n > maxReason || text.CheckLine(reason) != nil {
			return &command.UsageError{
				Text: fmt.Sprintf("audit accept-break needs --reason, one line of 1 to %d characters", maxReason),
			}
		}
		var s *Service
		return p.Run(c, func(ctx context.Context) error {
			b, err := s.AcceptBreak(identity.WithCaller(ctx, identity.Caller{Via: "cli"}), reason)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(),
				"accepted: entries %d to %d may be changed or missing; the log holds from entry %d on\n",
				b.FirstBadSeq, b.AcceptedSeq-1, b.AcceptedSeq)
			return nil
		}, &s)
	})
	c.Flags().StringVar(&reason, "reason", "", "why, as it will stand in the log")
	return c
}

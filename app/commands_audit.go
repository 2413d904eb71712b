package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"lyceum/modules/audit"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

func newAudit() *cobra.Command {
	var anchor string
	verify := command("verify", "Check that no entry was changed or removed, with the server's own configuration", func(c *cobra.Command, _ []string) error {
		return auditVerify(c, anchor, c.Flags().Changed("anchor"))
	})
	verify.Flags().StringVar(&anchor, "anchor", "", "what audit anchor printed at some time: SEQ:HASH")
	return group("audit", "The record of who changed what", verify, newAcceptBreak(),
		command("anchor", "Print the head as SEQ:HASH, to be kept elsewhere", func(c *cobra.Command, _ []string) error {
			var s *audit.Service
			return of("audit", c, func(ctx context.Context) error {
				head, err := s.Anchor(ctx)
				if err == nil {
					fmt.Fprintln(stdout, head)
				}
				return err
			}, &s)
		}))
}

// auditVerify fails when the log does not hold, naming the first bad entry.
func auditVerify(c *cobra.Command, given string, compare bool) error {
	var anchor *audit.Anchor
	if compare {
		a, err := audit.ParseAnchor(given)
		if err != nil {
			return &usageError{"audit verify --anchor: " + err.Error()}
		}
		anchor = &a
	}
	var s *audit.Service
	return of("audit", c, func(ctx context.Context) error {
		v, err := s.Verify(ctx, anchor)
		if err != nil {
			return err
		}
		if !v.OK {
			return fmt.Errorf("the log of %d entries is not intact: %s; the first bad entry is %d", v.Entries, v.Why, *v.FirstBadSeq)
		}
		for _, b := range v.AcceptedBreaks {
			fmt.Fprintf(stdout, "a break before entry %d, with entry %d the first that may be changed or missing, was accepted\n", b.AcceptedSeq, b.FirstBadSeq)
		}
		agrees := ""
		if anchor != nil {
			agrees = fmt.Sprintf(", and agrees with the anchor of entry %d", anchor.Seq)
		}
		fmt.Fprintf(stdout, "the log is intact: %d entries checked%s\n", v.Entries, agrees)
		return nil
	}, &s)
}

// maxReason bounds the reason of an accepted break, in characters.
const maxReason = 500

// newAcceptBreak is for a log that can't be mended, such as after the server's keys were lost.
func newAcceptBreak() *cobra.Command {
	var reason string
	c := command("accept-break", "Write down that the log does not hold up to here, so that verify holds from here on", func(c *cobra.Command, _ []string) error {
		reason = text.CleanLine(reason)
		if n := text.CountRunes(reason); n == 0 || n > maxReason || text.CheckLine(reason) != nil {
			return &usageError{fmt.Sprintf("audit accept-break needs --reason, one line of 1 to %d characters", maxReason)}
		}
		var s *audit.Service
		return of("audit", c, func(ctx context.Context) error {
			b, err := s.AcceptBreak(identity.WithCaller(ctx, identity.Caller{Via: "cli"}), reason)
			if err == nil {
				fmt.Fprintf(stdout, "accepted: entries %d to %d may be changed or missing; the log holds from entry %d on\n", b.FirstBadSeq, b.AcceptedSeq-1, b.AcceptedSeq)
			}
			return err
		}, &s)
	})
	c.Flags().StringVar(&reason, "reason", "", "why, as it will stand in the log")
	return c
}

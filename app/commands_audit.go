package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"lyceum/modules/audit"
)

func newAudit() *cobra.Command {
	var anchor string
	verify := command("verify", "Check that no entry was changed or removed, with the server's own configuration", func(c *cobra.Command, _ []string) error {
		return auditVerify(c, anchor, c.Flags().Changed("anchor"))
	})
	verify.Flags().StringVar(&anchor, "anchor", "", "what audit anchor printed at some time: SEQ:HASH")
	return group("audit", "The record of who changed what", verify,
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
		agrees := ""
		if anchor != nil {
			agrees = fmt.Sprintf(", and agrees with the anchor of entry %d", anchor.Seq)
		}
		fmt.Fprintf(stdout, "the log is intact: %d entries checked%s\n", v.Entries, agrees)
		return nil
	}, &s)
}

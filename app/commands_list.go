package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
)

// listCommand is a command that prints a list: as text for people, or with --json as one object {"items": […]}.
func listCommand(use, short string, run func(c *cobra.Command, asJSON bool) error) *cobra.Command {
	var asJSON bool
	c := command(use, short, func(c *cobra.Command, _ []string) error { return run(c, asJSON) })
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// printItems prints a list as JSON.
func printItems[T any](items []T) error {
	if items == nil {
		items = []T{}
	}
	raw, err := json.MarshalIndent(map[string]any{"items": items}, "", "  ")
	if err == nil {
		_, err = fmt.Fprintln(stdout, string(raw))
	}
	return err
}

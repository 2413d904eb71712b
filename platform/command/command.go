// Package command builds the sub-commands of the command line: those of the program itself and those that modules
// declare. Every command refuses arguments that it does not know with a UsageError.
package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"
)

// Program is the program as the commands of a module see it.
type Program interface {
	// Run builds the program with the configuration of the environment, sets each part (a pointer to what a module
	// provides) and calls fn. It returns an error if the module of the command is disabled or if the schema of the
	// database is not up to date.
	Run(c *cobra.Command, fn func(ctx context.Context) error, parts ...any) error
}

// UsageError means that a command line can't be carried out. The program exits with status 2.
type UsageError struct{ Text string }

// Error returns the text.
func (e *UsageError) Error() string { return e.Text }

// New returns a command without arguments.
func New(use, short string, run func(*cobra.Command, []string) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: NoArgs, RunE: run}
}

// NewGroup returns a command that only holds others.
func NewGroup(use, short string, subCommands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, RunE: func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(c, args)
		}
		return &UsageError{c.CommandPath() + " needs one of its sub-commands; see --help"}
	}}
	c.AddCommand(subCommands...)
	return c
}

// NewList returns a command that prints a list: as text for people, or with --json as one object {"items": […]}.
func NewList(use, short string, run func(c *cobra.Command, asJSON bool) error) *cobra.Command {
	var asJSON bool
	c := New(use, short, func(c *cobra.Command, _ []string) error { return run(c, asJSON) })
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// PrintItems writes a list as JSON. A nil list is written as an empty one.
func PrintItems[T any](w io.Writer, items []T) error {
	if items == nil {
		items = []T{}
	}
	raw, err := json.MarshalIndent(map[string]any{"items": items}, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(w, string(raw))
	return err
}

// NoArgs implements cobra.PositionalArgs. It returns a UsageError if there are arguments.
func NoArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(c, args)
	}
	return nil
}

func unknownCommand(c *cobra.Command, args []string) error {
	return &UsageError{fmt.Sprintf("unknown command %q for %q", args[0], c.CommandPath())}
}

// Add adds commands to parent. Groups of one name become one group, so that several modules can declare sub-commands of
// it; the first one gives its description. It returns an error if two commands have the same name otherwise.
func Add(parent *cobra.Command, commands ...*cobra.Command) error {
	for _, added := range commands {
		present := findCommand(parent, added.Name())
		switch {
		case present == nil:
			parent.AddCommand(added)
		case present.HasSubCommands() && added.HasSubCommands():
			subCommands := slices.Clone(added.Commands())
			added.RemoveCommand(subCommands...)
			if err := Add(present, subCommands...); err != nil {
				return err
			}
		default:
			return fmt.Errorf("the command %q is declared twice", present.CommandPath())
		}
	}
	return nil
}

func findCommand(parent *cobra.Command, name string) *cobra.Command {
	i := slices.IndexFunc(parent.Commands(), func(c *cobra.Command) bool { return c.Name() == name })
	if i < 0 {
		return nil
	}
	return parent.Commands()[i]
}

package command_test

import (
	"bytes"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"lyceum/platform/command"
)

func do(*cobra.Command, []string) error { return nil }

// run runs a command line below a fresh root with commands.
func run(t *testing.T, commands []*cobra.Command, args ...string) (string, error) {
	t.Helper()
	root := &cobra.Command{Use: "lyceum", SilenceErrors: true, SilenceUsage: true}
	var out bytes.Buffer
	root.SetOut(&out)
	require.NoError(t, command.Add(root, commands...))
	root.SetArgs(args)
	err := root.Execute()
	return out.String(), err
}

func TestUnknownArgumentsAreUsageErrors(t *testing.T) {
	for _, args := range [][]string{{"version", "x"}, {"admin"}, {"admin", "x"}} {
		_, err := run(t,
			[]*cobra.Command{command.New("version", "", do), command.NewGroup("admin", "", command.New("create", "", do))},
			args...)
		var usage *command.UsageError
		require.ErrorAs(t, err, &usage, "%v", args)
		require.NotEmpty(t, usage.Error())
	}
	_, err := run(t, []*cobra.Command{command.NewGroup("admin", "", command.New("create", "", do))}, "admin", "create")
	require.NoError(t, err)
}

func TestAdd(t *testing.T) {
	t.Run("groups of one name become one", func(t *testing.T) {
		first := command.NewGroup("admin", "first", command.New("create", "", do))
		second := command.NewGroup("admin", "second", command.New("remove", "", do))
		for _, sub := range []string{"create", "remove"} {
			_, err := run(t, []*cobra.Command{first, second}, "admin", sub)
			require.NoError(t, err)
			first = command.NewGroup("admin", "first", command.New("create", "", do))
			second = command.NewGroup("admin", "second", command.New("remove", "", do))
		}
	})
	t.Run("anything else is declared once", func(t *testing.T) {
		for _, clash := range [][]*cobra.Command{
			{command.New("a", "", do), command.New("a", "", do)},
			{command.New("a", "", do), command.NewGroup("a", "", command.New("b", "", do))},
			{command.NewGroup("a", "", command.New("b", "", do)), command.NewGroup("a", "", command.New("b", "", do))},
		} {
			require.ErrorContains(t, command.Add(&cobra.Command{Use: "lyceum"}, clash...), "declared twice")
		}
	})
}

func TestLists(t *testing.T) {
	list := func(items []int) *cobra.Command {
		return command.NewList("numbers", "", func(c *cobra.Command, asJSON bool) error {
			require.True(t, asJSON)
			return command.PrintItems(c.OutOrStdout(), items)
		})
	}
	out, err := run(t, []*cobra.Command{list([]int{1, 2})}, "numbers", "--json")
	require.NoError(t, err)
	require.JSONEq(t, `{"items":[1,2]}`, out)
	out, err = run(t, []*cobra.Command{list(nil)}, "numbers", "--json")
	require.NoError(t, err)
	require.JSONEq(t, `{"items":[]}`, out)
}

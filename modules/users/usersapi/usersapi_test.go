package usersapi_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
)

// directory knows the names of some accounts.
type directory struct {
	usersapi.Accounts
	names map[string]string
	err   error
}

func (d directory) Names(context.Context, []string) (map[string]string, error) { return d.names, d.err }

func TestPersons(t *testing.T) {
	d := directory{names: map[string]string{"1": "Ada"}}
	persons, err := usersapi.Persons(t.Context(), d, []string{"1", "2"})
	require.NoError(t, err)
	require.Equal(t, map[string]usersapi.Person{
		"1": {ID: "1", DisplayName: "Ada"}, "2": {ID: "2", DisplayName: usersapi.DeletedName},
	}, persons)
	d.err = errors.New("the database is away")
	_, err = usersapi.Persons(t.Context(), d, []string{"1"})
	require.ErrorIs(t, err, d.err)
}

func TestSections(t *testing.T) {
	rows := []int{1, 2, 3, 4, 5}
	numbers := usersapi.Section("numbers", func(_ context.Context, _ string, after, limit int) ([]int, error) {
		return rows[after:min(after+limit, len(rows))], nil
	})
	broken := errors.New("broken")
	failing := usersapi.Section("failing", func(context.Context, string, int, int) ([]int, error) { return nil, broken })
	var written []any
	record := func(section string, v any) error {
		written = append(written, section, v)
		return nil
	}
	t.Run("are read page by page", func(t *testing.T) {
		require.NoError(t, usersapi.Export(t.Context(), "id", 2, record, numbers))
		require.Equal(t, []any{"numbers", 1, "numbers", 2, "numbers", 3, "numbers", 4, "numbers", 5}, written)
	})
	t.Run("end with an error of the query", func(t *testing.T) {
		require.ErrorIs(t, usersapi.Export(t.Context(), "id", 2, record, failing, numbers), broken)
	})
	t.Run("end with an error of the writer", func(t *testing.T) {
		full := func(string, any) error { return broken }
		require.ErrorIs(t, usersapi.Export(t.Context(), "id", 2, full, numbers), broken)
	})
}

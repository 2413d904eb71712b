package usersapi_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/modules/users/userstest"
)

func TestPersons(t *testing.T) {
	accounts := &userstest.Accounts{}
	accounts.Put(usersapi.Account{ID: "1", DisplayName: "Ada"})
	persons, err := usersapi.Persons(t.Context(), accounts, []string{"1", "2"})
	require.NoError(t, err)
	require.Equal(t, map[string]usersapi.Person{
		"1": {ID: "1", DisplayName: "Ada"}, "2": {ID: "2", DisplayName: usersapi.DeletedName},
	}, persons)
	broken := errors.New("the database is away")
	accounts.FindFunc = func(context.Context) error { return broken }
	_, err = usersapi.Persons(t.Context(), accounts, []string{"1"})
	require.ErrorIs(t, err, broken)
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

package users

import (
	"bytes"
	"errors"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
)

func TestExportWriter(t *testing.T) {
	type held struct {
		Name  string   `json:"name"`
		Tags  []string `json:"tags"`
		Title string   `json:"title,omitempty"`
	}
	write := func(export func(usersapi.Record) error) (string, error) {
		var out bytes.Buffer
		w := &exportWriter{encoder: jsontext.NewEncoder(&out, jsontext.WithIndent(" "))}
		require.NoError(t, w.writeTokens(jsontext.BeginObject))
		require.NoError(t, w.writeMember("exported_at", "now"))
		err := w.writeModule("chat", export)
		if err == nil {
			require.NoError(t, w.writeModule("empty", func(usersapi.Record) error { return nil }))
			require.NoError(t, w.writeTokens(jsontext.EndObject))
		}
		return out.String(), err
	}
	t.Run("sections of records", func(t *testing.T) {
		text, err := write(func(record usersapi.Record) error {
			return errors.Join(
				record("messages", held{Name: "<b>", Tags: []string{"a"}}),
				record("messages", held{Name: "two", Title: "x"}), record("marks", held{}),
			)
		})
		require.NoError(t, err)
		require.JSONEq(t, `{"exported_at": "now", "chat": {
			"messages": [{"name": "<b>", "tags": ["a"]}, {"name": "two", "tags": null, "title": "x"}],
			"marks": [{"name": "", "tags": null}]
		}, "empty": {}}`, text)
	})
	t.Run("an error of a module ends it", func(t *testing.T) {
		gone := errors.New("the database is gone")
		_, err := write(func(record usersapi.Record) error { return errors.Join(record("messages", held{}), gone) })
		require.ErrorIs(t, err, gone)
	})
	t.Run("a value that can't be written is an error", func(t *testing.T) {
		_, err := write(func(record usersapi.Record) error { return record("messages", make(chan int)) })
		require.Error(t, err)
	})
}

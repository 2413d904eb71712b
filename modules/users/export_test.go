package users

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
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

// A part that fails ends the connection, so that nobody takes half a file for a whole one.
func TestExportOfABrokenPart(t *testing.T) {
	service := &Service{clock: clock.System{}}
	record := func(name string, err error) usersapi.Holder { return exportedPart{name, err} }
	failure := errors.New("the database is gone")
	for name, c := range map[string]struct {
		holders []usersapi.Holder
		want    error
		modules string
	}{
		"all parts, in the order of names": {
			[]usersapi.Holder{record("mail", nil), record("auth", nil), record("chat", nil)}, nil, "auth chat mail",
		},
		"a part that fails ends the file": {
			[]usersapi.Holder{record("mail", nil), record("auth", nil), record("chat", failure)}, failure, "auth",
		},
		"no part at all": {nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var file bytes.Buffer
			e := newExporter(service, HolderParams{Holders: c.holders})
			err := e.writeExport(t.Context(), &file, &account{ID: "1", Status: statusActive})
			require.ErrorIs(t, err, c.want)
			require.Equal(t, c.want == nil, json.Valid(file.Bytes()), "%s", file.Bytes())
			require.Equal(t, c.modules, strings.Join(wholeModules(file.String()), " "))
		})
	}
}

// exportedPart is a module with one record. It fails after the record if err is set.
type exportedPart struct {
	name string
	err  error
}

// Module implements usersapi.Holder.
func (p exportedPart) Module() string { return p.name }

// Export implements usersapi.Holder.
func (p exportedPart) Export(_ context.Context, id string, record usersapi.Record) error {
	return errors.Join(record("notes", map[string]string{"of": id}), p.err)
}

// Erase implements usersapi.Holder.
func (exportedPart) Erase(context.Context, string) error { return nil }

// wholeModules returns the modules whose part of a file is written to its end.
func wholeModules(file string) (names []string) {
	for _, found := range regexp.MustCompile(`"(\w+)": \{\s+"notes": \[\s+\{\s+"of": "1"\s+\}\s+\]\s+\}`).
		FindAllStringSubmatch(file, -1) {
		names = append(names, found[1])
	}
	return names
}

// The owner gets what the account itself has, too: more than GET /users/me shows.
func TestAccountRecord(t *testing.T) {
	began := clock.FromTime(time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC))
	a := account{
		ID: "1", Email: "ada@example.com", DisplayName: "Ada", FoldedName: "ada", Role: usersapi.RoleMember,
		Status: statusActive, EmailVerified: true, Version: 7, CreatedAt: began, UpdatedAt: began.Add(time.Hour),
	}
	const record = `{"id": "1", "email": "ada@example.com", "display_name": "Ada", "role": "member",
		"email_verified": true, "created_at": "2026-11-27T12:00:00.000Z", "status": "active",
		"updated_at": "2026-11-27T13:00:00.000Z", "last_login_at": %s}`
	for want, login := range map[string]*clock.Time{
		"null": nil, `"2026-11-27T14:00:00.000Z"`: began.Add(2 * time.Hour).ToPtr(),
	} {
		a.LastLoginAt = login
		var file bytes.Buffer
		e := newExporter(&Service{clock: clock.System{}}, HolderParams{})
		require.NoError(t, e.writeExport(t.Context(), &file, &a))
		var written struct{ Account json.RawMessage }
		require.NoError(t, json.Unmarshal(file.Bytes(), &written))
		require.JSONEq(t, fmt.Sprintf(record, want), string(written.Account))
	}
}

package backup_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lyceum/platform/backup"
	"lyceum/platform/blob"
)

// requireRefused checks that a backup is refused as damaged.
func requireRefused(t *testing.T, dir, what string) {
	t.Helper()
	_, err := backup.Open(t.Context(), dir, first, backup.OpenOptions{})
	var damaged *backup.DamagedError
	require.ErrorAs(t, err, &damaged, what)
	require.Equal(t, dir, damaged.Dir)
}

// TestEveryDamageIsFound cuts, changes, lengthens and removes each file of a backup.
func TestEveryDamageIsFound(t *testing.T) {
	from := newSmall(t)
	fill(t, from)
	dir, _ := create(t, from, backup.CreateOptions{WithKeys: true})
	for _, file := range listFiles(t, dir) {
		whole, err := os.ReadFile(file)
		require.NoError(t, err)
		damages := map[string][]byte{"longer": append(bytes.Clone(whole), 0), "empty": {}}
		if len(whole) > 0 {
			changed := bytes.Clone(whole)
			changed[len(whole)/2] ^= 1
			damages["changed"], damages["cut"] = changed, whole[:len(whole)-1]
		}
		for what, damage := range damages {
			if bytes.Equal(damage, whole) {
				continue
			}
			require.NoError(t, os.WriteFile(file, damage, 0o600))
			requireRefused(t, dir, what+" "+file)
		}
		require.NoError(t, os.Remove(file))
		requireRefused(t, dir, "missing "+file)
		require.NoError(t, os.Symlink("/etc/hostname", file))
		requireRefused(t, dir, "a link "+file)
		require.NoError(t, os.Remove(file))
		require.NoError(t, os.WriteFile(file, whole, 0o600))
	}
	_, err := backup.Open(t.Context(), dir, first, backup.OpenOptions{})
	require.NoError(t, err, "it is whole again")
	requireRefused(t, t.TempDir(), "an empty folder")
	requireRefused(t, filepath.Join(dir, "nothing"), "no folder")
}

// TestForgedManifests changes a manifest and its checksum, as somebody does who wants to harm.
func TestForgedManifests(t *testing.T) {
	from := newSmall(t)
	fill(t, from)
	dir, _ := create(t, from, backup.CreateOptions{WithKeys: true})
	file := filepath.Join(dir, "manifest.json")
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	type object = map[string]any
	item := func(m object, list string, i int) object { return m[list].([]any)[i].(object) }
	for what, forge := range map[string]func(m object){
		"a newer format":          func(m object) { m["format"] = 2 },
		"another program":         func(m object) { m["program"] = "other" },
		"an unknown field":        func(m object) { m["more"] = 1 },
		"an unknown encryption":   func(m object) { m["encryption"] = "rot13" },
		"a path as a table":       func(m object) { item(m, "tables", 0)["name"] = "../../etc/passwd" },
		"a path as a file":        func(m object) { item(m, "tables", 0)["file"] = "/etc/passwd" },
		"a table that is missing": func(m object) { m["tables"] = m["tables"].([]any)[1:] },
		"a table of another kind": func(m object) {
			m["tables"] = append(m["tables"].([]any), object{"name": "sqlite_master", "columns": []any{}, "rows": 0,
				"content_sha256": "", "file": "", "bytes": 0, "sha256": ""})
		},
		"a table twice":           func(m object) { m["tables"].([]any)[1] = m["tables"].([]any)[0] },
		"another column":          func(m object) { item(item(m, "tables", 0), "columns", 0)["name"] = "x\" FROM users --" },
		"another kind of column":  func(m object) { item(item(m, "tables", 0), "columns", 0)["kind"] = "bytes" },
		"another number of rows":  func(m object) { item(m, "tables", 0)["rows"] = 17 },
		"another sum of rows":     func(m object) { item(m, "tables", 0)["content_sha256"] = strings.Repeat("0", 64) },
		"a path as a key":         func(m object) { item(m, "keys", 0)["name"] = "../evil.pem" },
		"another key":             func(m object) { m["key_id"] = "0000000000000000" },
		"a key without secret":    func(m object) { m["keys"] = m["keys"].([]any)[:1] },
		"another list of objects": func(m object) { m["objects"].(object)["count"] = 99 },
	} {
		var m object
		require.NoError(t, json.Unmarshal(whole, &m))
		forge(m)
		raw, err := json.Marshal(m)
		require.NoError(t, err)
		writeManifest(t, dir, raw)
		requireRefused(t, dir, what)
	}
	writeManifest(t, dir, whole)
	_, err = backup.Open(t.Context(), dir, first, backup.OpenOptions{})
	require.NoError(t, err)
}

// writeManifest writes a manifest and the checksum that belongs to it.
func writeManifest(t *testing.T, dir string, raw []byte) {
	t.Helper()
	sum := sha256.Sum256(raw)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "manifest.json"), raw, 0o600))
	line := hex.EncodeToString(sum[:]) + "  manifest.json\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "manifest.sha256"), []byte(line), 0o600))
}

// TestForgedRows replaces the rows of a table, with all checksums right. What a column can't hold is refused, and so is a
// line that would fill the memory.
func TestForgedRows(t *testing.T) {
	from := newSmall(t)
	fill(t, from)
	dir, _ := create(t, from, backup.CreateOptions{})
	good := `{"one":1,"n":2}` + "\n"
	forgeTable(t, dir, "counter", good)
	_, err := backup.Open(t.Context(), dir, first, backup.OpenOptions{})
	require.NoError(t, err, "the forger does it well")
	for what, rows := range map[string]string{
		"no JSON":              "{\n",
		"no object":            "[1,2]\n",
		"a text as a number":   `{"one":1,"n":"2"}` + "\n",
		"a fraction":           `{"one":1,"n":2.5}` + "\n",
		"a large number":       `{"one":1,"n":9223372036854775808}` + "\n",
		"an object as a value": `{"one":1,"n":{}}` + "\n",
		"another order":        `{"n":2,"one":1}` + "\n",
		"too few columns":      `{"one":1}` + "\n",
		"too many columns":     `{"one":1,"n":2,"n":3}` + "\n",
		"two objects":          `{"one":1,"n":2}{"one":2,"n":2}` + "\n",
		"no end of line":       `{"one":1,"n":2}`,
		"a long line":          `{"one":1,"n":` + strings.Repeat(" ", 65<<20) + "2}\n",
	} {
		forgeTable(t, dir, "counter", rows)
		requireRefused(t, dir, what)
	}
	forgeTable(t, dir, "counter", good+good)
	to := newSmall(t)
	require.Error(t, restore(t, dir, to, first, backup.RestoreOptions{}), "a row twice")
	requireUntouched(t, to)
}

// forgeTable replaces the rows of a table and everything that the manifest says of them.
func forgeTable(t *testing.T, dir, table, rows string) {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte(rows))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	file := "tables/" + table + ".ndjson.gz"
	require.NoError(t, os.WriteFile(filepath.Join(dir, file), packed.Bytes(), 0o600))
	raw, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	require.NoError(t, err)
	var m map[string]any
	require.NoError(t, json.Unmarshal(raw, &m))
	for _, one := range m["tables"].([]any) {
		part := one.(map[string]any)
		if part["name"] != table {
			continue
		}
		sum, content := sha256.Sum256(packed.Bytes()), sha256.Sum256([]byte(rows))
		part["bytes"], part["sha256"] = packed.Len(), hex.EncodeToString(sum[:])
		part["content_sha256"], part["rows"] = hex.EncodeToString(content[:]), strings.Count(rows, "\n")
	}
	raw, err = json.Marshal(m)
	require.NoError(t, err)
	writeManifest(t, dir, raw)
}

// busyStore is an object store that calls during the first copy.
type busyStore struct {
	blob.Store
	during func()
}

func (s *busyStore) Open(ctx context.Context, id string) (io.ReadCloser, error) {
	if during := s.during; during != nil {
		s.during = nil
		during()
	}
	return s.Store.Open(ctx, id)
}

// TestObjectsThatComeAndGo adds and deletes objects while a backup is made. It holds what the rows of its snapshot name.
func TestObjectsThatComeAndGo(t *testing.T) {
	from := newSmall(t)
	deleted := addObject(t, from, []byte("deleted meanwhile"))
	kept := addObject(t, from, []byte("kept"))
	lost := uuid.NewString()
	exec(t, from, "INSERT INTO files VALUES (?, 4, 'text/plain', ?)", lost, true)
	short := addObject(t, from, []byte("shorter than its row says"))
	exec(t, from, "UPDATE files SET size = 1000 WHERE blob_id = ?", short)
	var added string
	plain := from.Objects
	busy := &busyStore{Store: plain}
	busy.during = func() {
		// Not the copies of this group: they are on their way.
		added = addObject(t, backup.Installation{DB: from.DB, Objects: plain}, []byte("added meanwhile"))
		exec(t, from, "DELETE FROM files WHERE blob_id = ?", deleted)
	}
	from.Objects = busy
	dir, m := create(t, from, backup.CreateOptions{})
	require.EqualValues(t, 4, m.Objects.Count)
	require.EqualValues(t, 2, m.Objects.Missing, "the one that was lost, and the one that is cut")
	to := newSmall(t)
	require.NoError(t, restore(t, dir, to, first, backup.RestoreOptions{}))
	for id, want := range map[string]error{kept: nil, added: nil, deleted: blob.ErrNotFound, lost: blob.ErrNotFound, short: blob.ErrNotFound} {
		_, err := to.Objects.Stat(t.Context(), id)
		require.ErrorIs(t, err, want)
	}
	for _, file := range listFiles(t, dir) {
		require.NotContains(t, file, deleted)
		require.NotContains(t, file, "copied")
	}
}

package backup_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lyceum/platform/backup"
	"lyceum/platform/blob"
	"lyceum/platform/blob/folder"
	"lyceum/platform/blob/s3"
	"lyceum/platform/db"
	"lyceum/platform/migrate"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// first are the migrations of an older version: all kinds of columns, a parent that sorts after its child, a row that
// the migration makes, a guard that forbids changes, and an index that only SQLite has.
var first = []migrate.Migration{
	{
		ID: "202601010000_test_create_shelves",
		Up: []string{
			"CREATE TABLE shelves (id {uuid} PRIMARY KEY, name text NOT NULL)",
			"CREATE TABLE books (shelf_id {uuid} NOT NULL REFERENCES shelves (id), title {bin} NOT NULL, pages bigint, " +
				"lent {bool} NOT NULL, cover {bytes}, note text, PRIMARY KEY (shelf_id, title))",
			"CREATE TABLE files (blob_id {uuid} PRIMARY KEY, size bigint NOT NULL, type text NOT NULL, done {bool} NOT NULL)",
			"CREATE TABLE counter (one integer PRIMARY KEY, n bigint NOT NULL)",
			"INSERT INTO counter VALUES (1, 0)",
		},
		Down: []string{"DROP TABLE counter", "DROP TABLE files", "DROP TABLE books", "DROP TABLE shelves"},
	},
	{
		ID: "202601020000_test_guard_counter",
		Up: []string{
			"sqlite:CREATE TRIGGER counter_stays BEFORE DELETE ON counter BEGIN SELECT RAISE(ABORT, 'the counter stays'); END",
			"sqlite:CREATE TABLE titles (title text PRIMARY KEY)",
			"sqlite:CREATE TRIGGER titles_follow AFTER INSERT ON books BEGIN INSERT INTO titles VALUES (new.title); END",
			"postgres:CREATE FUNCTION counter_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the counter stays'; END $$",
			"postgres:CREATE TRIGGER counter_stays BEFORE DELETE ON counter FOR EACH STATEMENT EXECUTE FUNCTION counter_stays()",
			"postgres:ALTER TABLE counter ENABLE ALWAYS TRIGGER counter_stays",
			"postgres:REVOKE DELETE, TRUNCATE ON books FROM CURRENT_USER",
		},
		Down: []string{
			"DROP TRIGGER counter_stays{on}", "sqlite:DROP TRIGGER titles_follow", "sqlite:DROP TABLE titles",
			"postgres:DROP FUNCTION counter_stays()",
		},
	},
}

// later is a migration of a newer version, which works on the rows.
var later = []migrate.Migration{{
	ID:   "202601030000_test_count_words",
	Up:   []string{"ALTER TABLE books ADD words bigint NOT NULL DEFAULT 0", "UPDATE books SET words = pages * 300 WHERE pages IS NOT NULL"},
	Down: []string{"ALTER TABLE books DROP COLUMN words"},
}}

func init() {
	first[1].Down[0] = "sqlite:DROP TRIGGER counter_stays"
	first[1].Down = append([]string{"postgres:DROP TRIGGER counter_stays ON counter"}, first[1].Down...)
}

var fileColumns = backup.ObjectColumns{Table: "files", ID: "blob_id", Size: "size", ContentType: "type", Where: "done"}

// newInstallation returns an installation with the migrations run, without rows and keys.
func newInstallation(t *testing.T, o db.Options, objects blob.Store, migrations []migrate.Migration) backup.Installation {
	t.Helper()
	d := dbtest.Open(t, o, migrations)
	runner, err := migrate.NewRunner(d, migrations)
	require.NoError(t, err)
	return backup.Installation{
		Version: "1.0.0", DB: d, Migrations: runner, Objects: objects,
		ObjectColumns: []backup.ObjectColumns{fileColumns}, KeysDir: filepath.Join(t.TempDir(), "keys"),
	}
}

// newPlainPostgres returns an empty database of a user who owns it and has no other rights, as operators make one.
func newPlainPostgres(t testing.TB) db.Options {
	t.Helper()
	o := dbtest.Postgres(t)
	u, err := url.Parse(o.URL)
	require.NoError(t, err)
	d, err := db.Open(t.Context(), o)
	require.NoError(t, err)
	defer func() { _ = d.Close() }()
	name := "plain_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	for _, statement := range []string{
		"CREATE ROLE " + name + " LOGIN PASSWORD 'plain'",
		"ALTER DATABASE " + db.QuoteName(strings.TrimPrefix(u.Path, "/")) + " OWNER TO " + name,
		"ALTER SCHEMA public OWNER TO " + name,
	} {
		require.NoError(t, d.ExecSchema(t.Context(), statement))
	}
	u.User = url.UserPassword(name, "plain")
	o.URL = u.String()
	return o
}

// newFolder returns an empty object store in a folder.
func newFolder(t *testing.T) blob.Store {
	t.Helper()
	s, err := folder.Open(t.TempDir(), "http://localhost", make([]byte, 32), time.Now)
	require.NoError(t, err)
	return s
}

// newBucket returns an empty bucket.
func newBucket(t *testing.T) blob.Store {
	t.Helper()
	info := testkit.MinIO(t)
	s, err := s3.New(s3.Config{
		Endpoint: info.Endpoint, Bucket: info.Bucket, Region: info.Region, AccessKey: info.AccessKey, SecretKey: info.SecretKey,
	})
	require.NoError(t, err)
	require.NoError(t, s.PrepareBucket(t.Context()))
	return s
}

// newSmall returns an empty installation on SQLite and a folder.
func newSmall(t *testing.T) backup.Installation {
	t.Helper()
	return newInstallation(t, dbtest.SQLite(t), newFolder(t), first)
}

// fill puts rows with all kinds of values, objects and keys into an installation.
func fill(t *testing.T, in backup.Installation) {
	t.Helper()
	shelf := uuid.NewString()
	exec(t, in, "INSERT INTO shelves (id, name) VALUES (?, ?)", shelf, "Ä \"quoted\" <b>\u2028\n🙂")
	exec(t, in, "UPDATE counter SET n = ?", int64(1)<<62)
	for i, cover := range [][]byte{nil, {}, {0, 255, 1}} {
		exec(t, in, "INSERT INTO books (shelf_id, title, pages, lent, cover, note) VALUES (?, ?, ?, ?, ?, ?)",
			shelf, fmt.Sprintf("%c title", 'Z'-rune(i)), nullable(i == 0, i*100), i == 1, cover, nullable(i == 1, ""))
	}
	exec(t, in, "INSERT INTO books (shelf_id, title, lent) VALUES (?, ?, ?)", shelf, "a title", false)
	for i := range 3 {
		addObject(t, in, bytes.Repeat([]byte{byte('a' + i)}, i*100_000))
	}
	exec(t, in, "INSERT INTO files VALUES (?, 5, 'text/plain', ?)", uuid.NewString(), false)
	require.NoError(t, os.MkdirAll(in.KeysDir, 0o700))
	writeKey(t, in.KeysDir, "secret", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))+"\n")
	writeKey(t, in.KeysDir, "0a.pem", "a key")
	require.NoError(t, os.Chtimes(filepath.Join(in.KeysDir, "0a.pem"), time.Unix(1e9, 0), time.Unix(1e9, 0)))
}

// addObject stores an object and its row.
func addObject(t *testing.T, in backup.Installation, content []byte) (id string) {
	t.Helper()
	id = uuid.NewString()
	require.NoError(t, in.Objects.Put(t.Context(), id, bytes.NewReader(content), int64(len(content)), "text/plain"))
	exec(t, in, "INSERT INTO files VALUES (?, ?, 'text/plain', ?)", id, len(content), true)
	return id
}

func nullable[V any](isNull bool, v V) any {
	if isNull {
		return nil
	}
	return v
}

func exec(t *testing.T, in backup.Installation, query string, args ...any) {
	t.Helper()
	_, err := in.DB.Exec(t.Context(), query, args...)
	require.NoError(t, err)
}

func writeKey(t *testing.T, dir, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
}

// create writes a backup into a new folder.
func create(t *testing.T, in backup.Installation, o backup.CreateOptions) (string, *backup.Manifest) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "backup")
	m, err := backup.Create(t.Context(), in, dir, o)
	require.NoError(t, err)
	return dir, m
}

// restore checks a backup and restores it.
func restore(t *testing.T, dir string, to backup.Installation, migrations []migrate.Migration, o backup.RestoreOptions) error {
	t.Helper()
	b, err := backup.Open(t.Context(), dir, migrations, backup.OpenOptions{})
	require.NoError(t, err)
	return b.Restore(t.Context(), to, o)
}

// contents returns the checksum of the rows of each table, and the number of rows.
func contents(m *backup.Manifest) map[string]string {
	sums := map[string]string{}
	for _, t := range m.Tables {
		sums[t.Name] = fmt.Sprintf("%d rows %s", t.Rows, t.ContentSHA256)
	}
	return sums
}

// readObjects returns the content of all objects that an installation names.
func readObjects(t *testing.T, in backup.Installation) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := in.DB.Query(t.Context(), "SELECT blob_id FROM files WHERE done", nil, func(scan func(...any) error) error {
		var id string
		if err := scan(&id); err != nil {
			return err
		}
		r, err := in.Objects.Open(t.Context(), id)
		require.NoError(t, err)
		defer r.Close()
		content, err := io.ReadAll(r)
		found[id] = string(content)
		return err
	})
	require.NoError(t, err)
	return found
}

// requireUntouched checks that nothing was restored into an installation.
func requireUntouched(t *testing.T, in backup.Installation) {
	t.Helper()
	for _, table := range []string{"shelves", "books", "files"} {
		var n int
		require.NoError(t, in.DB.QueryRow(t.Context(), "SELECT count(*) FROM "+table, nil, &n))
		require.Zero(t, n, table)
	}
	require.NoDirExists(t, in.KeysDir)
}

// listFiles returns the files of a backup, sorted.
func listFiles(t *testing.T, dir string) (files []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, path)
		}
		return err
	}))
	slices.Sort(files)
	return files
}

// cutStore is an object store that fails after some objects.
type cutStore struct {
	blob.Store
	// left is how many objects may still come, and stored how many have come.
	left, stored atomic.Int64
}

func newCutStore(store blob.Store, left int64) *cutStore {
	s := &cutStore{Store: store}
	s.left.Store(left)
	return s
}

func (s *cutStore) Put(ctx context.Context, id string, r io.Reader, size int64, contentType string) error {
	if s.left.Add(-1) < 0 {
		return io.ErrClosedPipe
	}
	err := s.Store.Put(ctx, id, r, size, contentType)
	if err == nil {
		s.stored.Add(1)
	}
	return err
}

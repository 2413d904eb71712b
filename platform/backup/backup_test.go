package backup_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"lyceum/platform/backup"
	"lyceum/platform/blob"
	"lyceum/platform/db"
	"lyceum/platform/testkit/dbtest"
)

// TestEveryDirection moves an installation through all kinds of databases and stores. The rows have the same checksums
// everywhere.
func TestEveryDirection(t *testing.T) {
	kinds := []struct {
		name     string
		database func(t testing.TB) db.Options
		objects  func(t *testing.T) blob.Store
	}{
		{"sqlite and folder", dbtest.SQLite, newFolder},
		{"postgres and bucket", newPlainPostgres, newBucket},
		{"postgres and folder", newPlainPostgres, newFolder},
		{"sqlite and bucket", dbtest.SQLite, newBucket},
		{"sqlite and folder again", dbtest.SQLite, newFolder},
	}
	from := newInstallation(t, kinds[0].database(t), kinds[0].objects(t), first)
	fill(t, from)
	objects := readObjects(t, from)
	require.Len(t, objects, 3)
	dir, m := create(t, from, backup.CreateOptions{WithKeys: true})
	for _, kind := range kinds[1:] {
		to := newInstallation(t, kind.database(t), kind.objects(t), first)
		require.NoError(t, restore(t, dir, to, first, backup.RestoreOptions{}), kind.name)
		require.Equal(t, objects, readObjects(t, to), kind.name)
		var after *backup.Manifest
		dir, after = create(t, to, backup.CreateOptions{WithKeys: true})
		require.Equal(t, contents(m), contents(after), kind.name)
		require.Equal(t, m.KeyID, after.KeyID)
		require.Equal(t, m.Keys, after.Keys, "with their times, which order them")
		requireGuarded(t, to)
	}
}

// requireGuarded checks that the triggers of the migrations are in force, and that the index has followed.
func requireGuarded(t *testing.T, in backup.Installation) {
	t.Helper()
	_, err := in.DB.Exec(t.Context(), "DELETE FROM counter")
	require.ErrorContains(t, err, "the counter stays")
	if in.DB.Dialect() == db.SQLite {
		var n int
		require.NoError(t, in.DB.QueryRow(t.Context(), "SELECT count(*) FROM titles", nil, &n))
		require.Equal(t, 4, n)
	} else {
		_, err := in.DB.Exec(t.Context(), "DELETE FROM books")
		require.ErrorContains(t, err, "permission denied")
	}
}

func TestAnOlderBackupIsMigrated(t *testing.T) {
	dbtest.OnBothOptions(t, func(t *testing.T, o db.Options) {
		from := newSmall(t)
		fill(t, from)
		dir, _ := create(t, from, backup.CreateOptions{})
		all := append(first[:2:2], later...)
		to := newInstallation(t, o, newFolder(t), all)
		require.NoError(t, restore(t, dir, to, all, backup.RestoreOptions{}))
		var words int
		require.NoError(t, to.DB.QueryRow(t.Context(), "SELECT sum(words) FROM books", nil, &words))
		require.Equal(t, 90_000, words, "the migration has worked on the rows")
		pending, err := to.Migrations.ListPending(t.Context())
		require.NoError(t, err)
		require.Empty(t, pending)

		newer, _ := create(t, to, backup.CreateOptions{})
		_, err = backup.Open(t.Context(), newer, first, backup.OpenOptions{})
		require.ErrorContains(t, err, "newer than this program")
	})
}

func TestTargetsThatAreNotEmpty(t *testing.T) {
	from := newSmall(t)
	fill(t, from)
	dir, m := create(t, from, backup.CreateOptions{WithKeys: true})
	dbtest.OnBothOptions(t, func(t *testing.T, o db.Options) {
		if o.URL != "" {
			o = newPlainPostgres(t)
		}
		to := newInstallation(t, o, newFolder(t), first)
		fill(t, to)
		exec(t, to, "INSERT INTO shelves (id, name) VALUES ('11111111-1111-7111-8111-111111111111', 'mine')")
		_, before := create(t, to, backup.CreateOptions{})
		var notEmpty *backup.NotEmptyError
		require.ErrorAs(t, restore(t, dir, to, first, backup.RestoreOptions{}), &notEmpty)
		require.ErrorContains(t, notEmpty, "shelves (2 rows)")
		_, after := create(t, to, backup.CreateOptions{})
		require.Equal(t, contents(before), contents(after))

		require.NoError(t, restore(t, dir, to, first, backup.RestoreOptions{Force: true}))
		_, after = create(t, to, backup.CreateOptions{})
		require.Equal(t, contents(m), contents(after))
		requireGuarded(t, to)
	})
	t.Run("other keys", func(t *testing.T) {
		to := newSmall(t)
		require.NoError(t, os.MkdirAll(to.KeysDir, 0o700))
		writeKey(t, to.KeysDir, "other.pem", "mine")
		require.ErrorContains(t, restore(t, dir, to, first, backup.RestoreOptions{}), "other.pem")
		require.NoError(t, restore(t, dir, to, first, backup.RestoreOptions{Force: true}))
		require.NoFileExists(t, filepath.Join(to.KeysDir, "other.pem"))
		require.FileExists(t, filepath.Join(to.KeysDir, "secret"))
	})
	t.Run("the same keys", func(t *testing.T) {
		to := newSmall(t)
		to.KeysDir = from.KeysDir
		require.NoError(t, restore(t, dir, to, first, backup.RestoreOptions{}))
	})
}

func TestARestoreThatWasCutOffGoesOn(t *testing.T) {
	from := newSmall(t)
	fill(t, from)
	dir, _ := create(t, from, backup.CreateOptions{WithKeys: true})
	to := newSmall(t)
	whole := to.Objects
	cut := newCutStore(whole, 1)
	to.Objects = cut
	require.ErrorIs(t, restore(t, dir, to, first, backup.RestoreOptions{}), io.ErrClosedPipe)
	requireUntouched(t, to)
	to.Objects = newCutStore(whole, 3-cut.stored.Load())
	require.NoError(t, restore(t, dir, to, first, backup.RestoreOptions{}), "only what lacked is sent")
	require.Equal(t, readObjects(t, from), readObjects(t, to))
}

func TestEncrypted(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	other, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	from := newSmall(t)
	fill(t, from)
	exec(t, from, "UPDATE shelves SET name = 'a name that must not be read'")
	addObject(t, from, []byte("a text that must not be read"))
	dir, m := create(t, from, backup.CreateOptions{WithKeys: true, Recipients: []age.Recipient{key.Recipient()}})
	for _, file := range listFiles(t, dir) {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, secret := range []string{"must not be read", "BwcHBwcHBw", "a key"} {
			require.False(t, bytes.Contains(raw, []byte(secret)), "%s holds %q", file, secret)
		}
	}
	_, err = backup.Open(t.Context(), dir, first, backup.OpenOptions{})
	require.ErrorContains(t, err, "--identity")
	_, err = backup.Open(t.Context(), dir, first, backup.OpenOptions{Identities: []age.Identity{other}})
	require.ErrorContains(t, err, "identity did not match")
	b, err := backup.Open(t.Context(), dir, first, backup.OpenOptions{Identities: []age.Identity{other, key}})
	require.NoError(t, err)
	to := newSmall(t)
	require.NoError(t, b.Restore(t.Context(), to, backup.RestoreOptions{}))
	_, after := create(t, to, backup.CreateOptions{})
	require.Equal(t, contents(m), contents(after))
	require.Equal(t, readObjects(t, from), readObjects(t, to))
}

func TestCreateRefuses(t *testing.T) {
	t.Run("a folder with something in it", func(t *testing.T) {
		dir := t.TempDir()
		writeKey(t, dir, "mine", "")
		_, err := backup.Create(t.Context(), newSmall(t), dir, backup.CreateOptions{})
		require.ErrorContains(t, err, "is not empty")
		require.Len(t, listFiles(t, dir), 1)
	})
	t.Run("a database without tables", func(t *testing.T) {
		in := newInstallation(t, dbtest.SQLite(t), newFolder(t), first)
		_, err := in.Migrations.Down(t.Context(), 2)
		require.NoError(t, err)
		_, err = backup.Create(t.Context(), in, filepath.Join(t.TempDir(), "new"), backup.CreateOptions{})
		require.ErrorContains(t, err, "no tables")
	})
	t.Run("keys that are not there", func(t *testing.T) {
		_, err := backup.Create(t.Context(), newSmall(t), filepath.Join(t.TempDir(), "new"), backup.CreateOptions{WithKeys: true})
		require.ErrorContains(t, err, "there are no keys")
	})
	t.Run("a value of another kind, and leaves nothing", func(t *testing.T) {
		in := newSmall(t)
		exec(t, in, "INSERT INTO shelves VALUES ('x', 'y')")
		exec(t, in, "INSERT INTO books (shelf_id, title, lent, pages) VALUES ('x', 'y', 1, 'many')")
		dir := filepath.Join(t.TempDir(), "new")
		_, err := backup.Create(t.Context(), in, dir, backup.CreateOptions{})
		require.ErrorContains(t, err, "table books")
		require.NoDirExists(t, dir)
		require.NoError(t, os.Mkdir(dir, 0o700))
		_, err = backup.Create(t.Context(), in, dir, backup.CreateOptions{})
		require.Error(t, err)
		require.Empty(t, listFiles(t, dir))
	})
}

// TestTextsThatAreNone has bytes in a column of texts, which only SQLite takes.
func TestTextsThatAreNone(t *testing.T) {
	from := newSmall(t)
	exec(t, from, "INSERT INTO shelves (id, name) VALUES ('11111111-1111-7111-8111-111111111111', CAST(x'61ff62' AS TEXT))")
	dir, m := create(t, from, backup.CreateOptions{})
	require.EqualValues(t, 1, m.ReplacedTexts)
	to := newInstallation(t, dbtest.Postgres(t), newFolder(t), first)
	require.NoError(t, restore(t, dir, to, first, backup.RestoreOptions{}))
	var name string
	require.NoError(t, to.DB.QueryRow(t.Context(), "SELECT name FROM shelves", nil, &name))
	require.Equal(t, "a\uFFFDb", name)
}

// TestAFailedRestoreKeepsTheKeys has a restore fail at its end, after the keys were placed.
func TestAFailedRestoreKeepsTheKeys(t *testing.T) {
	from := newSmall(t)
	fill(t, from)
	dir, _ := create(t, from, backup.CreateOptions{WithKeys: true})
	to := newSmall(t)
	fill(t, to)
	writeKey(t, to.KeysDir, "secret", "the old one")
	writeKey(t, to.KeysDir, "old.pem", "an old key")
	// The key that comes last can't be read any more.
	b, err := backup.Open(t.Context(), dir, first, backup.OpenOptions{})
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(dir, "keys", "secret")))
	require.Error(t, b.Restore(t.Context(), to, backup.RestoreOptions{Force: true}))
	for name, want := range map[string]string{"secret": "the old one", "old.pem": "an old key", "0a.pem": "a key"} {
		raw, err := os.ReadFile(filepath.Join(to.KeysDir, name))
		require.NoError(t, err)
		require.Equal(t, want, string(raw))
	}
	require.Len(t, listFiles(t, to.KeysDir), 3)
}

func TestRemoveOld(t *testing.T) {
	in := newSmall(t)
	parent := t.TempDir()
	for _, name := range []string{"one", "two", "three"} {
		_, err := backup.Create(t.Context(), in, filepath.Join(parent, name), backup.CreateOptions{})
		require.NoError(t, err)
	}
	// What is left of processes that were killed, one of them a moment ago, and what is no backup at all.
	for _, name := range []string{"unfinished", "abandoned", "other"} {
		require.NoError(t, os.Mkdir(filepath.Join(parent, name), 0o700))
		if name != "other" {
			writeKey(t, filepath.Join(parent, name), ".unfinished", "lyceum\n")
		}
	}
	yesterday := time.Now().Add(-25 * time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(parent, "abandoned", ".unfinished"), yesterday, yesterday))
	writeKey(t, parent, "a file", "")
	removed, err := backup.RemoveOld(filepath.Join(parent, "three"), 2)
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(parent, "one")}, removed)
	removed, err = backup.RemoveAbandoned(parent)
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(parent, "abandoned")}, removed)
	removed, err = backup.RemoveOld(filepath.Join(parent, "two"), 1)
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(parent, "three")}, removed, "never the new one, whatever the clock says")
	for name, stays := range map[string]bool{
		"one": false, "two": true, "three": false, "unfinished": true, "abandoned": false, "other": true, "a file": true,
	} {
		_, err := os.Stat(filepath.Join(parent, name))
		require.Equal(t, stays, err == nil, name)
	}
}

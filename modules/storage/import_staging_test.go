package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/blob"
	"lyceum/platform/identity"
)

func fileOf(key, content string) storageapi.File {
	sum := sha256.Sum256([]byte(content))
	return storageapi.File{
		Key: key, ContentType: "text/plain", Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
	}
}

func from(content string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }
}

func (w *world) staged(c identity.Caller, key, content string) storageapi.Staged {
	w.t.Helper()
	s, err := w.Stage(w.as(c), fileOf(key, content), from(content))
	require.NoError(w.t, err)
	return s
}

func TestWhatIsStagedIsNobodysUntilItIsSettled(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := w.staged(teacher, "a.txt", hello)
		require.Equal(t, "a.txt", s.Key)
		ok, err := w.Usable(w.as(teacher), teacher, "a.txt")
		require.NoError(t, err)
		require.False(t, ok)
		_, err = w.signURL(w.as(teacher), "a.txt", time.Minute)
		require.Equal(t, "not-found", code(t, err))
		require.Empty(t, w.actions())

		require.NoError(t,
			w.db.InTx(w.as(teacher), func(ctx context.Context) error { return w.Settle(ctx, []string{s.ID}) }))
		require.Equal(t, []string{"asset.uploaded"}, w.actions())
		require.NoError(t, w.Discard(w.as(teacher), []string{s.ID}), "of settled ones nothing goes")
		a, err := w.store.findByKey(t.Context(), "a.txt")
		require.NoError(t, err)
		require.Equal(t, hello, w.content(a.BlobID))
		files, err := w.Files(t.Context(), []string{"a.txt", "b.txt"})
		require.NoError(t, err)
		require.Equal(t, map[string]storageapi.File{"a.txt": fileOf("a.txt", hello)}, files)
		err = w.db.InTx(w.as(teacher), func(ctx context.Context) error { return w.Settle(ctx, []string{s.ID}) })
		require.Equal(t, "unavailable", code(t, err))
	})
}

func TestWhatIsDiscardedIsGoneAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := w.staged(teacher, "a.txt", hello)
		a, err := w.store.findByID(t.Context(), s.ID)
		require.NoError(t, err)
		require.True(t, w.there(a.BlobID))
		require.NoError(t, w.Discard(w.as(teacher), []string{s.ID}))
		require.False(t, w.there(a.BlobID))
		require.Zero(t, w.count("storage_assets"))
		require.Zero(t, w.count("storage_trash"))

		// One that a killed process left goes when its time is over.
		s = w.staged(teacher, "a.txt", hello)
		a, err = w.store.findByID(t.Context(), s.ID)
		require.NoError(t, err)
		w.clock.Advance(uploadURLLife + completionGrace + time.Second)
		w.sweep()
		w.sweep()
		require.False(t, w.there(a.BlobID))
		require.Zero(t, w.count("storage_assets"))
	})
}

func TestATakenKeyGetsANumber(t *testing.T) {
	w := onSQLite(t)
	w.stored("dir.v/a.txt")
	require.Equal(t, storageapi.Staged{Key: "dir.v/a.txt"}, w.staged(teacher, "dir.v/a.txt", hello),
		"their own with the same bytes")
	require.Equal(t, storageapi.Staged{Key: "dir.v/a.txt"}, w.staged(admin, "dir.v/a.txt", hello),
		"any for administrators")
	require.Equal(t, "dir.v/a-2.txt", w.staged(teacher, "dir.v/a.txt", "other words").Key)
	require.Equal(t, "dir.v/a-3.txt", w.staged(other, "dir.v/a.txt", hello).Key, "the second is being taken")

	// An asset whose object is lost is no place for the bytes.
	a, err := w.store.findByKey(t.Context(), "dir.v/a.txt")
	require.NoError(t, err)
	require.NoError(t, w.blobs.Delete(t.Context(), a.BlobID))
	require.Equal(t, "dir.v/a-4.txt", w.staged(teacher, "dir.v/a.txt", hello).Key)
	_, ok, err := w.OpenFile(t.Context(), "dir.v/a.txt")
	require.NoError(t, err)
	require.False(t, ok)
}

func TestFilesWithoutAChecksumAreNotTheSame(t *testing.T) {
	w := onSQLite(t)
	stage := func(content string) storageapi.Staged {
		f := fileOf("a.txt", content)
		f.SHA256 = ""
		s, err := w.Stage(w.as(teacher), f, from(content))
		require.NoError(t, err)
		return s
	}
	first := stage("one")
	require.NoError(t,
		w.db.InTx(w.as(teacher), func(ctx context.Context) error { return w.Settle(ctx, []string{first.ID}) }))
	a, err := w.store.findByKey(t.Context(), "a.txt")
	require.NoError(t, err)
	require.Nil(t, a.SHA256)

	second := stage("two")
	require.Equal(t, "a-2.txt", second.Key, "they are equally long, and nothing else is known")
	require.NotEmpty(t, second.ID)
}

func TestStagingKeepsToTheRules(t *testing.T) {
	w := onSQLite(t)
	w.limits.Quota = 20
	first := w.staged(teacher, "a.txt", hello)
	_, err := w.Stage(w.as(teacher), fileOf("b.txt", hello), from(hello))
	require.Equal(t, "quota-exceeded", code(t, err))
	require.NoError(t, w.Discard(w.as(teacher), []string{first.ID}))

	// Bytes that can't be stored leave nothing.
	_, err = w.Stage(w.as(teacher), fileOf("a.txt", hello),
		func() (io.ReadCloser, error) { return nil, errors.New("no") })
	require.Error(t, err)
	_, err = w.Stage(w.as(teacher), fileOf("a.txt", hello), from("short"))
	require.ErrorIs(t, err, blob.ErrMismatch)
	require.Zero(t, w.count("storage_assets"))

	for _, f := range []storageapi.File{
		{Key: "", ContentType: "text/plain", Size: 1}, {Key: "a", ContentType: "text/html", Size: 1},
		{Key: "a", ContentType: "text/plain"}, {Key: "a", ContentType: "image/png", Size: 1},
	} {
		require.Equal(t, "validation-failed", code(t, w.Check(f, []byte("x"))))
	}
	require.NoError(t, w.Check(fileOf("a", hello), []byte(hello)))
}

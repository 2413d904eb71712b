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

// completeStaged completes staged files in a transaction of the teacher.
func (w *world) completeStaged(staged ...string) error {
	w.t.Helper()
	return w.db.InTx(w.contextOf(teacher), func(ctx context.Context) error { return w.CompleteStaged(ctx, staged) })
}

// newFile describes a text file.
func newFile(key, content string) storageapi.File {
	sum := sha256.Sum256([]byte(content))
	return storageapi.File{
		Key: key, ContentType: "text/plain", Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
	}
}

// openString returns a function that opens the content.
func openString(content string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }
}

// stageFile stages a text file of the caller.
func (w *world) stageFile(c identity.Caller, key, content string) storageapi.StagedFile {
	w.t.Helper()
	s, err := w.StageFile(w.contextOf(c), newFile(key, content), openString(content))
	require.NoError(w.t, err)
	return s
}

func TestNobodyMayUseAStagedFile(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := w.stageFile(teacher, "a.txt", hello)
		require.Equal(t, "a.txt", s.Key)
		ok, err := w.MayUseKey(w.contextOf(teacher), teacher, "a.txt")
		require.NoError(t, err)
		require.False(t, ok)
		_, err = w.signURL(w.contextOf(teacher), "a.txt", time.Minute)
		require.Equal(t, "not-found", problemCode(t, err))
		require.Empty(t, w.takeActions())

		require.NoError(t, w.completeStaged(s.ID))
		require.Equal(t, []string{"asset.uploaded"}, w.takeActions())
		require.NoError(t, w.DiscardStaged(w.contextOf(teacher), []string{s.ID}), "completed ones stay")
		a, err := w.store.findByKey(t.Context(), "a.txt")
		require.NoError(t, err)
		require.Equal(t, hello, w.readObject(a.ObjectID))
		files, err := w.DescribeFiles(t.Context(), []string{"a.txt", "b.txt"})
		require.NoError(t, err)
		require.Equal(t, map[string]storageapi.File{"a.txt": newFile("a.txt", hello)}, files)
		err = w.completeStaged(s.ID)
		require.Equal(t, "unavailable", problemCode(t, err))
	})
}

func TestADiscardedFileIsGoneAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		s := w.stageFile(teacher, "a.txt", hello)
		a, err := w.store.findByID(t.Context(), s.ID)
		require.NoError(t, err)
		require.True(t, w.objectExists(a.ObjectID))
		require.NoError(t, w.DiscardStaged(w.contextOf(teacher), []string{s.ID}))
		require.False(t, w.objectExists(a.ObjectID))
		require.Zero(t, w.countRows("storage_assets"))
		require.Zero(t, w.countRows("storage_trash"))

		// One that a killed process left goes when its time is over.
		s = w.stageFile(teacher, "a.txt", hello)
		a, err = w.store.findByID(t.Context(), s.ID)
		require.NoError(t, err)
		w.clock.Advance(uploadURLLife + completionGrace + time.Second)
		w.runWorkers()
		w.runWorkers()
		require.False(t, w.objectExists(a.ObjectID))
		require.Zero(t, w.countRows("storage_assets"))
	})
}

func TestATakenKeyGetsANumber(t *testing.T) {
	w := onSQLite(t)
	w.storeAsset("dir.v/a.txt")
	require.Equal(t, storageapi.StagedFile{Key: "dir.v/a.txt"}, w.stageFile(teacher, "dir.v/a.txt", hello),
		"their own with the same bytes")
	require.Equal(t, storageapi.StagedFile{Key: "dir.v/a.txt"}, w.stageFile(admin, "dir.v/a.txt", hello),
		"any for administrators")
	require.Equal(t, "dir.v/a-2.txt", w.stageFile(teacher, "dir.v/a.txt", "other words").Key)
	require.Equal(t, "dir.v/a-3.txt", w.stageFile(other, "dir.v/a.txt", hello).Key, "the second is being taken")

	// An asset whose object is lost is no place for the bytes.
	a, err := w.store.findByKey(t.Context(), "dir.v/a.txt")
	require.NoError(t, err)
	require.NoError(t, w.blobs.Delete(t.Context(), a.ObjectID))
	require.Equal(t, "dir.v/a-4.txt", w.stageFile(teacher, "dir.v/a.txt", hello).Key)
	_, ok, err := w.OpenFile(t.Context(), "dir.v/a.txt")
	require.NoError(t, err)
	require.False(t, ok)
}

func TestFilesWithoutAChecksumAreNotTheSame(t *testing.T) {
	w := onSQLite(t)
	stage := func(content string) storageapi.StagedFile {
		f := newFile("a.txt", content)
		f.SHA256 = ""
		s, err := w.StageFile(w.contextOf(teacher), f, openString(content))
		require.NoError(t, err)
		return s
	}
	first := stage("one")
	require.NoError(t, w.completeStaged(first.ID))
	a, err := w.store.findByKey(t.Context(), "a.txt")
	require.NoError(t, err)
	require.Nil(t, a.SHA256)

	second := stage("two")
	require.Equal(t, "a-2.txt", second.Key, "they are equally long, and nothing else is known")
	require.NotEmpty(t, second.ID)
}

func TestStagedFilesKeepTheRules(t *testing.T) {
	w := onSQLite(t)
	w.config.QuotaBytes = 20
	first := w.stageFile(teacher, "a.txt", hello)
	_, err := w.StageFile(w.contextOf(teacher), newFile("b.txt", hello), openString(hello))
	require.Equal(t, "quota-exceeded", problemCode(t, err))
	require.NoError(t, w.DiscardStaged(w.contextOf(teacher), []string{first.ID}))

	// Bytes that can't be stored leave nothing.
	_, err = w.StageFile(w.contextOf(teacher), newFile("a.txt", hello),
		func() (io.ReadCloser, error) { return nil, errors.New("no") })
	require.Error(t, err)
	_, err = w.StageFile(w.contextOf(teacher), newFile("a.txt", hello), openString("short"))
	require.ErrorIs(t, err, blob.ErrMismatch)
	require.Zero(t, w.countRows("storage_assets"))

	for _, f := range []storageapi.File{
		{Key: "", ContentType: "text/plain", Size: 1}, {Key: "a", ContentType: "text/html", Size: 1},
		{Key: "a", ContentType: "text/plain"}, {Key: "a", ContentType: "image/png", Size: 1},
	} {
		require.Equal(t, "validation-failed", problemCode(t, w.CheckFile(f, []byte("x"))))
	}
	require.NoError(t, w.CheckFile(newFile("a", hello), []byte(hello)))
}

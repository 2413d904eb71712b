package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/blob"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
)

func TestAnUploadBecomesAnAsset(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		sum := sha256.Sum256([]byte(hello))
		n := textUpload("notes/hello.txt")
		n.SHA256 = strings.ToUpper(hex.EncodeToString(sum[:]))
		a, signed, err := w.beginUpload(w.contextOf(teacher), n)
		require.NoError(t, err)
		require.Equal(t, "PUT", signed.Method)
		require.Contains(t, signed.URL, a.ObjectID)
		require.WithinDuration(t, time.Now().Add(uploadURLLife), a.ExpiresAt.StdTime(), time.Minute)
		require.Empty(t, w.takeActions(), "the start of an upload is not audited")

		_, err = w.completeUpload(w.contextOf(teacher), a.ID)
		require.Equal(t, "upload-incomplete", problemCode(t, err))
		w.putObject(a, hello, "text/plain")
		for range 2 {
			done, err := w.completeUpload(w.contextOf(teacher), a.ID)
			require.NoError(t, err)
			require.Equal(t, statusCompleted, done.Status)
		}
		require.Equal(t, []string{"asset.uploaded"}, w.takeActions(), "again is no second entry")
		r, err := w.loadViewData(t.Context(), []asset{*a})
		require.NoError(t, err)
		views := newAssetViews([]asset{*a}, r)
		require.Equal(t, "Tea", views[0].Uploader.DisplayName)
		require.NotNil(t, views[0].UsedBy)
	})
}

func TestCompletingTwiceAtOnceIsOneEntry(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for range testkit.Rounds(100) {
			a := w.mustBeginUpload(textUpload("race/" + ids.New()))
			w.putObject(a, hello, "text/plain")
			for _, err := range runAtOnce(6, func(int) error {
				_, err := w.completeUpload(w.contextOf(teacher), a.ID)
				return err
			}) {
				require.NoError(t, err)
			}
			require.Equal(t, []string{"asset.uploaded"}, w.takeActions())
		}
	})
}

func TestWhatDiffersIsRemoved(t *testing.T) {
	w := onSQLite(t)
	sum := sha256.Sum256([]byte(hello))
	for name, c := range map[string]struct{ body, contentType string }{
		"size":     {hello + "!", "text/plain"},
		"type":     {hello, "text/html"},
		"checksum": {strings.ToUpper(hello), "text/plain"},
		"content":  {"<html>" + hello[6:], "text/plain"},
	} {
		n := textUpload("differs/" + name)
		n.SHA256 = hex.EncodeToString(sum[:])
		a := w.mustBeginUpload(n)
		w.putObject(a, c.body, c.contentType)
		_, err := w.completeUpload(w.contextOf(teacher), a.ID)
		require.Equal(t, "upload-mismatch", problemCode(t, err), name)
		require.False(t, w.objectExists(a.ObjectID), name)
		_, err = w.completeUpload(w.contextOf(teacher), a.ID)
		require.Equal(t, "upload-incomplete", problemCode(t, err), name)
		w.putObject(a, hello, "text/plain")
		_, err = w.completeUpload(w.contextOf(teacher), a.ID)
		require.NoError(t, err, name)
	}
	require.Len(t, w.takeActions(), 4)
}

func TestRefusedUploadsCanBeSentAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		song := strings.Repeat("\xFF\xFB\x90\x64"+strings.Repeat("\x01", 413), 3)
		n := newUpload{Key: "song", ContentType: "image/png", Size: int64(len(song))}
		a := w.mustBeginUpload(n)
		_, _, err := w.beginUpload(w.contextOf(teacher), n)
		require.Equal(t, "key-taken", problemCode(t, err), "the key is taken until then")
		w.putObject(a, song, "image/png")
		_, err = w.completeUpload(w.contextOf(teacher), a.ID)
		require.Equal(t, "upload-mismatch", problemCode(t, err))
		require.Contains(t, problemOf(t, err).Detail,
			"declared as image/png and looks like audio/mpeg. Accepted are video/mp4, video/webm")
		require.Equal(t, "content_type", problemOf(t, err).Fields[0].Location)
		_, _, err = w.beginUpload(w.contextOf(other), n)
		require.Equal(t, "key-taken", problemCode(t, err), "for others it still is")
		n.ContentType = "audio/mpeg"
		b := w.mustBeginUpload(n)
		w.putObject(b, song, "audio/mpeg")
		_, err = w.completeUpload(w.contextOf(teacher), b.ID)
		require.NoError(t, err)
		_, err = w.completeUpload(w.contextOf(teacher), a.ID)
		require.Equal(t, "not-found", problemCode(t, err), "the first gave way")
		_, _, err = w.beginUpload(w.contextOf(teacher), n)
		require.Equal(t, "key-taken", problemCode(t, err))
	})
}

// A slow check must not delete what another request has completed meanwhile.
func TestAnObjectReplacedMeanwhileIsLookedAtAgain(t *testing.T) {
	w := onSQLite(t)
	a := w.mustBeginUpload(textUpload("a.txt"))
	w.putObject(a, "<html>"+hello[6:], "text/plain")
	swapped := false
	w.blobs = &hookedStore{Store: w.blobs, afterPrefix: func() {
		if !swapped {
			swapped = true
			w.putObject(a, hello, "text/plain")
		}
	}}
	_, err := w.completeUpload(w.contextOf(teacher), a.ID)
	require.NoError(t, err)
	require.Equal(t, hello, w.readObject(a.ObjectID))

	b := w.mustBeginUpload(textUpload("b.txt"))
	w.putObject(b, hello, "text/plain")
	odd := false
	w.blobs = &hookedStore{Store: w.blobs, afterPrefix: func() {
		odd = !odd
		body := map[bool]string{true: hello, false: strings.ToUpper(hello)}[!odd]
		w.putObject(b, body, "text/plain")
	}}
	_, err = w.completeUpload(w.contextOf(teacher), b.ID)
	require.Equal(t, "unavailable", problemCode(t, err), "one that never stands still")
}

// hookedStore is an object store that calls afterPrefix when the first bytes of an object were read.
type hookedStore struct {
	blob.Store
	afterPrefix func()
}

func (s *hookedStore) ReadPrefix(ctx context.Context, id string, n int) ([]byte, error) {
	b, err := s.Store.ReadPrefix(ctx, id, n)
	s.afterPrefix()
	return b, err
}

func TestOnlyItsUploaderCompletes(t *testing.T) {
	w := onSQLite(t)
	a := w.mustBeginUpload(textUpload("a.txt"))
	w.putObject(a, hello, "text/plain")
	_, err := w.completeUpload(w.contextOf(admin), a.ID)
	require.Equal(t, "forbidden", problemCode(t, err), "an administrator may see it")
	_, err = w.completeUpload(w.contextOf(other), a.ID)
	require.Equal(t, "not-found", problemCode(t, err))
	for _, id := range []string{"", "x", ids.New()} {
		_, err = w.completeUpload(w.contextOf(teacher), id)
		require.Equal(t, "not-found", problemCode(t, err))
	}
}

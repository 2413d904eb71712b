package storage

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

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

func TestRefusedDeclarations(t *testing.T) {
	w := onSQLite(t)
	w.config.QuotaBytes = 100
	_, _, err := w.beginUpload(w.contextOf(teacher), newUpload{Key: "a//b", ContentType: "video/x-msvideo", Size: 5 << 30})
	e := problemOf(t, err)
	require.Len(t, e.Fields, 3)
	require.Contains(t, e.Detail, `The key must not have empty, "." or ".." segments.`)
	require.Contains(t, e.Detail,
		"This server does not take files of this type; accepted are video/mp4, video/webm, audio/mpeg")
	require.Contains(t, e.Detail, "The size must lie between 1 and 2147483648 bytes (2 GiB).")
	w.mustBeginUpload(newUpload{Key: "a", ContentType: "text/plain", Size: 60})
	_, _, err = w.beginUpload(w.contextOf(teacher), newUpload{Key: "b", ContentType: "text/plain", Size: 1536})
	require.Equal(t, "quota-exceeded", problemCode(t, err))
	require.Contains(t, problemOf(t, err).Detail, "may have 100 bytes together. They have 60 bytes without this one of 1.5 KiB")
	require.Equal(t, "40 bytes are left", problemOf(t, err).Fields[0].Message)
}

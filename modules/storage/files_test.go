package storage

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
	"lyceum/platform/identity"
)

func TestPutFile(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := w.contextOf(identity.Caller{UserID: teacher.UserID, Via: "cli"})
		put := func(ctx context.Context, key, body string) error {
			return w.PutFile(ctx, teacher.UserID, key, "video/mp4", int64(len(body)), strings.NewReader(body))
		}
		require.NoError(t, put(ctx, "a.mp4", "first"))
		require.NoError(t, put(ctx, "a.mp4", "second"), "an existing key is kept")
		require.Equal(t, []string{"asset.uploaded"}, w.takeActions())
		a, err := w.findAsset(ctx, "a.mp4")
		require.NoError(t, err)
		require.Equal(t, "first", w.readObject(a.ObjectID))

		w.mustBeginUpload(textUpload("busy.txt"))
		require.Equal(t, "key-taken", problemCode(t, put(ctx, "busy.txt", "x")))
		require.Error(t, put(ctx, "../x", "x"))
		require.Error(t, w.PutFile(ctx, teacher.UserID, "short", "text/plain", 99, strings.NewReader("x")))
		_, err = w.store.findByKey(ctx, "short")
		require.True(t, db.IsNotFound(err), "what failed frees its key")
		require.Zero(t, w.countRows("storage_trash"))
		require.NoError(t, put(ctx, "short", "x"), "and is begun again at once")
	})
}

// A process that is killed while it writes a file leaves a pending row. The next one stores the file.
func TestPutFileAfterAKill(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		killed := newServerAsset(teacher.UserID, "demo.mp4", "video/mp4", 3, w.clock.Now())
		require.NoError(t, w.db.InTx(w.contextOf(teacher), func(ctx context.Context) error {
			_, err := w.insertUnlessCompleted(ctx, killed, w.clock.Now())
			return err
		}))
		require.NoError(t, w.blobs.Put(t.Context(), killed.ObjectID, strings.NewReader("one"), 3, "video/mp4"))
		require.NoError(t, w.PutFile(w.contextOf(teacher), teacher.UserID, "demo.mp4", "video/mp4", 3,
			strings.NewReader("two")))
		a, err := w.findAsset(t.Context(), "demo.mp4")
		require.NoError(t, err)
		require.Equal(t, "two", w.readObject(a.ObjectID))
		w.clock.Advance(48 * time.Hour)
		w.runWorkers()
		require.False(t, w.objectExists(killed.ObjectID), "what the killed process has written goes")
		require.True(t, w.objectExists(a.ObjectID))
	})
}

// The trash of a deleted asset does not touch a new one under the same key.
func TestANewAssetSurvivesTheTrashOfTheOldOne(t *testing.T) {
	w := onSQLite(t)
	for _, body := range []string{"one", "two"} {
		require.NoError(t, w.PutFile(w.contextOf(teacher), teacher.UserID, "demo.mp4", "video/mp4", 3,
			strings.NewReader(body)))
		a, err := w.findAsset(t.Context(), "demo.mp4")
		require.NoError(t, err)
		require.Equal(t, body, w.readObject(a.ObjectID))
		if body == "one" {
			require.NoError(t, w.removeAsset(w.contextOf(teacher), a.ID))
		}
	}
	w.clock.Advance(48 * time.Hour)
	w.runWorkers()
	a, err := w.findAsset(t.Context(), "demo.mp4")
	require.NoError(t, err)
	require.True(t, w.objectExists(a.ObjectID))
}

package storage

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

func TestOnlyUploaderAndAdministratorsDelete(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.storeAsset("a.txt")
		remove := func(ctx context.Context, id string) string { return problemCode(t, w.removeAsset(ctx, id)) }
		require.Equal(t, "not-found", remove(w.contextOf(other), a.ID), "they cannot see it")
		require.Equal(t, "not-found", remove(w.contextOf(teacher), ids.New()))
		require.Equal(t, "not-found", remove(w.contextOf(teacher), "x"))
		w.referrer.mayRead = func(identity.Caller, string) (bool, error) { return true, nil }
		require.Equal(t, "forbidden", remove(w.contextOf(other), a.ID), "they can see it in a lesson")
		require.Equal(t, "precondition-failed", remove(db.ExpectVersion(w.contextOf(teacher), `"7.x"`), a.ID))
		require.Empty(t, w.takeActions())
		require.NoError(t, w.removeAsset(w.contextOf(teacher), a.ID))

		b := w.storeAsset("b.txt")
		require.NoError(t, w.removeAsset(w.contextOf(admin), b.ID))
	})
}

func TestAUsedAssetCantBeDeleted(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.storeAsset("a.txt")
		use := storageapi.Use{Type: "lesson", ID: ids.New(), CourseID: ids.New(), Title: "First"}
		w.referrer.uses = func(keys []string) (map[string][]storageapi.Use, error) {
			return map[string][]storageapi.Use{"a.txt": {use}}, nil
		}
		err := w.removeAsset(w.contextOf(teacher), a.ID)
		require.Equal(t, "asset-in-use", problemCode(t, err))
		e, _ := apperr.As(err)
		require.Equal(t, []storageapi.Use{use}, e.Extra["used_by"])
		require.Empty(t, w.takeActions())

		w.referrer.uses = nil
		require.NoError(t, w.db.InTx(w.contextOf(admin), func(ctx context.Context) error {
			require.NoError(t, w.removeAsset(ctx, a.ID))
			require.True(t, w.objectExists(a.ObjectID), "until the commit nothing is lost")
			return nil
		}))
		require.Equal(t, []string{"asset.deleted"}, w.takeActions())
		w.runWorkers()
		require.False(t, w.objectExists(a.ObjectID))
		require.Equal(t, "not-found", problemCode(t, w.removeAsset(w.contextOf(teacher), a.ID)))
		w.storeAsset("a.txt")
	})
}

// An account that still has the upload URL may bring the object back; it must not stay for ever.
func TestADeletedObjectThatComesBackGoesAgain(t *testing.T) {
	w := onSQLite(t)
	a := w.storeAsset("a.txt")
	require.NoError(t, w.removeAsset(w.contextOf(teacher), a.ID))
	w.runWorkers()
	w.putObject(a, hello, "text/plain")
	w.clock.Advance(uploadURLLife + maxTransferTime + time.Minute)
	w.runWorkers()
	require.False(t, w.objectExists(a.ObjectID))
	require.Zero(t, w.countRows("storage_trash"))
}

func TestGivingUpAnUploadFreesItsKey(t *testing.T) {
	w := onSQLite(t)
	a := w.mustBeginUpload(textUpload("a.txt"))
	w.referrer.uses = func([]string) (map[string][]storageapi.Use, error) {
		return map[string][]storageapi.Use{"a.txt": {{Type: "lesson"}}}, nil
	}
	require.Equal(t, "not-found", problemCode(t, w.removeAsset(w.contextOf(other), a.ID)))
	require.NoError(t, w.removeAsset(w.contextOf(teacher), a.ID))
	w.mustBeginUpload(textUpload("a.txt"))
}

// What is deleted while its URL lives may come back, so it takes room until then; and if it does,
// it goes soon after.
func TestWhatMayComeBackStillCounts(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.config.QuotaBytes = int64(len(hello)) * 2
		a := w.storeAsset("a.txt")
		require.NoError(t, w.removeAsset(w.contextOf(teacher), a.ID))
		w.runWorkers()
		w.mustBeginUpload(textUpload("b.txt"))
		_, _, err := w.beginUpload(w.contextOf(teacher), textUpload("c.txt"))
		require.Equal(t, "quota-exceeded", problemCode(t, err))
		w.putObject(a, hello, "text/plain")
		w.clock.Advance(uploadURLLife + 2*time.Minute)
		w.mustBeginUpload(textUpload("c.txt"))
		w.runWorkers()
		require.False(t, w.objectExists(a.ObjectID))
		require.EqualValues(t, 1, w.countRows("storage_trash"), "a transfer that was begun in time may still end")
		w.clock.Advance(maxTransferTime)
		w.runWorkers()
		left, err := w.store.lockDueTrash(t.Context(), a.ObjectID, w.clock.Now().Add(maxTransferTime))
		require.NoError(t, err)
		require.Nil(t, left)
	})
}

// An upload that nobody completes in time goes, and its object with it, whenever that arrives.
func TestOverdueUploadsAreCleared(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.mustBeginUpload(textUpload("a.txt"))
		late := w.mustBeginUpload(textUpload("late.txt"))
		w.putObject(a, hello, "text/plain")
		w.clock.Advance(uploadURLLife + completionGrace - time.Minute)
		w.runWorkers()
		w.putObject(late, hello, "text/plain")
		_, err := w.completeUpload(w.contextOf(teacher), late.ID)
		require.NoError(t, err, "late, but nobody took the key")

		w.clock.Advance(2 * time.Minute)
		w.runWorkers() // the trash first, then uploads
		w.runWorkers()
		require.EqualValues(t, 1, w.countRows("storage_assets"))
		require.False(t, w.objectExists(a.ObjectID))
		w.putObject(a, hello, "text/plain") // a transfer that was begun in time and ends only now
		w.runWorkers()
		require.EqualValues(t, 1, w.countRows("storage_trash"))
		w.clock.Advance(maxTransferTime)
		w.runWorkers()
		require.False(t, w.objectExists(a.ObjectID))
		require.Zero(t, w.countRows("storage_trash"))
		require.True(t, w.objectExists(late.ObjectID))
		require.NoError(t, w.clearUpload(t.Context(), ids.New()), "one that is gone")
		require.NoError(t, w.clearUpload(t.Context(), late.ID))
		require.True(t, w.objectExists(late.ObjectID), "completed ones stay")
	})
}

// Jobs wait in the queue under these names, so they must not change.
func TestNamesOfJobsStay(t *testing.T) {
	var names []string
	for _, worker := range newWorkers(onSQLite(t).Service) {
		names = append(names, worker.Name)
	}
	require.Equal(t, "[storage.empty_trash storage.clear_upload]", fmt.Sprint(names))
}

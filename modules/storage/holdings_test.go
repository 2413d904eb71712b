package storage

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/userstest"
	"lyceum/platform/identity"
)

// export reads an account's holdings in pages of two.
func (w *world) export(c identity.Caller) []map[string]any {
	w.t.Helper()
	sections := userstest.ReadExport(w.t, holdings{w.Service, 2}, c.UserID)
	require.Subset(w.t, []string{"assets"}, slices.Collect(maps.Keys(sections)))
	return sections["assets"]
}

// erase removes them in pages of two.
func (w *world) erase(c identity.Caller) {
	w.t.Helper()
	require.NoError(w.t,
		w.db.InTx(w.t.Context(), func(ctx context.Context) error { return holdings{w.Service, 2}.Erase(ctx, c.UserID) }))
}

func TestHoldingsAreExportedAndErased(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		var mine []*asset
		for i := range 5 {
			mine = append(mine, w.storeAsset(fmt.Sprintf("lessons/%d.txt", i)))
		}
		mine = append(mine, w.mustBeginUpload(textUpload("begun.txt")), w.mustBeginUpload(textUpload("named.txt")))
		theirs, _, err := w.beginUpload(w.contextOf(other), textUpload("theirs.txt"))
		require.NoError(t, err)
		w.putObject(theirs, hello, "text/plain")
		_, err = w.completeUpload(w.contextOf(other), theirs.ID)
		require.NoError(t, err)
		w.takeActions()

		got, before := w.export(teacher), w.export(other)
		require.Len(t, got, 7)
		require.Equal(t,
			map[string]any{
				"id": mine[0].ID, "key": "lessons/0.txt", "content_type": "text/plain",
				"size":   float64(len(hello)),
				"status": "completed", "created_at": mine[0].CreatedAt.String(),
				"completed_at": mine[0].CompletedAt.String(),
			}, got[0])
		require.Equal(t, []any{"begun.txt", "pending", nil}, []any{got[5]["key"], got[5]["status"], got[5]["completed_at"]})
		require.Len(t, before, 1)
		require.Empty(t, w.export(student))

		w.referrer.uses = func(keys []string) (map[string][]storageapi.Use, error) {
			require.LessOrEqual(t, len(keys), 2)
			out := map[string][]storageapi.Use{}
			for _, key := range []string{"lessons/1.txt", "lessons/4.txt", "named.txt"} {
				if slices.Contains(keys, key) {
					out[key] = []storageapi.Use{{Type: "lesson"}}
				}
			}
			return out, nil
		}
		w.erase(teacher)
		require.Equal(t, []map[string]any{got[1], got[4]}, w.export(teacher), "what lessons use stays")
		require.Equal(t, slices.Repeat([]string{"asset.deleted"}, 5), w.takeActions())
		require.EqualValues(t, 5, w.countRows("storage_trash"))
		w.erase(teacher)
		require.Empty(t, w.takeActions())
		require.Equal(t, before, w.export(other))
		w.runWorkers()
		for i, a := range mine {
			require.Equal(t, i == 1 || i == 4, w.objectExists(a.ObjectID), a.Key)
		}
		require.True(t, w.objectExists(theirs.ObjectID))
		w.clock.Advance(maxTransferTime + 2*time.Hour)
		w.runWorkers()
		require.Zero(t, w.countRows("storage_trash"))
	})
}

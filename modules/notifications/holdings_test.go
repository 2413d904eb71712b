package notifications

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/modules/users/userstest"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
)

// readExport reads an account's holdings in pages of two.
func (w *world) readExport(user string) map[string][]map[string]any {
	w.t.Helper()
	return userstest.ReadExport(w.t, holdings{w.store, 2}, user)
}

func TestHoldingsAreExportedAndErased(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		uli, olga := w.addAccount("Uli"), w.owner
		var rows []notification
		for i := range 10 {
			rows = append(rows,
				notification{ID: ids.New(), UserID: []string{uli, olga}[i%2], EventID: ids.New(), Kind: kindLessonAdded,
					Title: fmt.Sprintf("T %d", i), Body: "b", Link: "/", Hidden: i == 2,
					CreatedAt: clock.FromMillis(int64(i))})
		}
		require.NoError(t, w.store.insert(t.Context(), rows))
		for _, user := range []string{uli, olga} {
			require.NoError(t,
				w.savePreferences(w.as(user, usersapi.RoleUser),
					[]preference{{Kind: kindAnnouncement, InApp: true}, {Kind: kindLessonAdded}, {Kind: kindMention}}))
		}
		for i := range 3 {
			_, err := w.createAnnouncement(w.as(olga, usersapi.RoleInstructor), w.course.ID,
				fmt.Sprintf("A %d", i), "text")
			require.NoError(t, err)
		}
		got, before := w.readExport(uli), w.readExport(olga)
		require.Len(t, got["notifications"], 5)
		require.Equal(t,
			map[string]any{
				"id": rows[2].ID, "kind": kindLessonAdded, "title": "T 2", "body": "b", "link": "/",
				"hidden": true, "read_at": nil,
				"created_at": "1970-01-01T00:00:00.002Z",
			}, got["notifications"][1])
		require.Len(t, got["preferences"], 3)
		require.Equal(t, map[string]any{"kind": kindAnnouncement, "in_app": true, "email": false}, got["preferences"][0])
		require.NotContains(t, got, "announcements_made")
		require.Len(t, before["announcements_made"], 3)
		require.Equal(t, "A 2", before["announcements_made"][2]["title"])
		require.Len(t, before["announcements_made"][0], 5)

		for range 2 {
			require.NoError(t,
				w.db.InTx(t.Context(), func(ctx context.Context) error { return newHoldings(w.store).Erase(ctx, uli) }))
			require.Empty(t, w.readExport(uli))
			require.Equal(t, before, w.readExport(olga))
		}
		require.NoError(t, newHoldings(w.store).Erase(t.Context(), olga))
		require.Equal(t, map[string][]map[string]any{"announcements_made": before["announcements_made"]}, w.readExport(olga))
	})
}

func TestHoldingsShowWhatAnAnnouncementSaid(t *testing.T) {
	w := onSQLite(t)
	learner := w.enrollAccounts(1)[0]
	_, err := w.createAnnouncement(w.as(w.owner, usersapi.RoleInstructor), w.course.ID, "Exam", "on Friday")
	require.NoError(t, err)
	w.relayAll()
	got := w.readExport(learner)["notifications"]
	require.Len(t, got, 1)
	require.Equal(t, []any{"Go: Exam", "on Friday"}, []any{got[0]["title"], got[0]["body"]})
}

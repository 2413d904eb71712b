package notifications

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/clock"
	"lyceum/platform/ids"
)

// TestOldNotificationsAreRemoved has notifications of this year and of the one before, as many as one group of a removal
// does not hold.
func TestOldNotificationsAreRemoved(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		account := w.addAccount("Ada")
		add := func(age time.Duration, count int) {
			at := time.Now().Add(-age)
			require.NoError(t, w.db.InTx(t.Context(), func(ctx context.Context) error {
				for i := range count {
					id := ids.FirstAt(at.Add(time.Duration(i) * time.Millisecond))
					_, err := w.db.Exec(ctx, `INSERT INTO notifications (id, user_id, event_id, kind, title, body, link, hidden, created_at)
						VALUES (?, ?, ?, 'mention', 't', 'b', '/', ?, ?)`, id, account, ids.New(), i%2 == 0, clock.FromTime(at))
					if err != nil {
						return err
					}
				}
				return nil
			}))
		}
		add(366*24*time.Hour, 1001)
		add(364*24*time.Hour, 2)
		count := func() (n int) {
			require.NoError(t, w.db.QueryRow(t.Context(), "SELECT count(*) FROM notifications", nil, &n))
			return n
		}
		w.retention = 0
		require.NoError(t, w.removeOld(t.Context()))
		require.Equal(t, 1003, count(), "for ever")
		w.retention = 365 * 24 * time.Hour
		require.NoError(t, w.removeOld(t.Context()))
		require.Equal(t, 2, count())
	})
}

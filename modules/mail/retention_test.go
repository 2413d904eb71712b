package mail

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestOldMailsAreRemoved lets a mail that was sent, one that has failed and one that waits become old.
func TestOldMailsAreRemoved(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		require.NoError(t, w.send(t.Context(), w.queueWelcome("sent@example.org").ID))
		failed := w.queueWelcome("failed@example.org")
		failed.Status, failed.LastError = statusFailed, errors.ErrUnsupported.Error()
		require.NoError(t, w.store.saveFailure(t.Context(), failed))
		w.queueWelcome("waiting@example.org")

		w.clock.Advance(89 * 24 * time.Hour)
		require.NoError(t, w.removeOld(t.Context()))
		require.Len(t, w.listMails(), 3, "not yet")
		w.clock.Advance(2 * 24 * time.Hour)
		w.retention = 0
		require.NoError(t, w.removeOld(t.Context()))
		require.Len(t, w.listMails(), 3, "for ever")
		w.retention = 90 * 24 * time.Hour
		require.NoError(t, w.removeOld(t.Context()))
		left := w.listMails()
		require.Len(t, left, 1)
		require.Equal(t, "waiting@example.org", left[0].Recipient, "it was promised")
	})
}

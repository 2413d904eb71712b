package notifications

import (
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/testkit"
)

// Two tabs save at once, each every kind in an order of its own.
func TestPreferencesSavedAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := w.as(w.addAccount("Uli"), usersapi.RoleUser)
		all, err := w.listPreferences(ctx)
		require.NoError(t, err)
		forwards := all
		backwards := slices.Clone(all)
		slices.Reverse(backwards)
		for range max(testkit.Rounds(500), 50) {
			var saving sync.WaitGroup
			errs := make([]error, 2)
			for i, chosen := range [][]preference{forwards, backwards} {
				for k := range chosen {
					chosen[k].InApp = i == 0
				}
				saving.Go(func() { errs[i] = w.savePreferences(ctx, slices.Clone(chosen)) })
			}
			saving.Wait()
			require.Equal(t, []error{nil, nil}, errs)
		}
		saved, err := w.listPreferences(ctx)
		require.NoError(t, err)
		for _, p := range saved {
			require.Equal(t, saved[0].InApp, p.InApp, "one tab has won as a whole: %+v", saved)
		}
	})
}

package audit

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/testkit/dbtest"
)

// Entries are written at the end of a transaction, whenever in it they were added.
func TestEntriesOfATransaction(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		dbtest.Migrate(t, d, Migrations)
		s := serviceOn(t, d, clock.System{})
		add := func(ctx context.Context, action string) error {
			return s.recordEntry(ctx, auditapi.Entry{Action: action, TargetType: "course", TargetID: ids.New()})
		}
		written := func() (actions []string) {
			found, err := s.store.list(t.Context(), entryFilter{}, 0, 10)
			require.NoError(t, err)
			for _, e := range found {
				actions = append(actions, e.Action)
			}
			return actions
		}
		require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
			require.NoError(t, add(ctx, "course.created"))
			refused := errors.New("refused")
			require.ErrorIs(t,
				d.InTx(ctx, func(ctx context.Context) error { return errors.Join(add(ctx, "user.updated"), refused) }),
				refused)
			// A function that runs after the entries were written adds one more.
			db.BeforeCommit(ctx, func(ctx context.Context) error {
				db.BeforeCommit(ctx, func(ctx context.Context) error {
					db.BeforeCommit(ctx, func(ctx context.Context) error { return add(ctx, "course.updated") })
					return nil
				})
				return nil
			})
			return nil
		}))
		require.Equal(t, []string{"course.updated", "course.created"}, written(), "the newest first; none of the savepoint")
		require.Error(t, d.InTx(t.Context(), func(ctx context.Context) error {
			return errors.Join(add(ctx, "course.created"), errors.New("rolled back"))
		}))
		require.Len(t, written(), 2)
	})
}

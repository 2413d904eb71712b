package audit

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// A log that was begun before its ids came from its hashes holds afterwards, and goes on.
func TestALogOfAnEarlierVersionIsIntact(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		s := serviceOn(t, d, clock.System{})
		made := func(h *head) *entry {
			e, err := newEntry(auditapi.Entry{Action: "course.created", TargetType: "course", TargetID: ids.New()},
				identity.Caller{UserID: ids.New()})
			require.NoError(t, err)
			e.CreatedAt = clock.System{}.Now()
			e.appendTo(h)
			h.Mac = h.computeSeal(s.key)
			return e
		}
		dbtest.Migrate(t, d, Migrations[:1])
		var h head
		for range 3 {
			e := made(&h)
			e.ID = ids.New()
			require.NoError(t, d.Conn(t.Context()).Create(e).Error)
		}
		_, err := d.Exec(t.Context(), "UPDATE audit_head SET seq = ?, hash = ?, mac = ?", h.Seq, h.Hash, h.Mac)
		require.NoError(t, err)
		_, err = s.Verify(t.Context(), nil)
		require.Error(t, err, "not what this program knows")
		dbtest.Migrate(t, d, Migrations)
		require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
			h, _, err := s.store.lockHead(ctx)
			require.NoError(t, err)
			e := made(&h)
			return s.store.appendEntries(ctx, []*entry{e}, h)
		}))
		v, err := s.Verify(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, Verdict{OK: true, Entries: 4}, v)
		found, err := s.store.list(t.Context(), entryFilter{}, 0, 10)
		require.NoError(t, err)
		for _, e := range found {
			require.True(t, ids.IsValid(e.ID), e.ID)
		}
	})
}

package audit

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/auth"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/migrate"
	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// A log that was begun before its ids came from its hashes holds afterwards, and goes on.
func TestALogFromBeforeHolds(t *testing.T) {
	for kind, o := range map[string]func(t *testing.T) db.Options{
		"sqlite":   func(t *testing.T) db.Options { return db.Options{Dir: t.TempDir(), MaxConns: 8} },
		"postgres": func(t *testing.T) db.Options { return db.Options{URL: testkit.Postgres(t), MaxConns: 8} },
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			d, err := db.Open(t.Context(), o(t))
			require.NoError(t, err)
			t.Cleanup(func() { _ = d.Close() })
			up := func(ms []migrate.Migration) {
				r, err := migrate.NewRunner(d, ms)
				require.NoError(t, err)
				_, err = r.Up(t.Context())
				require.NoError(t, err)
			}
			keys, err := auth.LoadKeys(t.TempDir(), time.Hour)
			require.NoError(t, err)
			s := newService(newStore(d), clock.System{}, keys)
			made := func(h *head) *entry {
				e, err := newEntry(auditapi.Entry{Action: "course.created", TargetType: "course", TargetID: ids.New()}, auth.Caller{UserID: ids.New()})
				require.NoError(t, err)
				e.CreatedAt = clock.System{}.Now()
				e.chain(h)
				h.Mac = h.seal(s.key)
				return e
			}
			up(Migrations[:1])
			var h head
			for range 3 {
				e := made(&h)
				e.ID = ids.New()
				require.NoError(t, d.Conn(t.Context()).Create(e).Error)
			}
			_, err = d.Exec(t.Context(), "UPDATE audit_head SET seq = ?, hash = ?, mac = ?", h.Seq, h.Hash, h.Mac)
			require.NoError(t, err)
			_, err = s.Verify(t.Context(), nil)
			require.Error(t, err, "not what this program knows")
			up(Migrations)
			require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
				h, err := s.store.lockHead(ctx)
				require.NoError(t, err)
				e := made(&h)
				return s.store.append(ctx, []*entry{e}, h)
			}))
			v, err := s.Verify(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, Verdict{OK: true, Entries: 4}, v)
			found, err := s.store.list(t.Context(), filter{}, 0, 10)
			require.NoError(t, err)
			for _, e := range found {
				require.True(t, ids.Valid(e.ID), e.ID)
			}
		})
	}
}

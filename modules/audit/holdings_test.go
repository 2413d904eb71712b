package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// The export of an account has every entry of its own, over more than one page, and none of others.
func TestHoldingsOfAnActor(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		s := sealedLog(t, d)
		actor, other := ids.New(), ids.New()
		const own = usersapi.ExportPage + 2
		require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
			for i := range own {
				for _, id := range []string{actor, other} {
					caller := identity.Caller{UserID: id, IP: "192.0.2.1", UserAgent: "Browser", RequestID: "r"}
					e := auditapi.Entry{
						Action: "course.updated", TargetType: "course", TargetID: fmt.Sprint(i),
						Data: map[string]any{"fields": []string{"title"}},
					}
					if err := s.recordEntry(identity.WithCaller(ctx, caller), e); err != nil {
						return err
					}
				}
			}
			return nil
		}))
		held := newHoldings(s.store)
		require.Equal(t, "audit", held.Module())
		var written []string
		export := func(id string) {
			t.Helper()
			written = nil
			require.NoError(t, held.Export(t.Context(), id, func(section string, v any) error {
				require.Equal(t, "entries", section)
				raw, err := json.Marshal(v)
				require.NoError(t, err)
				written = append(written, string(raw))
				return nil
			}))
		}
		export(actor)
		require.Len(t, written, own)
		newest, err := s.store.list(t.Context(), entryFilter{ActorID: actor}, 0, 1)
		require.NoError(t, err)
		for i, seq := range map[int]int64{0: 1, own - 1: newest[0].Seq} {
			require.JSONEq(t, fmt.Sprintf(`{"seq": %d, "action": "course.updated", "target_type": "course",
				"target_id": "%d", "ip": "192.0.2.1", "user_agent": "Browser", "data": {"fields": ["title"]},
				"created_at": %q}`, seq, i, newest[0].CreatedAt), written[i])
		}
		export(ids.New())
		require.Empty(t, written)

		// The log outlives its actors: their ids name nobody.
		before := verdictOf(t, s)
		require.NoError(t, held.Erase(t.Context(), actor))
		export(actor)
		require.Len(t, written, own)
		require.Equal(t, before, verdictOf(t, s))
	})
}

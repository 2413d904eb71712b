package audit

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

// wavering is a clock that goes on, but not evenly: as those of several replicas.
type wavering struct {
	*rand.Rand
	base time.Time
	// wrong says that it is off by hours now and then, and surely once.
	wrong bool
	calls int
}

func (w *wavering) Now() clock.Time {
	w.base = w.base.Add(time.Duration(w.IntN(400)) * time.Millisecond)
	w.calls++
	if w.wrong && w.calls == 50 {
		return clock.FromTime(w.base.Add(-time.Hour))
	}
	if w.wrong && w.IntN(30) == 0 {
		return clock.FromTime(w.base.Add(time.Duration(w.IntN(5)-2) * time.Hour))
	}
	return clock.FromTime(w.base.Add(-time.Duration(w.IntN(20)) * time.Second))
}

// onBoth gives an empty database of each kind.
func onBoth(t *testing.T, test func(t *testing.T, d *db.DB)) {
	t.Helper()
	dbtest.OnBoth(t, test)
}

func serviceOn(t *testing.T, d *db.DB, c clock.Clock) *Service {
	t.Helper()
	keys, err := keyring.Open(t.TempDir(), time.Hour)
	require.NoError(t, err)
	var declared []auditapi.Action
	for _, name := range []string{"course.created", "course.updated", "user.updated"} {
		declared = append(declared, auditapi.Action{Name: name, Targets: []string{"course", "user", "lesson"}})
	}
	actions, err := auditapi.NewActions(declared, auditActions)
	require.NoError(t, err)
	return newService(newStore(d), c, keys, actions)
}

// Every combination of filters finds what reading the whole log would find, in the same order.
func TestFiltersFindWhatReadingAllFinds(t *testing.T) {
	seed := uint64(testkit.Seed(t))
	for name, wrong := range map[string]bool{"clocks of replicas": false, "a clock that is wrong": true} {
		t.Run(name, func(t *testing.T) { filtersFind(t, rand.New(rand.NewPCG(seed, 2)), wrong) })
	}
}

func filtersFind(t *testing.T, random *rand.Rand, wrong bool) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		dbtest.Migrate(t, d, Migrations)
		s := serviceOn(t, d, &wavering{Rand: random, base: time.Now(), wrong: wrong})
		require.NoError(t, s.store.sealEmptyHead(t.Context(), (&head{}).computeSeal(s.key)))
		people, things := []string{ids.New(), ids.New(), ids.New(), ""}, []string{ids.New(), ids.New(), ids.New()}
		actions, types := []string{"course.created", "course.updated", "user.updated"}, []string{"course", "user", "lesson"}
		pick := func(of []string) string { return of[random.IntN(len(of))] }
		for range 120 {
			require.NoError(t, s.store.db.InTx(t.Context(), func(ctx context.Context) error {
				for range 1 + random.IntN(5) {
					e := auditapi.Entry{Action: pick(actions), TargetType: pick(types), TargetID: pick(things)}
					if err := s.recordEntry(identity.WithCaller(ctx, identity.Caller{
						UserID: pick(people),
					}), e); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		all, err := s.store.list(t.Context(), entryFilter{}, 0, 10_000)
		require.NoError(t, err)
		maybe := func(of []string) string {
			if random.IntN(2) == 0 {
				return ""
			}
			return pick(of)
		}
		moment := func() *clock.Time {
			if random.IntN(3) == 0 {
				return nil
			}
			return all[random.IntN(len(all))].CreatedAt.Add(time.Duration(random.IntN(3)-1) * time.Millisecond).ToPtr()
		}
		for range testkit.Rounds(20_000) {
			f := entryFilter{maybe(actions), maybe(people), maybe(types), maybe(things), moment(), moment()}
			requireFound(t, s, all, f)
		}
		v, err := s.Verify(t.Context(), nil)
		require.NoError(t, err)
		require.True(t, v.OK, v.Why)
		h, _, err := s.store.readHeadAndExtent(t.Context())
		require.NoError(t, err)
		require.Equal(t, wrong, h.Skewed)
	})
}

// requireFound checks that pages and exports with a filter have the entries that the filter lets through.
func requireFound(t *testing.T, s *Service, all []entry, f entryFilter) {
	t.Helper()
	var want []int64
	for _, e := range all {
		if lets(f, e) {
			want = append(want, e.Seq)
		}
	}
	found, err := s.store.list(t.Context(), f, 0, 10_000)
	require.NoError(t, err)
	var got, exported []int64
	for _, e := range found {
		got = append(got, e.Seq)
	}
	require.Equal(t, want, got, "%+v", f)
	require.NoError(t, s.exportEntries(t.Context(), f, int64(len(all)), func(page []entry) error {
		for _, e := range page {
			exported = append([]int64{e.Seq}, exported...)
		}
		return nil
	}))
	require.Equal(t, want, exported, "%+v", f)
}

// lets is the filter as anybody would write it.
func lets(f entryFilter, e entry) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	actor := ""
	if e.ActorID != nil {
		actor = *e.ActorID
	}
	return is(f.Action, e.Action) && is(f.ActorID, actor) && is(f.TargetType, e.TargetType) && is(f.TargetID,
		e.TargetID) &&
		(f.From == nil || !e.CreatedAt.Before(*f.From)) && (f.To == nil || e.CreatedAt.Before(*f.To))
}

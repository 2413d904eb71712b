package audit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/testkit/dbtest"
)

// sealedLog returns the service of an empty log that is sealed, as when a database is set up.
func sealedLog(t *testing.T, d *db.DB) *Service {
	t.Helper()
	dbtest.Migrate(t, d, Migrations)
	s := serviceOn(t, d, clock.System{})
	require.NoError(t, s.store.sealEmptyHead(t.Context(), (&head{}).computeSeal(s.key)))
	return s
}

// verdictOf returns what Verify finds.
func verdictOf(t *testing.T, s *Service) Verdict {
	t.Helper()
	v, err := s.Verify(t.Context(), nil)
	require.NoError(t, err)
	return v
}

// writeEntries writes n entries about a target in one transaction, which ends with the given error.
func writeEntries(ctx context.Context, s *Service, target string, n int, end error) error {
	return s.store.db.InTx(ctx, func(ctx context.Context) error {
		for range n {
			e := auditapi.Entry{Action: "course.updated", TargetType: "course", TargetID: target}
			if err := s.recordEntry(ctx, e); err != nil {
				return err
			}
		}
		return end
	})
}

// However many write at once, and some in vain, the log has no gaps, and the entries of a
// transaction stand side by side. A walk that runs meanwhile finds no fault.
func TestManyWritersMakeOneChain(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		s := sealedLog(t, d)
		const writers, rounds = 8, 10
		refused := errors.New("refused")
		var wg sync.WaitGroup
		results := make([][rounds]error, writers)
		for w := range writers {
			wg.Go(func() {
				for r := range rounds {
					end := map[bool]error{true: refused}[r%5 == 4]
					results[w][r] = writeEntries(t.Context(), s, fmt.Sprintf("%d-%d", w, r), 1+r%3, end)
				}
			})
		}
		verdicts := make([]Verdict, 5)
		for i := range verdicts {
			verdicts[i] = verdictOf(t, s)
		}
		wg.Wait()
		for _, v := range append(verdicts, verdictOf(t, s)) {
			require.True(t, v.OK, v.Why)
		}
		for _, byRound := range results {
			require.Equal(t, [rounds]error{4: refused, 9: refused}, byRound)
		}
		all, err := s.store.list(t.Context(), entryFilter{}, 0, 10_000)
		require.NoError(t, err)
		runs, last := map[string]int{}, ""
		for i, e := range all {
			require.EqualValues(t, len(all)-i, e.Seq)
			if e.TargetID != last {
				runs[e.TargetID]++
				last = e.TargetID
			}
		}
		require.Len(t, runs, writers*(rounds-2), "what was rolled back has no entry")
		for target, n := range runs {
			require.Equal(t, 1, n, "the entries of %s are apart", target)
		}
	})
}

// A change whose entry can't be written is no change.
func TestChangesWithoutTheirEntryAreRolledBack(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		s := sealedLog(t, d)
		_, err := d.Exec(t.Context(), "CREATE TABLE things (name text)")
		require.NoError(t, err)
		for name, e := range map[string]auditapi.Entry{
			"an action that no module declares": {Action: "course.burned", TargetType: "course"},
			"another type of target":            {Action: "course.updated", TargetType: "planet"},
			"no type of target":                 {Action: "course.updated"},
			"data without a bound": {
				Action: "course.updated", TargetType: "course",
				Data: map[string]any{"summary": strings.Repeat("x", maxData)},
			},
			"data that is no JSON": {
				Action: "course.updated", TargetType: "course", Data: map[string]any{"price": math.Inf(1)},
			},
		} {
			err := d.InTx(t.Context(), func(ctx context.Context) error {
				_, err := d.Exec(ctx, "INSERT INTO things (name) VALUES (?)", name)
				require.NoError(t, err)
				require.NoError(t, writeEntries(ctx, s, ids.New(), 1, nil), "an entry that could be written")
				return s.recordEntry(ctx, e)
			})
			require.Error(t, err, name)
		}
		var things int
		require.NoError(t, d.QueryRow(t.Context(), "SELECT count(*) FROM things", nil, &things))
		require.Zero(t, things)
		require.Equal(t, Verdict{OK: true}, verdictOf(t, s))
	})
}

// Only a log that has never begun is sealed at the setup. One that was emptied, or whose seal was
// removed, stays broken however often a server starts.
func TestSealEmptyLog(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		dbtest.Migrate(t, d, Migrations)
		keys, err := keyring.Open(t.TempDir(), time.Hour)
		require.NoError(t, err)
		actions, err := auditapi.NewActions([]auditapi.Action{{Name: "course.updated", Targets: []string{"course"}}})
		require.NoError(t, err)
		s := newService(newStore(d), clock.System{}, keys, actions)
		require.False(t, verdictOf(t, s).OK, "nobody has set up the database")
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() { errs[i] = SealEmptyLog(t.Context(), d, keys) })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		require.Equal(t, Verdict{OK: true}, verdictOf(t, s))

		require.NoError(t, writeEntries(t.Context(), s, ids.New(), 2, nil))
		require.NoError(t, SealEmptyLog(t.Context(), d, keys))
		require.Equal(t, Verdict{OK: true, Entries: 2}, verdictOf(t, s))
		another, err := keyring.Open(t.TempDir(), time.Hour)
		require.NoError(t, err)
		require.NoError(t, SealEmptyLog(t.Context(), d, another))
		require.True(t, verdictOf(t, s).OK, "another server can't seal it anew")
	})
}

// A log with entries is not new, even if its head says so.
func TestSealEmptyLogOfAReplacedHead(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		dbtest.Migrate(t, d, Migrations)
		s := serviceOn(t, d, clock.System{})
		e, err := newEntry(auditapi.Entry{Action: "course.updated", TargetType: "course"}, identity.Caller{})
		require.NoError(t, err)
		e.CreatedAt = clock.System{}.Now()
		e.appendTo(&head{})
		require.NoError(t, d.Conn(t.Context()).Create(e).Error)
		require.NoError(t, s.store.sealEmptyHead(t.Context(), (&head{}).computeSeal(s.key)))
		h, err := s.store.readHead(t.Context())
		require.NoError(t, err)
		require.Empty(t, h.Mac)
	})
}

// The walk that runs holds up the next one, which its caller may give up.
func TestWalksWaitForOneAnother(t *testing.T) {
	s := &Service{verifying: make(chan struct{}, 1)}
	s.verifying <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Verify(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, s.verifying, 1, "the walk that runs keeps its place")
}

// The check of the server's keys tells operators of a broken end until they have accepted it.
func TestHeadFaults(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		before := sealedLog(t, d)
		findFault := func(s *Service) string {
			t.Helper()
			fault, err := newSealedHead(s).FindFault(t.Context())
			require.NoError(t, err)
			return fault
		}
		require.Empty(t, findFault(before), "an empty log")
		require.NoError(t, writeEntries(t.Context(), before, ids.New(), 2, nil))
		require.Empty(t, findFault(before))

		after := serviceOn(t, d, clock.System{}) // a server whose keys were lost has others
		require.Contains(t, findFault(after), "JWT_KEYS_DIR")
		require.Empty(t, findFault(before), "nothing was written with the other keys")
		require.NoError(t, writeEntries(t.Context(), after, ids.New(), 1, nil))
		require.Contains(t, findFault(after), "lyceum audit accept-break", "a sealed head with an open mark")
		accepted, err := after.AcceptBreak(t.Context(), "the keys were lost")
		require.NoError(t, err)
		require.Equal(t, AcceptedBreak{FirstBadSeq: 3, AcceptedSeq: 4}, accepted)
		require.Empty(t, findFault(after))
		_, err = after.AcceptBreak(t.Context(), "once more")
		require.ErrorIs(t, err, ErrIntact)
		require.Equal(t, Verdict{OK: true, Entries: 4, AcceptedBreaks: []AcceptedBreak{accepted}}, verdictOf(t, after))
		require.NotEmpty(t, findFault(before), "the keys of before come too late")
	})
}

package events_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/dbtest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type happened struct {
	N int `json:"n"`
}

func (happened) EventName() string { return "thing.happened" }

type followed struct{}

func (followed) EventName() string { return "thing.followed" }

// openDB opens a database with the outbox: SQLite if the URL is empty, else PostgreSQL.
func openDB(t *testing.T, url string) *db.DB {
	t.Helper()
	return dbtest.Open(t, db.Options{URL: url, Dir: t.TempDir(), MaxConns: 8}, events.Migrations)
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, story func(t *testing.T, d *db.DB)) {
	t.Helper()
	dbtest.OnBoth(t, story, events.Migrations)
}

func attach(t *testing.T, b *events.Bus, subscriptions ...events.Subscription) {
	t.Helper()
	require.NoError(t, b.AttachSubscriptions(subscriptions))
}

func publish(t *testing.T, d *db.DB, b *events.Bus, e events.Event) error {
	t.Helper()
	return d.InTx(t.Context(), func(ctx context.Context) error { return b.Publish(ctx, e) })
}

func TestPublishNeedsATransaction(t *testing.T) {
	d := openDB(t, "")
	require.ErrorContains(t, events.NewBus(d, clock.System{}).Publish(t.Context(), happened{}), "outside a transaction")
}

func TestAnInTxErrorRollsBack(t *testing.T) {
	d := openDB(t, "")
	b := events.NewBus(d, clock.System{})
	no := errors.New("no")
	attach(t, b,
		events.SubscribeInTx("audit", func(context.Context, happened) error { return no }),
		events.SubscribeDurable("mail", func(context.Context, happened) error { return nil }),
	)
	require.ErrorIs(t, publish(t, d, b, happened{}), no)
	n, err := b.RelayOnce(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "O1: rollback means no delivery")
}

func TestCirclesAreRefused(t *testing.T) {
	d := openDB(t, "")
	b := events.NewBus(d, clock.System{})
	attach(t, b,
		events.SubscribeInTx("a", func(ctx context.Context, _ happened) error { return b.Publish(ctx, followed{}) }),
		events.SubscribeInTx("b", func(ctx context.Context, _ followed) error { return b.Publish(ctx, happened{}) }),
	)
	require.ErrorContains(t, publish(t, d, b, happened{}), "circle")
	twice := events.SubscribeInTx("a", func(context.Context, happened) error { return nil })
	require.ErrorContains(t, b.AttachSubscriptions([]events.Subscription{twice}), "twice")
}

// Each durable subscriber is tracked on its own: one that fails does not repeat the others.
func TestDurableDeliveriesAreRetriedApart(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		c := testkit.NewClock(time.Now())
		b := events.NewBus(d, c)
		var good, bad []int
		var ids []string
		fail := true
		attach(t, b,
			events.SubscribeDurable("good", func(_ context.Context, e happened) error {
				good = append(good, e.N)
				return nil
			}),
			events.SubscribeDurable("bad", func(ctx context.Context, e happened) error {
				bad = append(bad, e.N)
				ids = append(ids, events.EventID(ctx))
				if fail {
					panic("poison")
				}
				return nil
			}),
		)
		require.NoError(t, publish(t, d, b, happened{7}))
		_, err := b.RelayOnce(t.Context())
		require.NoError(t, err)
		require.Equal(t, []int{7}, good)
		require.Equal(t, []int{7}, bad)
		fail = false
		c.Advance(time.Minute)
		_, err = b.RelayOnce(t.Context())
		require.NoError(t, err)
		require.Equal(t, []int{7}, good)
		require.Equal(t, []int{7, 7}, bad)
		require.Equal(t, ids[0], ids[1], "redeliveries share the event's id")
		c.Advance(time.Hour)
		n, err := b.RelayOnce(t.Context())
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

// O2: an event whose handling kills the process each time ends as a dead letter, too: the claims count.
func TestAnEventThatKillsItsProcessBecomesADeadLetter(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		c := testkit.NewClock(time.Now())
		b, called := events.NewBus(d, c), 0
		attach(t, b, events.SubscribeDurable("s", func(context.Context, happened) error { called++; return nil }))
		require.NoError(t, publish(t, d, b, happened{1}))
		require.NoError(t, d.Conn(t.Context()).Exec("UPDATE outbox_deliveries SET attempts = 12").Error)
		require.NoError(t, publish(t, d, b, happened{2}))
		n, err := b.RelayOnce(t.Context())
		require.NoError(t, err)
		require.Equal(t, []int{1, 1}, []int{n, called}, "the other event is delivered")
		dead, err := b.ListDeadLetters(t.Context())
		require.NoError(t, err)
		require.Len(t, dead, 1)
		require.Contains(t, dead[0].LastError, "ended with its process")
	})
}

// Slow handlers use up the lease of their batch: the rest is given to whoever is free, and its attempts stay whole.
func TestARelayGivesBackWhatItsLeaseDoesNotCover(t *testing.T) {
	d, c := openDB(t, ""), testkit.NewClock(time.Now())
	b := events.NewBus(d, c)
	attach(t, b,
		events.SubscribeDurable("s", func(context.Context, happened) error { c.Advance(9 * time.Second); return nil }))
	for n := range 5 {
		require.NoError(t, publish(t, d, b, happened{n}))
	}
	n, err := b.RelayOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, n)
	var attempts []int
	require.NoError(t, d.Conn(t.Context()).Raw("SELECT attempts FROM outbox_deliveries").Scan(&attempts).Error)
	require.Equal(t, []int{0, 0, 0}, attempts)
	n, err = b.RelayOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, n, "they are due at once")
}

// O2: poison ends as a dead letter.
func TestPoisonBecomesADeadLetter(t *testing.T) {
	d := openDB(t, "")
	c := testkit.NewClock(time.Now())
	b := events.NewBus(d, c)
	attach(t, b, events.SubscribeDurable("bad", func(context.Context, happened) error { return errors.New("no") }))
	require.NoError(t, publish(t, d, b, happened{}))
	for range 20 {
		_, err := b.RelayOnce(t.Context())
		require.NoError(t, err)
		c.Advance(time.Hour)
	}
	dead, err := b.ListDeadLetters(t.Context())
	require.NoError(t, err)
	require.Len(t, dead, 1)
	require.Equal(t, "no", dead[0].LastError)
	n, err := b.RetryDeadLetters(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	claimed, err := b.RelayOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, claimed)
}

// A process that dies between the commit and the delivery loses nothing: another takes over.
func TestAnotherReplicaTakesOver(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		c := testkit.NewClock(time.Now())
		first, second := events.NewBus(d, c), events.NewBus(d, c)
		got := make(chan int, 1)
		attach(t, first, events.SubscribeDurable("s", func(context.Context, happened) error { return nil }))
		attach(t, second, events.SubscribeDurable("s", func(_ context.Context, e happened) error {
			got <- e.N
			return nil
		}))
		require.NoError(t, publish(t, d, first, happened{3}))
		// The first one claims and is gone: its lease runs out.
		require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
			return d.Conn(ctx).Exec("UPDATE outbox_deliveries SET attempts = attempts + 1, next_at = ?",
				c.Now().Add(30*time.Second)).Error
		}))
		n, err := second.RelayOnce(t.Context())
		require.NoError(t, err)
		require.Zero(t, n)
		c.Advance(31 * time.Second)
		_, err = second.RelayOnce(t.Context())
		require.NoError(t, err)
		require.Equal(t, 3, <-got)
	})
}

// Two relays at once deliver each event once.
func TestManyRelaysDeliverOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		var mu sync.Mutex
		seen := map[int]int{}
		buses := make([]*events.Bus, 3)
		for i := range buses {
			buses[i] = events.NewBus(d, clock.System{})
			attach(t, buses[i], events.SubscribeDurable("s", func(_ context.Context, e happened) error {
				mu.Lock()
				defer mu.Unlock()
				seen[e.N]++
				return nil
			}))
		}
		for i := range 120 {
			require.NoError(t, publish(t, d, buses[0], happened{i}))
		}
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for _, b := range buses {
			wg.Go(func() { b.Run(ctx) })
		}
		testkit.Eventually(t, func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(seen) == 120
		}, "120 deliveries")
		cancel()
		wg.Wait()
		for n, times := range seen {
			require.Equal(t, 1, times, n)
		}
	})
}

// A delayed event is not due before its delay is over; a published one wakes the relay.
func TestDelayedDeliveries(t *testing.T) {
	d, c := openDB(t, ""), testkit.NewClock(time.Now())
	b := events.NewBus(d, c)
	attach(t, b,
		events.SubscribeDurable("mail", func(context.Context, reminded) error { return nil }),
	)
	require.NoError(t, publish(t, d, b, reminded{}))
	for _, want := range []struct {
		later   time.Duration
		claimed int
	}{{0, 0}, {59 * time.Second, 0}, {time.Second, 1}, {time.Hour, 0}} {
		c.Advance(want.later)
		n, err := b.RelayOnce(t.Context())
		require.NoError(t, err)
		require.Equal(t, want.claimed, n, want.later)
	}
}

type reminded struct{}

func (reminded) EventName() string { return "thing.reminded" }

func (reminded) Delay() time.Duration { return time.Minute }

// A row whose JSON no longer fits the event is kept with the reason.
func TestUnreadablePayloads(t *testing.T) {
	d, c := openDB(t, ""), testkit.NewClock(time.Now())
	b := events.NewBus(d, c)
	attach(t, b,
		events.SubscribeDurable("mail", func(context.Context, happened) error { return nil }),
	)
	require.NoError(t, publish(t, d, b, happened{1}))
	require.NoError(t, d.Conn(t.Context()).Exec(`UPDATE outbox_deliveries SET payload = '{"n":"one"}'`).Error)
	_, err := b.RelayOnce(t.Context())
	require.NoError(t, err)
	var reason string
	require.NoError(t, d.Conn(t.Context()).Raw("SELECT last_error FROM outbox_deliveries").Scan(&reason).Error)
	require.Contains(t, reason, "cannot unmarshal string")
}

func TestOldDeadLettersAreRemoved(t *testing.T) {
	onBoth(t, func(t *testing.T, d *db.DB) {
		now := testkit.NewClock(time.Now())
		b := events.NewBus(d, now)
		attach(t, b, events.SubscribeDurable("listener", func(context.Context, happened) error { return errors.New("no") }))
		require.NoError(t, publish(t, d, b, happened{1}))
		require.NoError(t, publish(t, d, b, happened{2}))
		_, err := d.Exec(t.Context(), "UPDATE outbox_deliveries SET state = 'dead' WHERE payload LIKE '%1%'")
		require.NoError(t, err)
		now.Advance(89 * 24 * time.Hour)
		removed, err := b.RemoveOldDeadLetters(t.Context())
		require.NoError(t, err)
		require.Zero(t, removed)
		now.Advance(2 * 24 * time.Hour)
		removed, err = b.RemoveOldDeadLetters(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, removed, "and never one that waits")
	})
}

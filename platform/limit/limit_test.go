package limit_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/limit"
	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var ten = limit.Budget{Name: "ten", Rate: limit.Rate{Hits: 10, Window: time.Minute}}

// newClient returns a client without retries, so that a call fails when its time is over.
func newClient(t testing.TB, url string) redis.UniversalClient {
	t.Helper()
	o, err := redis.ParseURL(url)
	require.NoError(t, err)
	o.ContextTimeoutEnabled, o.MaxRetries = true, -1
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// onEach runs a test on limiters of one process, and on those of three replicas that share a Redis.
func onEach(t *testing.T, story func(t *testing.T, ls []*limit.Limiter)) {
	t.Run("alone", func(t *testing.T) {
		t.Parallel()
		l := limit.New(nil, []byte("key"), true)
		story(t, []*limit.Limiter{l, l, l})
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		url := testkit.Redis(t)
		var ls []*limit.Limiter
		for range 3 {
			ls = append(ls, limit.New(newClient(t, url), []byte("key"), true))
		}
		story(t, ls)
	})
}

// R4: of many hits at once on all replicas, exactly as many pass as the rate says.
func TestR4ExactlyTheRatePasses(t *testing.T) {
	onEach(t, func(t *testing.T, ls []*limit.Limiter) {
		for round := range testkit.Rounds(500) {
			var passed, wrongResets atomic.Int64
			var wg sync.WaitGroup
			for i := range 60 {
				wg.Go(func() {
					r := ls[i%3].TakeHit(t.Context(), ten, fmt.Sprint("who", round))
					if r.Passed {
						passed.Add(1)
					}
					if r.Reset <= 0 || r.Reset > time.Minute {
						wrongResets.Add(1)
					}
				})
			}
			wg.Wait()
			require.EqualValues(t, 10, passed.Load())
			require.Zero(t, wrongResets.Load(), "every reset lies within the window")
			other := ls[0].TakeHit(t.Context(), ten, fmt.Sprint("other", round))
			require.True(t, other.Passed, "others have their own window")
		}
	})
}

func TestAWindowBeginsWithItsFirstHit(t *testing.T) {
	onEach(t, func(t *testing.T, ls []*limit.Limiter) {
		b := limit.Budget{Name: "short", Rate: limit.Rate{Hits: 2, Window: time.Second}}
		began := time.Now()
		for _, want := range []int{1, 0} {
			r := ls[0].TakeHit(t.Context(), b, "me")
			require.True(t, r.Passed)
			require.Equal(t, want, r.Remaining)
		}
		r := ls[1].TakeHit(t.Context(), b, "me")
		require.False(t, r.Passed)
		e, ok := apperr.As(r.RefusalError("no"))
		require.True(t, ok)
		require.Equal(t, "rate-limited", e.Code)
		require.Equal(t, "short", e.Limit.Name)
		require.Positive(t, e.RetryAfter)
		// Refused hits do not make it longer.
		testkit.Eventually(t, func() bool { return ls[2].TakeHit(t.Context(), b, "me").Passed }, "the next window")
		require.Less(t, time.Since(began), 3*time.Second)
		require.GreaterOrEqual(t, time.Since(began), 900*time.Millisecond)
	})
}

func TestWhatIsGivenBackDoesNotCount(t *testing.T) {
	onEach(t, func(t *testing.T, ls []*limit.Limiter) {
		for range 50 {
			r := ls[0].TakeHit(t.Context(), ten, "right")
			require.True(t, r.Passed)
			ls[0].GiveBack(t.Context(), r)
		}
		testkit.Eventually(t, func() bool { // the last one travels by itself
			probe := ls[1].TakeHit(t.Context(), ten, "right")
			ls[1].GiveBack(t.Context(), probe)
			return probe.Remaining == 9
		}, "all hits are given back")
		for range 10 {
			require.True(t, ls[1].TakeHit(t.Context(), ten, "right").Passed)
		}
		last := ls[2].TakeHit(t.Context(), ten, "right")
		require.False(t, last.Passed)
		ls[2].GiveBack(t.Context(), last) // what did not pass was not reserved
		require.False(t, ls[2].TakeHit(t.Context(), ten, "right").Passed)
	})
}

// R8: without Redis each replica goes on from what it knows, at once and without waiting long.
func TestR8WithoutRedisThereIsStillALimit(t *testing.T) {
	t.Parallel()
	server := testkit.OwnRedis(t)
	l := limit.New(newClient(t, server.URL), []byte("key"), true)
	for range 7 {
		require.True(t, l.TakeHit(t.Context(), ten, "me").Passed)
	}
	for _, fault := range []struct{ fail, mend func() }{{server.Freeze, server.Thaw}, {server.Kill, server.Start}} {
		fault.fail()
		began, passed := time.Now(), 0
		for range 200 {
			if l.TakeHit(t.Context(), ten, "me").Passed {
				passed++
			}
		}
		require.LessOrEqual(t, passed, 3, "it goes on from the seven")
		require.Less(t, time.Since(began), 2*time.Second)
		fault.mend()
		other, n := limit.New(newClient(t, server.URL), []byte("key"), true), 0
		testkit.Eventually(t, func() bool {
			n++
			subject := fmt.Sprint("both replicas ", n)
			l.TakeHit(t.Context(), ten, subject)
			return other.TakeHit(t.Context(), ten, subject).Remaining == 8
		}, "replicas count together again")
	}
}

func TestALimiterThatIsOffLetsAllPass(t *testing.T) {
	var none *limit.Limiter
	for _, l := range []*limit.Limiter{none, limit.New(nil, nil, false)} {
		for range 100 {
			r := l.TakeHit(t.Context(), ten, "me")
			require.True(t, r.Passed)
			require.True(t, r.IsUnlimited())
			l.GiveBack(t.Context(), r)
		}
	}
}

func TestIndexBudgets(t *testing.T) {
	five := limit.Budget{Name: "five", Rate: limit.Rate{Hits: 5, Window: time.Second}}
	byName, err := limit.IndexBudgets([]limit.Budget{ten}, nil, []limit.Budget{five})
	require.NoError(t, err)
	require.Equal(t, map[string]limit.Budget{"ten": ten, "five": five}, byName)
	_, err = limit.IndexBudgets([]limit.Budget{ten}, []limit.Budget{five, ten})
	require.EqualError(t, err, `rate-limit budget "ten" is declared twice`)
}

func FuzzRate(f *testing.F) {
	for _, s := range []string{
		"600/1m", "10/15m", "1/1s", "0/1m", "x", "10/", "/1m", "99999999999999999999/1m", "1/1ns", "5 / 1h",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var r, again limit.Rate
		if r.UnmarshalText([]byte(s)) != nil {
			return
		}
		require.Positive(t, r.Hits, s)
		require.GreaterOrEqual(t, r.Window, time.Second, s)
		require.NoError(t, again.UnmarshalText([]byte(r.String())), "%q is written as %q", s, r.String())
		require.Equal(t, r, again, s)
	})
}

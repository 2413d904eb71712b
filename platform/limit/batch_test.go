package limit_test

import (
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"lyceum/platform/limit"
	"lyceum/platform/testkit"
)

// pipelineHook counts pipelines and holds them up until they may go on.
type pipelineHook struct {
	begun  chan struct{}
	goOn   chan struct{}
	number atomic.Int64
}

// DialHook implements redis.Hook.
func (h *pipelineHook) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook implements redis.Hook.
func (h *pipelineHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

// ProcessPipelineHook implements redis.Hook.
func (h *pipelineHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if h.number.Add(1) == 1 {
			close(h.begun)
			<-h.goOn
		}
		return next(ctx, cmds)
	}
}

// commandHook notes the names of the commands of each pipeline.
type commandHook struct {
	pipelineHook
	pipelines [][]string
}

// ProcessPipelineHook implements redis.Hook.
func (h *commandHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		var names []string
		for _, c := range cmds {
			names = append(names, c.Name())
		}
		if slices.Contains(names, "client") {
			return next(ctx, cmds) // a new connection introduces itself
		}
		h.pipelines = append(h.pipelines, names)
		return next(ctx, cmds)
	}
}

// The end of a window is asked for once. A counter that Redis has lost gets one again, or its subject would be refused
// forever.
func TestACounterAlwaysHasAnEnd(t *testing.T) {
	t.Parallel()
	client := newClient(t, testkit.Redis(t))
	hook := &commandHook{}
	client.AddHook(hook)
	one, other := limit.New(client, []byte("key"), true), limit.New(client, []byte("key"), true)
	hit := func(l *limit.Limiter, remaining int) {
		t.Helper()
		r := l.TakeHit(t.Context(), ten, "me")
		require.Equal(t, remaining, r.Remaining)
		require.Positive(t, r.Reset)
		require.LessOrEqual(t, r.Reset, ten.Rate.Window)
	}
	hit(one, 9)
	hit(one, 8)
	hit(other, 7)
	require.Equal(t, [][]string{
		{"incrby", "pexpire", "pttl"}, {"incrby", "pexpire"}, {"incrby", "pexpire", "pttl"},
	}, hook.pipelines)

	keys, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.Len(t, keys, 1)
	require.NoError(t, client.Del(t.Context(), keys[0]).Err())
	hook.pipelines = nil
	hit(one, 9)
	require.Equal(t, [][]string{{"incrby", "pexpire"}, {"pttl"}}, hook.pipelines)
	left, err := client.PTTL(t.Context(), keys[0]).Result()
	require.NoError(t, err)
	require.Positive(t, left)
	hit(other, 8)

	// A hit that was given back leaves a counter of 0, and the next one asks at once.
	hook.pipelines = nil
	mine := one.TakeHit(t.Context(), ten, "another")
	one.GiveBack(t.Context(), mine)
	require.Eventually(t, func() bool {
		n, err := client.Get(t.Context(), keyOfAnother(t, client, keys[0])).Int()
		return err == nil && n == 0
	}, 5*time.Second, time.Millisecond)
	require.Equal(t, 9, one.TakeHit(t.Context(), ten, "another").Remaining)
	require.Equal(t, []string{"incrby", "pexpire", "pttl"}, hook.pipelines[len(hook.pipelines)-1])
}

// keyOfAnother returns the key of the only counter beside a known one.
func keyOfAnother(t *testing.T, client redis.UniversalClient, known string) string {
	keys, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	require.Len(t, keys, 2)
	if keys[0] == known {
		return keys[1]
	}
	return keys[0]
}

// The end of a window stays the same for all its hits, however long each has waited.
func TestTheEndOfAWindowStays(t *testing.T) {
	t.Parallel()
	l := limit.New(newClient(t, testkit.Redis(t)), []byte("key"), true)
	many := limit.Budget{Name: "b", Rate: limit.Rate{Hits: 1000, Window: time.Minute}}
	end := func() time.Time { return time.Now().Add(l.TakeHit(t.Context(), many, "me").Reset) }
	first := end()
	for range 200 {
		require.WithinDuration(t, first, end(), 200*time.Millisecond)
	}
}

func TestHitsThatArriveTogetherShareARoundTrip(t *testing.T) {
	t.Parallel()
	client := newClient(t, testkit.Redis(t))
	require.NoError(t, client.Ping(t.Context()).Err())
	hook := &pipelineHook{begun: make(chan struct{}), goOn: make(chan struct{})}
	client.AddHook(hook)
	l := limit.New(client, []byte("key"), true)
	var passed atomic.Int64
	var wg sync.WaitGroup
	hitOnce := func() {
		if l.TakeHit(t.Context(), ten, "me").Passed {
			passed.Add(1)
		}
	}
	wg.Go(hitOnce)
	<-hook.begun
	arrived := make(chan struct{}, 50)
	for range 50 {
		wg.Go(func() { arrived <- struct{}{}; hitOnce() })
	}
	for range 50 {
		<-arrived
	}
	<-time.After(20 * time.Millisecond) // by now nearly all of them wait
	close(hook.goOn)
	wg.Wait()
	require.EqualValues(t, 10, passed.Load())
	require.Less(t, hook.number.Load(), int64(10), "not one for each")
}

// Hits that waited for a batch that failed are counted in the process, and do not wait for the next one to fail.
func TestAFailedBatchHoldsUpOnlyOnce(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // it accepts, and answers nothing
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	l := limit.New(newClient(t, "redis://"+silent.Addr().String()), []byte("key"), true)
	began := time.Now()
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if l.TakeHit(t.Context(), ten, "me").Passed {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 10, passed.Load())
	require.Less(t, time.Since(began), 900*time.Millisecond, "one call takes half a second")
}

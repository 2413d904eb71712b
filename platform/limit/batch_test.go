package limit_test

import (
	"context"
	"net"
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

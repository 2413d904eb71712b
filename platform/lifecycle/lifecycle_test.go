package lifecycle_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/platform/lifecycle"
)

// repeater calls a function again and again until its context ends.
type repeater func(ctx context.Context, run func(context.Context))

// calls returns a function that notes at which times since now it is called, and the times. It
// stops after n calls.
func calls(n int, work func(call int)) (times func() []time.Duration, run func(repeater)) {
	var noted []time.Duration
	return func() []time.Duration { return noted }, func(repeat repeater) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		began := time.Now()
		repeat(ctx, func(context.Context) {
			noted = append(noted, time.Since(began))
			if len(noted) == n {
				cancel()
			}
			if work != nil {
				work(len(noted))
			}
		})
	}
}

func every(ctx context.Context, run func(context.Context)) {
	lifecycle.RunEvery(ctx, "test", time.Minute, run)
}

func repeat(ctx context.Context, run func(context.Context)) {
	lifecycle.RunRepeatedly(ctx, "test", time.Minute, run)
}

// sleep waits on the clock of a synctest bubble.
func sleep(d time.Duration) { <-time.After(d) }

func TestRunEvery(t *testing.T) {
	t.Run("waits before the first call and keeps the rate", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			times, run := calls(3, func(int) { sleep(20 * time.Second) })
			run(every)
			require.Equal(t, []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute}, times())
		})
	})
	t.Run("a slow call delays the next and is not made up for", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			times, run := calls(3, func(call int) {
				if call == 1 {
					sleep(150 * time.Second)
				}
			})
			run(every)
			require.Equal(t, []time.Duration{time.Minute, 210 * time.Second, 4 * time.Minute}, times())
		})
	})
	t.Run("goes on after a panic", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			times, run := calls(2, func(int) { panic("planted") })
			run(every)
			require.Len(t, times(), 2)
		})
	})
	t.Run("ends with its context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
			defer cancel()
			began, n := time.Now(), 0
			lifecycle.RunEvery(ctx, "test", time.Minute, func(context.Context) { n++ })
			require.Equal(t, 1, n)
			require.Equal(t, 90*time.Second, time.Since(began))
		})
	})
}

func TestRunRepeatedly(t *testing.T) {
	t.Run("calls at once and pauses after each call", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			times, run := calls(3, func(int) { sleep(20 * time.Second) })
			run(repeat)
			require.Equal(t, []time.Duration{0, 80 * time.Second, 160 * time.Second}, times())
		})
	})
	t.Run("goes on after a panic", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			times, run := calls(2, func(int) { panic("planted") })
			run(repeat)
			require.Equal(t, []time.Duration{0, time.Minute}, times())
		})
	})
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		require.True(t, lifecycle.Sleep(t.Context(), time.Hour))
		require.Equal(t, time.Hour, time.Since(began))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began = time.Now()
		require.False(t, lifecycle.Sleep(ctx, time.Hour))
		require.Equal(t, time.Minute, time.Since(began))
	})
}

func TestGroup(t *testing.T) {
	t.Run("stops all and waits for them", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g, ended := lifecycle.NewGroup(), 0
			g.Start(lifecycle.Background{Name: "slow", Run: func(ctx context.Context) {
				<-ctx.Done()
				sleep(5 * time.Second)
				ended++
			}})
			require.True(t, g.Stop(t.Context()))
			require.Equal(t, 1, ended)
		})
	})
	t.Run("does not wait longer than asked", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g := lifecycle.NewGroup()
			g.Start(lifecycle.Background{Name: "too slow", Run: func(ctx context.Context) {
				<-ctx.Done()
				sleep(time.Minute)
			}})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			require.False(t, g.Stop(ctx))
			sleep(2 * time.Minute) // the bubble ends once it has returned
		})
	})
	t.Run("starts a background again after a panic", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g, starts := lifecycle.NewGroup(), []time.Time{}
			g.Start(lifecycle.Background{Name: "faulty", Run: func(ctx context.Context) {
				starts = append(starts, time.Now())
				if len(starts) < 3 {
					panic("planted")
				}
			}})
			sleep(time.Minute)
			require.True(t, g.Stop(t.Context()))
			require.Len(t, starts, 3, "it returned the third time and stays ended")
			require.Equal(t, time.Second, starts[1].Sub(starts[0]))
		})
	})
	t.Run("does not start again what panics while it stops", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			g, starts := lifecycle.NewGroup(), 0
			g.Start(lifecycle.Background{Name: "faulty", Run: func(ctx context.Context) {
				starts++
				<-ctx.Done()
				panic("planted")
			}})
			synctest.Wait()
			require.True(t, g.Stop(t.Context()))
			require.Equal(t, 1, starts)
		})
	})
}

func TestTasks(t *testing.T) {
	t.Run("a stop waits for what runs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var tasks lifecycle.Tasks
			tasks.Wait()
			var ended atomic.Int32
			for range 3 {
				tasks.Run("slow", func(ctx context.Context) {
					sleep(5 * time.Second)
					if ctx.Err() == nil {
						ended.Add(1)
					}
				})
			}
			g := lifecycle.NewGroup()
			g.Start(tasks.WaitAtStop("tasks"))
			require.True(t, g.Stop(t.Context()))
			require.EqualValues(t, 3, ended.Load())
			tasks.Run("later", func(context.Context) { ended.Add(1) })
			tasks.Wait()
			require.EqualValues(t, 4, ended.Load())
		})
	})
	t.Run("a panic ends one task alone", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var tasks lifecycle.Tasks
			tasks.Run("broken", func(context.Context) { panic("planted") })
			tasks.Wait()
		})
	})
}

func TestCollecting(t *testing.T) {
	var collected lifecycle.Params
	app := fx.New(fx.NopLogger,
		lifecycle.ProvideStarters(func() []lifecycle.Starter { return []lifecycle.Starter{{Name: "a"}, {Name: "b"}} }),
		lifecycle.ProvideBackgrounds(func() []lifecycle.Background { return []lifecycle.Background{{Name: "c"}} }),
		lifecycle.ProvideBackgrounds(func() []lifecycle.Background { return []lifecycle.Background{{Name: "d"}} }),
		fx.Invoke(func(p lifecycle.Params) { collected = p }))
	require.NoError(t, app.Err())
	require.Len(t, collected.Starters, 1)
	require.Len(t, collected.Starters[0], 2)
	require.Len(t, collected.Backgrounds, 2)
}

func ExampleRunEvery() {
	ctx, cancel := context.WithCancel(context.Background())
	left := 3
	lifecycle.RunEvery(ctx, "countdown", time.Millisecond, func(context.Context) {
		fmt.Println(left)
		if left--; left == 0 {
			cancel()
		}
	})
	// Output:
	// 3
	// 2
	// 1
}

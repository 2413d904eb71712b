package batching_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"lyceum/platform/batching"
)

// call is an item with its outcome.
type call struct{ in, out int }

func TestACallThatComesAloneIsMadeAtOnce(t *testing.T) {
	t.Parallel()
	var sizes []int
	g := batching.NewGroup(func(calls []*call) error {
		sizes = append(sizes, len(calls))
		calls[0].out = 2 * calls[0].in
		return nil
	})
	for i := range 3 {
		c := &call{in: i}
		require.NoError(t, g.Do(c))
		require.Equal(t, 2*i, c.out)
	}
	require.Equal(t, []int{1, 1, 1}, sizes)
}

func TestCallsThatArriveMeanwhileAreMadeTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		goOn, errBusy := make(chan struct{}), errors.New("busy")
		var sizes []int
		g := batching.NewGroup(func(calls []*call) error {
			sizes = append(sizes, len(calls))
			if len(sizes) == 1 {
				<-goOn
				return nil
			}
			for _, c := range calls {
				c.out = 2 * c.in
			}
			return errBusy
		})
		go func() { _ = g.Do(&call{}) }()
		synctest.Wait()
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				c := &call{in: i}
				if errors.Is(g.Do(c), errBusy) && c.out != 2*i {
					t.Error("the outcome of another call")
				}
			})
		}
		synctest.Wait()
		close(goOn)
		wg.Wait()
		require.Equal(t, []int{1, 50}, sizes)
	})
}

// A panic ends the request that ran the batch. The others get an error, and the group goes on.
func TestAPanicEndsOneBatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		var ran, panicked, failed atomic.Int64
		g := batching.NewGroup(func([]*call) error {
			switch ran.Add(1) {
			case 1:
				<-goOn
			case 2:
				panic("broken")
			}
			return nil
		})
		go func() { _ = g.Do(&call{}) }()
		synctest.Wait()
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				defer func() {
					if recover() != nil {
						panicked.Add(1)
					}
				}()
				if g.Do(&call{}) != nil {
					failed.Add(1)
				}
			})
		}
		synctest.Wait()
		close(goOn)
		wg.Wait()
		require.EqualValues(t, 1, panicked.Load())
		require.EqualValues(t, 2, failed.Load())
		require.NoError(t, g.Do(&call{}))
	})
}

func TestManyCallsAtOnce(t *testing.T) {
	t.Parallel()
	var isRunning atomic.Bool
	var made atomic.Int64
	g := batching.NewGroup(func(calls []*call) error {
		if isRunning.Swap(true) {
			t.Error("two batches at once")
		}
		defer isRunning.Store(false)
		for _, c := range calls {
			c.out = 2 * c.in
			made.Add(1)
		}
		return nil
	})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for j := range 200 {
				c := &call{in: i + j}
				if g.Do(c) != nil || c.out != 2*c.in {
					t.Error("a wrong outcome")
				}
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 4000, made.Load())
}

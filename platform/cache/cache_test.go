package cache_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/cache"
	"lyceum/platform/testkit/dbtest"
)

// fakeSignals passes on what a test signals. It is healthy unless it is told otherwise.
type fakeSignals struct {
	fn   func(key string)
	sick atomic.Bool
}

func (f *fakeSignals) Subscribe(_ string, fn func(string)) func() { f.fn = fn; return func() {} }

func (f *fakeSignals) IsHealthy() bool { return !f.sick.Load() }

// source is a table of values that counts how often it is asked.
type source struct {
	mu     sync.Mutex
	values map[string]string
	loads  int
	err    error
	// before, if set, is called after the value was read and before it is returned.
	before func()
}

func (s *source) load(_ context.Context, key string) (string, bool, error) {
	s.mu.Lock()
	s.loads++
	v, ok := s.values[key]
	err, before := s.err, s.before
	s.mu.Unlock()
	if before != nil {
		before()
	}
	return v, ok, err
}

func (s *source) loadAll(ctx context.Context, keys []string) (map[string]string, error) {
	out := map[string]string{}
	for _, key := range keys {
		if v, ok, err := s.load(ctx, key); err != nil {
			return nil, err
		} else if ok {
			out[key] = v
		}
	}
	return out, nil
}

func (s *source) set(key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = value
}

func newCache(values map[string]string) (*cache.Invalidated[string], *source, *fakeSignals) {
	s, signals := &source{values: values}, &fakeSignals{}
	return cache.NewInvalidated(signals, "topic", s.load), s, signals
}

func requireValue(t *testing.T, c *cache.Invalidated[string], key, want string) {
	t.Helper()
	got, ok, err := c.Get(t.Context(), key)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, want, got)
}

func TestGet(t *testing.T) {
	t.Run("loads once and keeps the value", func(t *testing.T) {
		c, s, _ := newCache(map[string]string{"a": "1"})
		for range 3 {
			requireValue(t, c, "a", "1")
		}
		require.Equal(t, 1, s.loads)
	})
	t.Run("a signal drops the value of its key", func(t *testing.T) {
		c, s, signals := newCache(map[string]string{"a": "1", "b": "2"})
		requireValue(t, c, "a", "1")
		requireValue(t, c, "b", "2")
		s.set("a", "changed")
		signals.fn("a")
		requireValue(t, c, "a", "changed")
		requireValue(t, c, "b", "2")
		require.Equal(t, 3, s.loads)
	})
	t.Run("the empty key drops all values", func(t *testing.T) {
		c, s, signals := newCache(map[string]string{"a": "1", "b": "2"})
		requireValue(t, c, "a", "1")
		requireValue(t, c, "b", "2")
		signals.fn("")
		requireValue(t, c, "a", "1")
		requireValue(t, c, "b", "2")
		require.Equal(t, 4, s.loads)
	})
	t.Run("a missing value is asked for each time", func(t *testing.T) {
		c, s, _ := newCache(map[string]string{})
		_, ok, err := c.Get(t.Context(), "a")
		require.NoError(t, err)
		require.False(t, ok)
		s.set("a", "new")
		requireValue(t, c, "a", "new")
	})
	t.Run("an error is returned and not kept", func(t *testing.T) {
		c, s, _ := newCache(map[string]string{"a": "1"})
		s.err = errors.New("database away")
		_, _, err := c.Get(t.Context(), "a")
		require.ErrorIs(t, err, s.err)
		s.err = nil
		requireValue(t, c, "a", "1")
	})
	t.Run("a load goes on after its request has ended", func(t *testing.T) {
		c, _, _ := newCache(map[string]string{"a": "1"})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, ok, err := c.Get(ctx, "a")
		require.NoError(t, err)
		require.True(t, ok)
	})
}

func TestRaces(t *testing.T) {
	t.Run("a value that changed during its load is not kept", func(t *testing.T) {
		c, s, signals := newCache(map[string]string{"a": "old"})
		s.before = func() {
			s.before = nil
			s.set("a", "new")
			signals.fn("a")
		}
		requireValue(t, c, "a", "old")
		requireValue(t, c, "a", "new")
	})
	t.Run("a caller after a change does not join a load from before it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, s, signals := newCache(map[string]string{"a": "old"})
			var first atomic.Bool
			s.before = func() {
				if first.CompareAndSwap(false, true) {
					<-time.After(time.Second)
				}
			}
			go func() { _, _, _ = c.Get(context.Background(), "a") }()
			synctest.Wait() // the first load has read the old value and waits
			s.set("a", "new")
			signals.fn("a")
			requireValue(t, c, "a", "new")
			<-time.After(2 * time.Second)
			requireValue(t, c, "a", "new")
		})
	})
	t.Run("callers at the same time share a load", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, s, _ := newCache(map[string]string{"a": "1"})
			s.before = func() { <-time.After(time.Second) }
			var callers sync.WaitGroup
			for range 20 {
				callers.Go(func() { _, _, _ = c.Get(context.Background(), "a") })
			}
			callers.Wait()
			require.Equal(t, 1, s.loads)
		})
	})
}

func TestMaxAge(t *testing.T) {
	for name, c := range map[string]struct {
		sick bool
		life time.Duration
	}{
		"half a minute while signals are heard":  {false, 30 * time.Second},
		"half a second while they may be missed": {true, 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				values, s, signals := newCache(map[string]string{"a": "1"})
				signals.sick.Store(c.sick)
				requireValue(t, values, "a", "1")
				<-time.After(c.life - time.Millisecond)
				requireValue(t, values, "a", "1")
				require.Equal(t, 1, s.loads)
				<-time.After(time.Millisecond)
				requireValue(t, values, "a", "1")
				require.Equal(t, 2, s.loads)
			})
		})
	}
}

func TestGetAll(t *testing.T) {
	c, s, signals := newCache(map[string]string{"a": "1", "b": "2"})
	requireValue(t, c, "a", "1")
	var asked []string
	load := func(ctx context.Context, keys []string) (map[string]string, error) {
		asked = keys
		return s.loadAll(ctx, keys)
	}
	got, err := c.GetAll(t.Context(), []string{"a", "b", "missing"}, load)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a": "1", "b": "2"}, got)
	require.Equal(t, []string{"b", "missing"}, asked, "the kept value is not loaded again")

	asked = nil
	_, err = c.GetAll(t.Context(), []string{"b", "a"}, load)
	require.NoError(t, err)
	require.Nil(t, asked, "all are kept")

	signals.fn("b")
	s.err = errors.New("database away")
	_, err = c.GetAll(t.Context(), []string{"a", "b"}, load)
	require.ErrorIs(t, err, s.err)
}

// localSignals is a bus within one process.
type localSignals struct{ subscribers []func(key string) }

func (l *localSignals) Subscribe(_ string, fn func(string)) func() {
	l.subscribers = append(l.subscribers, fn)
	return func() { l.subscribers = slices.Delete(l.subscribers, 0, 1) }
}

func (l *localSignals) IsHealthy() bool { return true }

func ExampleInvalidated() {
	names := map[string]string{"u1": "Ada"}
	signals := &localSignals{}
	displayNames := cache.NewInvalidated(signals, "account", func(_ context.Context, id string) (string, bool, error) {
		fmt.Println("loading", id)
		name, ok := names[id]
		return name, ok, nil
	})
	show := func() {
		name, ok, err := displayNames.Get(context.Background(), "u1")
		fmt.Println(name, ok, err)
	}
	show()
	show()
	names["u1"] = "Ada Lovelace"
	signals.subscribers[0]("u1") // what Bus.SendSignal("account", "u1") does on every replica
	show()
	// Output:
	// loading u1
	// Ada true <nil>
	// Ada true <nil>
	// loading u1
	// Ada Lovelace true <nil>
}

// What a transaction sees before its commit reaches nobody else.
func TestUncommittedValuesStayInTheirTransaction(t *testing.T) {
	d := dbtest.Open(t, dbtest.SQLite(t))
	loads := 0
	c := cache.NewInvalidated(&fakeSignals{}, "topic",
		func(context.Context, string) (string, bool, error) { loads++; return "uncommitted", true, nil })
	all := func(context.Context, []string) (map[string]string, error) {
		loads++
		return map[string]string{"b": "uncommitted"}, nil
	}
	require.NoError(t, d.InTx(t.Context(), func(ctx context.Context) error {
		for range 2 {
			v, ok, err := c.Get(ctx, "a")
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, "uncommitted", v)
			_, err = c.GetAll(ctx, []string{"b"}, all)
			require.NoError(t, err)
		}
		require.Equal(t, 4, loads, "each look is its own")
		return nil
	}))
	_, _, err := c.Get(t.Context(), "a")
	require.NoError(t, err)
	_, err = c.GetAll(t.Context(), []string{"b"}, all)
	require.NoError(t, err)
	require.Equal(t, 6, loads, "nothing was kept")
	_, err = c.GetAll(t.Context(), []string{"a", "b"}, all)
	require.NoError(t, err)
	require.Equal(t, 6, loads, "what was loaded outside is")
}

func TestLimitCost(t *testing.T) {
	c, s, signals := newCache(map[string]string{"a": "1", "b": "22", "c": "333", "long": "12345678"})
	c.LimitCost(5, func(_, v string) int { return len(v) })
	loads := func(key, want string) int {
		before := s.loads
		requireValue(t, c, key, want)
		return s.loads - before
	}
	require.Equal(t, 1, loads("a", "1"))
	require.Equal(t, 1, loads("b", "22"))
	require.Zero(t, loads("a", "1"), "both have room")
	require.Equal(t, 1, loads("c", "333"), "b goes, which was used the longest time ago")
	require.Zero(t, loads("a", "1"))
	require.Equal(t, 1, loads("b", "22"), "c goes")
	require.Zero(t, loads("a", "1"))
	require.Equal(t, 1, loads("long", "12345678"))
	require.Equal(t, 1, loads("long", "12345678"), "it has no room")
	require.Zero(t, loads("a", "1"), "and takes none from others")
	signals.fn("a")
	signals.fn("b")
	require.Equal(t, 1, loads("c", "333"))
	require.Equal(t, 1, loads("b", "22"))
	require.Zero(t, loads("c", "333"), "what a signal has dropped takes no room")
}

// Package cache holds copies that are dropped when their source changes, on every replica.
package cache

import (
	"context"
	"strconv"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

// Signals tells of changes on any replica. Healthy is false while changes elsewhere may go unheard.
type Signals interface {
	Subscribe(topic string, fn func(key string)) (cancel func())
	Healthy() bool
}

// Lives of a copy. While signals are heard a copy is only renewed for safety's sake; while they
// are not, a change elsewhere must show within a second all the same.
const (
	longLife  = 30 * time.Second
	shortLife = 500 * time.Millisecond
	size      = 100_000
	// loadTimeout outlives no request: several callers may wait for one load.
	loadTimeout = 2 * time.Second
)

// Invalidated loads values by key and keeps them until a signal with that key arrives. The empty
// key means all. A value that does not exist is never kept, so that a new one is seen at once.
type Invalidated[V any] struct {
	load    func(ctx context.Context, key string) (V, bool, error)
	signals Signals
	entries *lru.Cache[string, entry[V]]
	flight  singleflight.Group

	mu         sync.Mutex
	generation uint64
}

type entry[V any] struct {
	value  V
	loaded time.Time
}

// NewInvalidated makes a cache over load that listens to topic for the life of the process.
func NewInvalidated[V any](s Signals, topic string, load func(context.Context, string) (V, bool, error)) *Invalidated[V] {
	entries, err := lru.New[string, entry[V]](size)
	if err != nil {
		panic(err) // only for a size below one
	}
	c := &Invalidated[V]{load: load, signals: s, entries: entries}
	s.Subscribe(topic, c.forget)
	return c
}

func (c *Invalidated[V]) forget(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A load that began before this must not be kept: it may have read the old value.
	c.generation++
	if key == "" {
		c.entries.Purge()
		return
	}
	c.entries.Remove(key)
}

// Get gives the kept value or loads it; ok is false when there is none.
func (c *Invalidated[V]) Get(ctx context.Context, key string) (value V, ok bool, err error) {
	if e, found := c.entries.Get(key); found && time.Since(e.loaded) < c.life() {
		return e.value, true, nil
	}
	type loaded struct {
		value V
		ok    bool
	}
	c.mu.Lock()
	before := c.generation
	c.mu.Unlock()
	// The generation is part of the flight's name: who asks after a change must not join a load from before it.
	got, err, _ := c.flight.Do(key+"#"+strconv.FormatUint(before, 36), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
		defer cancel()
		v, ok, err := c.load(ctx, key)
		return loaded{v, ok}, err
	})
	if err != nil {
		return value, false, err
	}
	l := got.(loaded)
	if l.ok {
		c.keep(key, l.value, before)
	}
	return l.value, l.ok, nil
}

// GetAll gives the values of those keys that have one, loading all that are not kept in one go.
func (c *Invalidated[V]) GetAll(ctx context.Context, keys []string, load func(context.Context, []string) (map[string]V, error)) (map[string]V, error) {
	out := make(map[string]V, len(keys))
	var missing []string
	life := c.life()
	for _, key := range keys {
		if e, found := c.entries.Get(key); found && time.Since(e.loaded) < life {
			out[key] = e.value
		} else {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	c.mu.Lock()
	before := c.generation
	c.mu.Unlock()
	loaded, err := load(ctx, missing)
	if err != nil {
		return nil, err
	}
	for key, v := range loaded {
		out[key] = v
		c.keep(key, v, before)
	}
	return out, nil
}

func (c *Invalidated[V]) keep(key string, v V, before uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation == before {
		c.entries.Add(key, entry[V]{v, time.Now()})
	}
}

func (c *Invalidated[V]) life() time.Duration {
	if c.signals.Healthy() {
		return longLife
	}
	return shortLife
}

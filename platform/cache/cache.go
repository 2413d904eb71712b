package cache

import (
	"context"
	"strconv"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"lyceum/platform/db"
)

// Signals tells of changes on any replica. platform/broadcast implements it.
type Signals interface {
	// Subscribe calls fn with the key of each change in the topic until cancel is called. The empty
	// key means that everything may have changed.
	Subscribe(topic string, fn func(key string)) (cancel func())
	// IsHealthy returns false while changes on other replicas may be missed.
	IsHealthy() bool
}

const (
	// longMaxAge is the maximum age of a copy while signals are heard. It bounds the damage of a signal that
	// was not sent.
	longMaxAge = 30 * time.Second
	// shortMaxAge is the maximum age of a copy while signals may be missed: a change must show within a
	// second.
	shortMaxAge = 500 * time.Millisecond
	// maxEntries is how many values a cache keeps. The values that were used the longest time ago
	// go first.
	maxEntries = 100_000
	// loadTimeout bounds a load. The load does not end with the request that began it, as others
	// may wait for it.
	loadTimeout = 2 * time.Second
)

// Invalidated loads values by key and keeps them until a signal with that key arrives. It does not
// keep the absence of a value, so a new value is seen at once. It is safe for concurrent use.
type Invalidated[V any] struct {
	load    func(ctx context.Context, key string) (V, bool, error)
	signals Signals
	entries *lru.Cache[string, entry[V]]
	flight  singleflight.Group

	// cost is the cost of a value; nil if only maxEntries bounds the memory.
	cost    func(V) int
	maxCost int

	mu sync.Mutex
	// totalCost is that of all entries.
	totalCost int
	// generation counts the signals. A load is kept if no signal came while it ran.
	generation uint64
}

// entry is a copy of a value and the time at which it was loaded.
type entry[V any] struct {
	value    V
	loadedAt time.Time
}

// NewInvalidated returns a cache over load that listens to a topic until the process ends. load
// returns false if the key has no value.
func NewInvalidated[V any](
	s Signals, topic string, load func(context.Context, string) (V, bool, error),
) *Invalidated[V] {
	c := &Invalidated[V]{load: load, signals: s}
	// It is called with mu held, as entries are added and removed so.
	onEvict := func(_ string, e entry[V]) { c.totalCost -= c.costOf(e.value) }
	entries, err := lru.NewWithEvict(maxEntries, onEvict)
	if err != nil {
		panic(err) // only for a size below one
	}
	c.entries = entries
	s.Subscribe(topic, c.dropKey)
	return c
}

// LimitCost bounds the sum of the costs of all values: those that were used the longest time ago go first. A
// value that costs more than max is not kept. It is called before the first use and returns c.
func (c *Invalidated[V]) LimitCost(max int, cost func(V) int) *Invalidated[V] {
	c.cost, c.maxCost = cost, max
	return c
}

// costOf returns the cost of a value, 0 without a bound.
func (c *Invalidated[V]) costOf(v V) int {
	if c.cost == nil {
		return 0
	}
	return c.cost(v)
}

// dropKey drops the value of a key, or all values if the key is empty.
func (c *Invalidated[V]) dropKey(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	if key == "" {
		c.entries.Purge()
		return
	}
	c.entries.Remove(key)
}

// Get returns the kept value of a key, or loads it. It returns false if the key has no value.
// Callers who ask for one key at the same time share one load. In an open transaction a value that
// is not kept is loaded for the caller alone.
func (c *Invalidated[V]) Get(ctx context.Context, key string) (value V, ok bool, err error) {
	if e, found := c.entries.Get(key); found && time.Since(e.loadedAt) < c.maxAge() {
		return e.value, true, nil
	}
	type loaded struct {
		value V
		ok    bool
	}
	if db.HasOpenTx(ctx) {
		// Others must neither see nor keep what is not committed yet.
		return c.load(ctx, key)
	}
	before := c.currentGeneration()
	// The generation is part of the flight's name: a caller who asks after a change does not join a
	// load from before it.
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
		c.storeValue(key, l.value, before)
	}
	return l.value, l.ok, nil
}

// GetAll returns the values of those keys that have one. It calls load once with the keys whose
// values are not kept. What is loaded in an open transaction is not kept.
func (c *Invalidated[V]) GetAll(
	ctx context.Context, keys []string, load func(context.Context, []string) (map[string]V, error),
) (map[string]V, error) {
	out := make(map[string]V, len(keys))
	var missing []string
	maxAge := c.maxAge()
	for _, key := range keys {
		if e, found := c.entries.Get(key); found && time.Since(e.loadedAt) < maxAge {
			out[key] = e.value
		} else {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	before := c.currentGeneration()
	loaded, err := load(ctx, missing)
	if err != nil {
		return nil, err
	}
	for key, v := range loaded {
		out[key] = v
		if !db.HasOpenTx(ctx) {
			c.storeValue(key, v, before)
		}
	}
	return out, nil
}

// currentGeneration returns the number of signals so far.
func (c *Invalidated[V]) currentGeneration() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.generation
}

// storeValue keeps a value that was loaded since the given generation, unless a signal has come
// meanwhile.
func (c *Invalidated[V]) storeValue(key string, v V, since uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation != since {
		return
	}
	cost := c.costOf(v)
	if cost > c.maxCost {
		return
	}
	c.entries.Remove(key) // Add does not tell of a value that it replaces
	c.entries.Add(key, entry[V]{v, time.Now()})
	c.totalCost += cost
	for c.totalCost > c.maxCost {
		c.entries.RemoveOldest()
	}
}

// maxAge returns the age up to which a copy may be used.
func (c *Invalidated[V]) maxAge() time.Duration {
	if c.signals.IsHealthy() {
		return longMaxAge
	}
	return shortMaxAge
}

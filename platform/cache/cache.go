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
// keep that a key has no value, so a new value is seen at once. It is safe for concurrent use.
type Invalidated[V any] struct {
	load    func(ctx context.Context, key string) (V, bool, error)
	lookups lookupCounters
	signals Signals
	entries *lru.Cache[string, entry[V]]
	flight  singleflight.Group

	// cost is the cost of a value; nil if only maxEntries bounds the memory.
	cost    func(key string, value V) int
	maxCost int
	// oldest is the maximum age of a copy while signals are heard.
	oldest time.Duration
	// dropsAll says that every signal of the topic drops all values.
	dropsAll bool

	mu sync.Mutex
	// totalCost is that of all entries.
	totalCost int
	// generation counts the signals. A load is kept if no signal came while it ran.
	generation uint64
}

// entry is a copy of a value and the time at which it was loaded.
type entry[V any] struct {
	value V
	// loadedAt is the time before the load, which may have read the value at once.
	loadedAt time.Time
	cost     int
}

// NewInvalidated returns a cache over load that listens to a topic until the process ends. load
// returns false if the key has no value.
func NewInvalidated[V any](
	s Signals, topic string, load func(context.Context, string) (V, bool, error),
) *Invalidated[V] {
	c := &Invalidated[V]{load: load, signals: s, oldest: longMaxAge, lookups: newLookupCounters(topic)}
	// It is called with mu held, as entries are added and removed so.
	onEvict := func(_ string, e entry[V]) { c.totalCost -= e.cost }
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
func (c *Invalidated[V]) LimitCost(most int, cost func(key string, value V) int) *Invalidated[V] {
	c.cost, c.maxCost = cost, most
	return c
}

// LimitAge bounds the age of values more narrowly than half a minute, for changes whose signal is lost with the process
// that made them. It is called before the first use and returns c.
func (c *Invalidated[V]) LimitAge(oldest time.Duration) *Invalidated[V] {
	c.oldest = oldest
	return c
}

// DropAllAtOnce makes every signal of the topic drop all values, for values that any change may touch. It is called
// before the first use and returns c.
func (c *Invalidated[V]) DropAllAtOnce() *Invalidated[V] {
	c.dropsAll = true
	return c
}

// dropKey drops the value of a key, or all values if the key is empty.
func (c *Invalidated[V]) dropKey(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	if key == "" || c.dropsAll {
		c.entries.Purge()
		return
	}
	c.entries.Remove(key)
}

// Get returns the kept value of a key, or loads it within loadTimeout. It returns false if the key has no
// value. Callers who ask for one key at the same time share one load, which does not end with ctx. In an
// open transaction a kept value is returned, too, and one that is not kept is loaded for the caller alone.
func (c *Invalidated[V]) Get(ctx context.Context, key string) (value V, ok bool, err error) {
	if e, found := c.entries.Get(key); found && time.Since(e.loadedAt) < c.maxAge() {
		c.lookups.hits.Inc()
		return e.value, true, nil
	}
	c.lookups.misses.Inc()
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
		began := time.Now()
		// A replica may have less than what the last signal told of.
		v, ok, err := c.load(db.OnPrimary(ctx), key)
		if err == nil && ok {
			c.storeValue(key, entry[V]{value: v, loadedAt: began}, before)
		}
		return loaded{v, ok}, err
	})
	if err != nil {
		return value, false, err
	}
	l := got.(loaded)
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
	c.lookups.hits.Add(float64(len(out)))
	c.lookups.misses.Add(float64(len(missing)))
	if len(missing) == 0 {
		return out, nil
	}
	before, began := c.currentGeneration(), time.Now()
	loaded, err := load(db.OnPrimary(ctx), missing)
	if err != nil {
		return nil, err
	}
	for key, v := range loaded {
		out[key] = v
		if !db.HasOpenTx(ctx) {
			c.storeValue(key, entry[V]{value: v, loadedAt: began}, before)
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
func (c *Invalidated[V]) storeValue(key string, e entry[V], since uint64) {
	if c.cost != nil {
		e.cost = c.cost(key, e.value)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation != since {
		return
	}
	if e.cost > c.maxCost {
		return
	}
	c.entries.Remove(key) // Add does not tell of a value that it replaces
	c.entries.Add(key, e)
	c.totalCost += e.cost
	for c.totalCost > c.maxCost {
		if _, _, removed := c.entries.RemoveOldest(); !removed {
			return
		}
	}
}

// maxAge returns the age up to which a copy may be used.
func (c *Invalidated[V]) maxAge() time.Duration {
	if c.signals.IsHealthy() {
		return c.oldest
	}
	return shortMaxAge
}

// Package broadcast tells every replica at once that something changed, over Redis pub/sub.
//
// It is a hint, never the record: what it says may be lost, so whoever listens can always look
// the truth up in the database. The sender's own process hears itself without Redis.
package broadcast

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"lyceum/platform/ids"
)

const channel = "lyceum:broadcast"

// Bus sends and hears signals of the form (topic, key).
type Bus struct {
	redis   redis.UniversalClient
	origin  string
	healthy atomic.Bool

	mu   sync.RWMutex
	subs map[string]map[int]func(key string)
	next int

	outbox chan signal
}

type signal struct {
	Origin string `json:"o"`
	Topic  string `json:"t"`
	Key    string `json:"k"`
}

// New makes a bus; Run starts it.
func New(r redis.UniversalClient) *Bus {
	return &Bus{redis: r, origin: ids.New(), subs: map[string]map[int]func(string){}, outbox: make(chan signal, 4096)}
}

// Subscribe calls fn for each signal of a topic until cancel is called. fn must be quick.
func (b *Bus) Subscribe(topic string, fn func(key string)) (cancel func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next++
	id := b.next
	if b.subs[topic] == nil {
		b.subs[topic] = map[int]func(string){}
	}
	b.subs[topic][id] = fn
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.subs[topic], id)
	}
}

// Healthy says whether signals of other replicas are heard now.
func (b *Bus) Healthy() bool { return b.healthy.Load() }

// Signal tells this process at once and the others soon. It never blocks and never fails.
func (b *Bus) Signal(topic, key string) {
	b.deliver(topic, key)
	select {
	case b.outbox <- signal{b.origin, topic, key}:
	default: // Redis is away and the queue full: the others notice by themselves.
	}
}

func (b *Bus) deliver(topic, key string) {
	b.mu.RLock()
	fns := make([]func(string), 0, len(b.subs[topic]))
	for _, fn := range b.subs[topic] {
		fns = append(fns, fn)
	}
	b.mu.RUnlock()
	for _, fn := range fns {
		fn(key)
	}
}

// Run sends and hears until ctx ends, reconnecting by itself.
func (b *Bus) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { b.send(ctx) })
	for ctx.Err() == nil {
		b.hear(ctx)
		b.healthy.Store(false)
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
	wg.Wait()
}

func (b *Bus) send(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-b.outbox:
			raw, err := json.Marshal(s)
			if err != nil {
				continue
			}
			c, cancel := context.WithTimeout(ctx, time.Second)
			if err := b.redis.Publish(c, channel, raw).Err(); err != nil && ctx.Err() == nil {
				slog.Debug("broadcast not sent", "error", err)
			}
			cancel()
		}
	}
}

// hear returns when the connection is lost. A silent connection is asked for a sign of life, as a
// frozen Redis closes nothing.
func (b *Bus) hear(ctx context.Context) {
	sub := b.redis.Subscribe(ctx, channel)
	defer func() { _ = sub.Close() }()
	silent := 0
	for ctx.Err() == nil {
		msg, err := sub.ReceiveTimeout(ctx, 500*time.Millisecond)
		if err != nil {
			if !isTimeout(err) {
				return
			}
			if silent++; silent > 2 || sub.Ping(ctx) != nil {
				return
			}
			continue
		}
		silent = 0
		switch m := msg.(type) {
		case *redis.Subscription:
			// Signals may have been missed until now: everything kept is suspect.
			b.deliverAll()
			b.healthy.Store(true)
		case *redis.Message:
			b.receive(m.Payload)
		}
	}
}

func isTimeout(err error) bool {
	t, ok := err.(interface{ Timeout() bool })
	return ok && t.Timeout()
}

func (b *Bus) receive(payload string) {
	var s signal
	if json.Unmarshal([]byte(payload), &s) == nil && s.Origin != b.origin {
		b.deliver(s.Topic, s.Key)
	}
}

// deliverAll signals the empty key, which means "everything", to every topic.
func (b *Bus) deliverAll() {
	b.mu.RLock()
	topics := make([]string, 0, len(b.subs))
	for t := range b.subs {
		topics = append(topics, t)
	}
	b.mu.RUnlock()
	for _, t := range topics {
		b.deliver(t, "")
	}
}

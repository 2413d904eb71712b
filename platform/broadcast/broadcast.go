// Package broadcast tells every replica that something has changed, over Redis pub/sub.
//
// A signal is a hint, not data: a topic and the key of what changed. It may be lost, so a
// subscriber looks up the truth in the database. The sender's own process hears a signal without
// Redis.
//
// A lost connection is noticed within 600 ms. While it is lost Healthy returns false, and after it
// is back every subscriber hears the empty key, which means "everything may have changed".
package broadcast

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"lyceum/platform/lifecycle"

	"github.com/redis/go-redis/v9"

	"lyceum/platform/ids"
)

const channel = "lyceum:broadcast"

// reconnectPause is the time between the loss of the connection and the next attempt to subscribe.
const reconnectPause = 200 * time.Millisecond

// Bus sends signals and calls the subscribers of those that it hears. Make one with New. It is safe
// for concurrent use.
type Bus struct {
	redis   redis.UniversalClient
	origin  string
	healthy atomic.Bool

	mu   sync.RWMutex
	subs map[string]map[int]func(key string)
	next int

	outbox chan signal
	// lost is true after a signal that could not be sent. The next signal then means everything.
	lost atomic.Bool
}

type signal struct {
	Origin string `json:"o"`
	Topic  string `json:"t"`
	Key    string `json:"k"`
}

// maxQueued is how many signals wait for Redis. Beyond it, one signal for everything takes their
// place.
const maxQueued = 4096

// New returns a bus. It reaches other replicas while Run runs.
func New(r redis.UniversalClient) *Bus {
	return &Bus{
		redis: r, origin: ids.New(), subs: map[string]map[int]func(string){}, outbox: make(chan signal, maxQueued),
	}
}

// Subscribe calls fn with the key of each signal of a topic until cancel is called. The empty key
// means that everything may have changed. fn must return quickly: it is called by the sender of a
// signal and by the reader of the connection.
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

// Healthy returns whether signals of other replicas are heard now.
func (b *Bus) Healthy() bool { return b.healthy.Load() }

// Signal calls the subscribers of this process before it returns, and those of other replicas soon.
// It does not wait for Redis.
func (b *Bus) Signal(topic, key string) {
	b.deliver(topic, key)
	select {
	case b.outbox <- signal{b.origin, topic, key}:
	default: // Redis is away and the queue full
		b.lost.Store(true)
	}
}

// deliver calls the subscribers of a topic.
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

// Run sends and receives signals until ctx ends. It connects again after a lost connection.
func (b *Bus) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { b.send(ctx) })
	for ctx.Err() == nil {
		b.hear(ctx)
		b.healthy.Store(false)
		lifecycle.Sleep(ctx, reconnectPause)
	}
	wg.Wait()
}

// send publishes the signals of the outbox in their order.
func (b *Bus) send(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-b.outbox:
			b.publish(ctx, s)
		}
	}
}

// publish tries to send a signal until Redis has it, as a connection that broke unnoticed must not
// lose it. After maxAttempts it sends one signal for everything instead: while Redis was away no
// replica relied on signals.
func (b *Bus) publish(ctx context.Context, s signal) {
	for attempt := 1; ctx.Err() == nil; attempt++ {
		if b.lost.Swap(false) || attempt > maxAttempts {
			s = signal{Origin: b.origin} // everything, the one in hand included
		}
		err := b.publishOnce(ctx, s)
		if err == nil {
			return
		}
		slog.Debug("broadcast not sent yet", "error", err)
		lifecycle.Sleep(ctx, min(time.Duration(attempt)*20*time.Millisecond, beat))
	}
}

// maxAttempts is how often a signal is tried before it becomes one for everything.
const maxAttempts = 5

func (b *Bus) publishOnce(ctx context.Context, s signal) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return b.redis.Publish(ctx, channel, raw).Err()
}

// beat is the time after which a silent connection is asked for a sign of life. A connection that
// does not answer twice is lost: a change on another replica must show within a second, and a Redis
// that hangs closes no connection.
const beat = 200 * time.Millisecond

// hear subscribes and receives signals until the connection is lost.
func (b *Bus) hear(ctx context.Context) {
	sub := b.redis.Subscribe(ctx, channel)
	defer func() { _ = sub.Close() }()
	silent := 0
	for ctx.Err() == nil {
		msg, err := sub.ReceiveTimeout(ctx, beat)
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
			// Signals may have been missed until now.
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

// receive delivers a signal of another replica.
func (b *Bus) receive(payload string) {
	var s signal
	switch {
	case json.Unmarshal([]byte(payload), &s) != nil || s.Origin == b.origin:
	case s.Topic == "":
		b.deliverAll()
	default:
		b.deliver(s.Topic, s.Key)
	}
}

// deliverAll calls the subscribers of every topic with the empty key.
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

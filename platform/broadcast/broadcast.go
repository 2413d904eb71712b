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

	"lyceum/platform/lifecycle"

	"github.com/redis/go-redis/v9"

	"lyceum/platform/ids"
)

const channel = "lyceum:broadcast"

// reconnectPause is the time between the loss of the connection and the next attempt to subscribe.
const reconnectPause = 200 * time.Millisecond

// Bus sends and hears signals of the form (topic, key).
type Bus struct {
	redis   redis.UniversalClient
	origin  string
	healthy atomic.Bool

	mu   sync.RWMutex
	subs map[string]map[int]func(key string)
	next int

	outbox chan signal
	// lost says that a signal could not be sent: the others look at everything again once one can.
	lost atomic.Bool
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
	default: // Redis is away and the queue full
		b.lost.Store(true)
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
		lifecycle.Sleep(ctx, reconnectPause)
	}
	wg.Wait()
}

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

// publish tries a signal until it is out: a connection that broke unnoticed must not swallow it.
// While Redis is away nobody relies on signals, so after a while one for everything does instead.
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

// maxAttempts is how often one signal is tried before it becomes one for everything.
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

// beat is how often a silent connection is asked for a sign of life. One that misses two is lost: a change
// elsewhere must show within a second, and a frozen Redis closes nothing.
const beat = 200 * time.Millisecond

// hear returns when the connection is lost.
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
	switch {
	case json.Unmarshal([]byte(payload), &s) != nil || s.Origin == b.origin:
	case s.Topic == "":
		b.deliverAll()
	default:
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

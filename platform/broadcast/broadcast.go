// Package broadcast tells every replica that something has changed, over Redis pub/sub.
//
// A signal is a hint, not data: a topic and the key of what changed. It may be lost, so a
// subscriber looks up the truth in the database. The sender's own process hears a signal without
// Redis.
//
// A lost connection is noticed within 600 ms. While it is lost IsHealthy returns false, and after it
// is back every subscriber hears the empty key, which means "everything may have changed".
package broadcast

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"lyceum/platform/ids"
	"lyceum/platform/lifecycle"
)

// channel is the Redis channel that all replicas share.
const channel = "lyceum:broadcast"

// reconnectPause is the time between the loss of the connection and the next attempt to subscribe.
const reconnectPause = 200 * time.Millisecond

// Bus sends signals and calls the subscribers of those that it hears. Make one with New. It is safe
// for concurrent use.
type Bus struct {
	redis   redis.UniversalClient
	origin  string
	healthy atomic.Bool

	mu sync.RWMutex
	// subscribers are the functions of each topic by the id of their subscription.
	subscribers map[string]map[int]func(key string)
	nextID      int

	outbox chan signal
	// lost is true after a signal that could not be sent. The next signal then means everything.
	lost atomic.Bool
}

// signal is the message on the channel. An empty topic means that everything may have changed.
type signal struct {
	// Origin is the sending bus, which ignores its own signals.
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
		redis: r, origin: ids.New(), subscribers: map[string]map[int]func(string){},
		outbox: make(chan signal, maxQueued),
	}
}

// Subscribe calls fn with the key of each signal of a topic until cancel is called. The empty key
// means that everything may have changed. fn must return quickly: it is called by the sender of a
// signal and by the reader of the connection.
func (b *Bus) Subscribe(topic string, fn func(key string)) (cancel func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.nextID++
	id := b.nextID
	if b.subscribers[topic] == nil {
		b.subscribers[topic] = map[int]func(string){}
	}
	b.subscribers[topic][id] = fn
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.subscribers[topic], id)
	}
}

// IsHealthy returns whether signals of other replicas are heard now.
func (b *Bus) IsHealthy() bool { return b.healthy.Load() }

// SendSignal calls the subscribers of this process before it returns, and those of other replicas soon.
// It does not wait for Redis.
func (b *Bus) SendSignal(topic, key string) {
	b.callSubscribers(topic, key)
	b.SignalOthers(topic, key)
}

// SignalOthers calls the subscribers of other replicas soon: this one knows already. It does not wait for Redis.
func (b *Bus) SignalOthers(topic, key string) {
	select {
	case b.outbox <- signal{b.origin, topic, key}:
	default: // Redis is away and the queue full
		b.lost.Store(true)
	}
}

// callSubscribers calls the subscribers of a topic in the order of their subscriptions.
func (b *Bus) callSubscribers(topic, key string) {
	b.mu.RLock()
	all := b.subscribers[topic]
	fns := make([]func(string), 0, len(all))
	for _, id := range slices.Sorted(maps.Keys(all)) {
		fns = append(fns, all[id])
	}
	b.mu.RUnlock()
	for _, fn := range fns {
		fn(key)
	}
}

// Run sends and receives signals until ctx ends. It connects again after a lost connection.
func (b *Bus) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { b.sendQueued(ctx) })
	lifecycle.RunRepeatedly(ctx, "broadcast", reconnectPause, b.receiveSignals)
	wg.Wait()
}

// sendQueued publishes the signals of the outbox in their order. What is queued when ctx ends is still sent, within
// drainTime: other replicas wait for it.
func (b *Bus) sendQueued(ctx context.Context) {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(drainTime, cancel) })
	defer stop()
	for {
		select {
		case s := <-b.outbox:
			b.publishUntilTaken(sending, s)
			continue
		default:
		}
		select {
		case <-ctx.Done():
			return
		case s := <-b.outbox:
			b.publishUntilTaken(sending, s)
		}
	}
}

// drainTime bounds how long a stop waits for queued signals.
const drainTime = 700 * time.Millisecond

// publishUntilTaken tries to send a signal until Redis has it, as a connection that broke unnoticed must not
// lose it. After maxAttempts it sends one signal for everything instead. Usually no replica has relied on signals
// meanwhile, as all have lost Redis; where only this one has, the others wait for the signal or for the age of their
// copies.
func (b *Bus) publishUntilTaken(ctx context.Context, s signal) {
	for attempt := 1; ctx.Err() == nil; attempt++ {
		if b.lost.Swap(false) || attempt > maxAttempts {
			s = signal{Origin: b.origin} // everything, the one in hand included
		}
		err := b.publishOnce(ctx, s)
		if err == nil {
			return
		}
		slog.Debug("broadcast not sent, will be tried again", "topic", s.Topic, "attempt", attempt, "error", err)
		lifecycle.Sleep(ctx, min(time.Duration(attempt)*20*time.Millisecond, heartbeat))
	}
}

// maxAttempts is how often a signal is tried before it becomes one for everything.
const maxAttempts = 5

// publishOnce sends a signal within a second or returns why it could not.
func (b *Bus) publishOnce(ctx context.Context, s signal) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return b.redis.Publish(ctx, channel, raw).Err()
}

// heartbeat is the time after which a silent connection is asked for a sign of life. A connection that
// does not answer twice is lost: a change on another replica must show within a second, and a Redis
// that hangs closes no connection.
const heartbeat = 200 * time.Millisecond

// receiveSignals subscribes and receives signals until the connection is lost.
func (b *Bus) receiveSignals(ctx context.Context) {
	sub := b.redis.Subscribe(ctx, channel)
	defer func() {
		b.healthy.Store(false)
		_ = sub.Close()
	}()
	silent := 0
	for ctx.Err() == nil {
		msg, err := sub.ReceiveTimeout(ctx, heartbeat)
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
			b.invalidateAll()
			b.healthy.Store(true)
		case *redis.Message:
			b.handlePayload(m.Payload)
		}
	}
}

// isTimeout returns whether a read has only reached its deadline, so that the connection may be well.
func isTimeout(err error) bool {
	t, ok := err.(interface{ Timeout() bool })
	return ok && t.Timeout()
}

// handlePayload delivers a signal of another replica.
func (b *Bus) handlePayload(payload string) {
	var s signal
	switch {
	case json.Unmarshal([]byte(payload), &s) != nil || s.Origin == b.origin:
	case s.Topic == "":
		b.invalidateAll()
	default:
		b.callSubscribers(s.Topic, s.Key)
	}
}

// invalidateAll calls the subscribers of every topic with the empty key.
func (b *Bus) invalidateAll() {
	b.mu.RLock()
	topics := make([]string, 0, len(b.subscribers))
	for t := range b.subscribers {
		topics = append(topics, t)
	}
	b.mu.RUnlock()
	for _, t := range topics {
		b.callSubscribers(t, "")
	}
}

// Package events is the in-process bus between modules.
//
// Publish is legal only inside a transaction. A subscriber picks one of two deliveries: InTx,
// in the publisher's transaction, whose error rolls everything back; or Durable, an outbox row in
// the same transaction that a relay delivers after the commit, at least once.
package events

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/fx"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
)

// Event is something that happened, named in the past tense, such as "order.placed".
type Event interface{ EventName() string }

// Delayed is an event whose durable deliveries wait for a while.
type Delayed interface{ Delay() time.Duration }

// maxDepth bounds how far in-transaction handlers may publish further events.
const maxDepth = 4

// Subscription is one handler of one event; make it with InTx or Durable.
type Subscription struct {
	subscriber string
	event      string
	durable    bool
	retired    bool
	handle     func(ctx context.Context, payload any, raw []byte) error
}

// InTx delivers within the publisher's transaction: database work only.
func InTx[E Event](subscriber string, fn func(context.Context, E) error) Subscription {
	var zero E
	return Subscription{subscriber: subscriber, event: zero.EventName(), handle: func(ctx context.Context, p any, _ []byte) error {
		return fn(ctx, p.(E))
	}}
}

// Durable delivers after the commit, at least once. fn runs in a transaction of its own that also
// takes the delivery off the outbox, so its database work happens once; anything else it does
// must be idempotent by EventID(ctx).
func Durable[E Event](subscriber string, fn func(context.Context, E) error) Subscription {
	var zero E
	return Subscription{subscriber: subscriber, event: zero.EventName(), durable: true, handle: func(ctx context.Context, _ any, raw []byte) error {
		var e E
		if err := json.Unmarshal(raw, &e); err != nil {
			return err
		}
		return fn(ctx, e)
	}}
}

// Retired is Durable for deliveries that an earlier version, or a replica of it, has left in the outbox; new events make
// none.
func Retired[E Event](subscriber string, fn func(context.Context, E) error) Subscription {
	s := Durable(subscriber, fn)
	s.retired = true
	return s
}

// Subscribers adds what a constructor returns ([]Subscription) to the bus.
func Subscribers(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"subscriptions"`)))
}

// Params collects the subscriptions of all modules.
type Params struct {
	fx.In
	Groups [][]Subscription `group:"subscriptions"`
}

// Bus delivers events.
type Bus struct {
	db    *db.DB
	clock clock.Clock
	wake  chan struct{}
	subs  map[string][]Subscription
	// onPublish, if a test has set it, is told of every event whose transaction was committed.
	onPublish func(Event)
	// catalog holds the events that may be published; nil lets every event through.
	catalog *Catalog
}

// NewBus makes a bus without subscribers: Attach adds them once all modules are built, so that a
// module may both publish and subscribe.
func NewBus(d *db.DB, c clock.Clock) *Bus {
	return &Bus{db: d, clock: c, wake: make(chan struct{}, 1), subs: map[string][]Subscription{}}
}

// Attach adds subscriptions, sorted by subscriber, and refuses two of the same for one event.
func (b *Bus) Attach(groups ...[]Subscription) error {
	all := slices.Concat(groups...)
	slices.SortStableFunc(all, func(x, y Subscription) int { return strings.Compare(x.subscriber, y.subscriber) })
	for _, s := range all {
		for _, other := range b.subs[s.event] {
			if other.subscriber == s.subscriber && other.durable == s.durable {
				return fmt.Errorf("events: %s subscribes to %s twice", s.subscriber, s.event)
			}
		}
		b.subs[s.event] = append(b.subs[s.event], s)
	}
	return nil
}

type depthKey struct{}

type chain struct{ names []string }

// Publish delivers e: to InTx subscribers now, to Durable ones after the commit. It refuses to run
// outside a transaction, a circle of events, and a chain of more than four.
func (b *Bus) Publish(ctx context.Context, e Event) error {
	if !db.InTransaction(ctx) {
		return fmt.Errorf("events: %s published outside a transaction", e.EventName())
	}
	if b.catalog != nil {
		if _, declared := b.catalog.byName[e.EventName()]; !declared {
			return fmt.Errorf("events: no module declares %s", e.EventName())
		}
	}
	prior, _ := ctx.Value(depthKey{}).(chain)
	if slices.Contains(prior.names, e.EventName()) || len(prior.names) >= maxDepth {
		return fmt.Errorf("events: circle or too deep: %s after %s", e.EventName(), strings.Join(prior.names, " → "))
	}
	ctx = context.WithValue(ctx, depthKey{}, chain{append(slices.Clone(prior.names), e.EventName())})
	for _, s := range b.subs[e.EventName()] {
		if s.durable {
			continue
		}
		if err := s.handle(ctx, e, nil); err != nil {
			return fmt.Errorf("events: %s on %s: %w", s.subscriber, e.EventName(), err)
		}
	}
	if b.onPublish != nil {
		db.AfterCommit(ctx, func() { b.onPublish(e) })
	}
	return b.enqueue(ctx, e)
}

// enqueue writes one outbox row for each durable subscriber, in the publisher's transaction.
func (b *Bus) enqueue(ctx context.Context, e Event) error {
	var rows []delivery
	id := ids.New()
	for _, s := range b.subs[e.EventName()] {
		if !s.durable || s.retired {
			continue
		}
		raw, err := json.Marshal(e)
		if err != nil {
			return err
		}
		now := b.clock.Now()
		due := now
		if d, ok := e.(Delayed); ok {
			due = now.Add(d.Delay())
		}
		rows = append(rows, delivery{ID: ids.New(), EventID: id, Event: e.EventName(), Subscriber: s.subscriber,
			Payload: string(raw), State: pending, NextAt: due, CreatedAt: now})
	}
	if len(rows) == 0 {
		return nil
	}
	if err := b.db.Conn(ctx).Create(&rows).Error; err != nil {
		return err
	}
	db.AfterCommit(ctx, b.Wake)
	return nil
}

// OnPublish makes the bus tell fn of every event once its transaction is committed. It is for tests, and is called before the
// first Publish. fn may be called by several goroutines at once.
func (b *Bus) OnPublish(fn func(Event)) { b.onPublish = fn }

// Wake makes the relay of this process look now.
func (b *Bus) Wake() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

type eventIDKey struct{}

// EventID is the id of the event that is being delivered durably; redeliveries share it.
func EventID(ctx context.Context) string {
	id, _ := ctx.Value(eventIDKey{}).(string)
	return id
}

package events

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

// Event is a fact. Its name is in the past tense, such as "order.placed". The type is a struct
// whose JSON is stored in the outbox, so a new version must be able to read the JSON of an old one.
type Event interface{ EventName() string }

// Delayed is an event whose durable deliveries become due a while after it was published.
type Delayed interface{ Delay() time.Duration }

// maxChain bounds how many events may follow from one another through handlers in a transaction.
const maxChain = 4

// Bus delivers events to subscribers. Make one with NewBus and pass it the subscriptions with
// AttachSubscriptions before the first Publish; afterwards it is safe for concurrent use.
type Bus struct {
	db    *db.DB
	clock clock.Clock
	// wake holds a token if rows were written since the relay of this process last looked.
	wake chan struct{}
	// subscriptions are those of each event by its name, sorted by subscriber.
	subscriptions map[string][]Subscription
	// onPublish is called with each event after its commit, if a test has set it.
	onPublish func(Event)
	// catalog holds the events that may be published. Without one every event may be.
	catalog *Catalog
}

// NewBus returns a bus without subscribers. They are attached once all modules are built, so that a
// module may both publish and subscribe.
func NewBus(d *db.DB, c clock.Clock) *Bus {
	return &Bus{db: d, clock: c, wake: make(chan struct{}, 1), subscriptions: map[string][]Subscription{}}
}

// AttachSubscriptions adds subscriptions. It returns an error if a subscriber has two of the same
// delivery for one event, as rows of the outbox could not tell them apart.
func (b *Bus) AttachSubscriptions(groups ...[]Subscription) error {
	all := slices.Concat(groups...)
	slices.SortStableFunc(all, func(x, y Subscription) int { return strings.Compare(x.subscriber, y.subscriber) })
	for _, s := range all {
		for _, other := range b.subscriptions[s.event] {
			if other.subscriber == s.subscriber && other.durable == s.durable {
				return fmt.Errorf("events: %s subscribes to %s twice", s.subscriber, s.event)
			}
		}
		b.subscriptions[s.event] = append(b.subscriptions[s.event], s)
	}
	return nil
}

// chainKey is the key of the context value that holds the names of the events that led to a handler.
type chainKey struct{}

// Publish calls the handlers in the transaction and writes one outbox row for each durable
// subscriber. It returns the error of a handler, and an error outside of a transaction, for an event
// that no module declares, and for an event that follows from itself or from maxChain others. The
// caller returns the error, so that the transaction is rolled back.
func (b *Bus) Publish(ctx context.Context, e Event) error {
	name := e.EventName()
	if !db.IsInTx(ctx) {
		return fmt.Errorf("events: %s published outside a transaction", name)
	}
	if b.catalog != nil && !b.catalog.declares(name) {
		return fmt.Errorf("events: no module declares %s", name)
	}
	chain, _ := ctx.Value(chainKey{}).([]string)
	if slices.Contains(chain, name) || len(chain) >= maxChain {
		return fmt.Errorf("events: circle or chain of more than %d: %s after %s",
			maxChain, name, strings.Join(chain, " → "))
	}

	ctx = context.WithValue(ctx, chainKey{}, append(slices.Clone(chain), name))
	for _, s := range b.subscriptions[name] {
		if s.durable {
			continue
		}
		if err := s.handle(ctx, e, nil); err != nil {
			return fmt.Errorf("events: %s on %s: %w", s.subscriber, name, err)
		}
	}
	if b.onPublish != nil {
		db.AfterCommit(ctx, func() { b.onPublish(e) })
	}
	return b.writeOutbox(ctx, e)
}

// OnPublish makes the bus call fn with every event once its transaction is committed. It is for
// tests and is called before the first Publish. Several goroutines may call fn at the same time.
func (b *Bus) OnPublish(fn func(Event)) { b.onPublish = fn }

// WakeRelay makes the relay of this process look for due rows now.
func (b *Bus) WakeRelay() {
	select {
	case b.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// eventIDKey is the key of the context value that EventID returns.
type eventIDKey struct{}

// EventID returns the id of the event whose durable delivery led to this call, or an empty string
// elsewhere. Repeated deliveries, and those to other subscribers, have the same id.
func EventID(ctx context.Context) string {
	id, _ := ctx.Value(eventIDKey{}).(string)
	return id
}

package events

import (
	"context"
	"encoding/json"

	"go.uber.org/fx"
)

// Subscription is one handler of one event. Make one with SubscribeInTx or SubscribeDurable.
type Subscription struct {
	subscriber string
	event      string
	durable    bool
	retired    bool
	// handle gets the event itself in the transaction of the publisher, and its JSON from the outbox.
	handle func(ctx context.Context, event any, payload []byte) error
}

// SubscribeInTx returns a subscription whose handler runs in the publisher's transaction. Publish
// returns its error, which the publisher passes on, so that the transaction is rolled back. The
// handler does database work only.
func SubscribeInTx[E Event](subscriber string, handler func(context.Context, E) error) Subscription {
	var zero E
	return Subscription{
		subscriber: subscriber, event: zero.EventName(),
		handle: func(ctx context.Context, event any, _ []byte) error { return handler(ctx, event.(E)) },
	}
}

// SubscribeDurable returns a subscription whose handler runs after the commit, at least once. It
// runs in a transaction of its own that also deletes the delivery, so its database work happens
// once. As it runs in a transaction it calls no other service: it queues a mail or a job, or wakes
// up others with db.AfterCommit, which may be lost or happen twice in a crash.
//
// Rows in the outbox name the subscriber, so a subscriber that is renamed leaves its deliveries
// behind; see SubscribeRetired.
func SubscribeDurable[E Event](subscriber string, handler func(context.Context, E) error) Subscription {
	var zero E
	return Subscription{
		subscriber: subscriber, event: zero.EventName(), durable: true,
		handle: func(ctx context.Context, _ any, payload []byte) error {
			var e E
			if err := json.Unmarshal(payload, &e); err != nil {
				return err
			}
			return handler(ctx, e)
		},
	}
}

// SubscribeRetired returns a durable subscription for rows that an earlier version of the program,
// or a replica of it that still runs, has left in the outbox. New events make no rows for it.
func SubscribeRetired[E Event](subscriber string, handler func(context.Context, E) error) Subscription {
	s := SubscribeDurable(subscriber, handler)
	s.retired = true
	return s
}

// ProvideSubscriptions adds the result of a constructor that returns []Subscription to the program.
func ProvideSubscriptions(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"subscriptions"`)))
}

// Params collects the subscriptions of all modules.
type Params struct {
	fx.In
	Groups [][]Subscription `group:"subscriptions"`
}

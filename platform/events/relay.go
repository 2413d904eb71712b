package events

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"lyceum/platform/telemetry"
)

// Bounds of the relay.
const (
	// claimLease is the time after which another replica may take over a claimed row. The last
	// delivery of a batch begins before lastStart and takes handlerTimeout at most, so it ends before
	// the lease does.
	claimLease     = 30 * time.Second
	handlerTimeout = 20 * time.Second
	lastStart      = claimLease - handlerTimeout
	// batchSize is how many rows one claim takes.
	batchSize   = 50
	maxAttempts = 12
	// pollInterval is the time between two looks at the outbox without a wake-up: rows of other
	// replicas and rows that become due wake no one.
	pollInterval = time.Second
	// maxErrorBytes bounds the stored text of an error.
	maxErrorBytes = 500
)

// Run delivers due rows until ctx ends. Every replica may run one relay.
//
// The loop is written out, as lifecycle.RunRepeatedly can neither be woken by a commit nor skip its pause
// while full batches show that more rows are due.
func (b *Bus) Run(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := b.RelayOnce(ctx)
		if err != nil && ctx.Err() == nil {
			slog.Warn("outbox not delivered, will be tried again", "error", err)
		}
		if n == batchSize && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-b.wake:
		case <-time.After(pollInterval):
		}
	}
}

// RelayOnce claims one batch of due rows, calls their handlers and returns how many rows it claimed.
// The error of a handler is stored with its row and not returned.
func (b *Bus) RelayOnce(ctx context.Context) (int, error) {
	claimedAt := b.clock.Now()
	rows, err := b.claimRows(ctx)
	if err != nil {
		return 0, err
	}
	for i, row := range rows {
		// The process stops, or slow handlers have used the lease up: others need not wait for its end.
		if ctx.Err() != nil || b.clock.Now().Sub(claimedAt) >= lastStart {
			return i, b.releaseRows(context.WithoutCancel(ctx), rows[i:])
		}
		b.deliverRow(ctx, row)
	}
	return len(rows), nil
}

// deliverRow calls the handler of a row and postpones the row if that fails. A delivery that has
// begun finishes within handlerTimeout though the process stops.
func (b *Bus) deliverRow(ctx context.Context, row outboxRow) {
	ctx = context.WithValue(context.WithoutCancel(ctx), eventIDKey{}, row.EventID)
	ctx, cancel := context.WithTimeout(row.Cause.Attach(ctx), handlerTimeout)
	defer cancel()
	ctx, span := startDelivery(ctx, row)
	err := b.handleRow(ctx, row)
	telemetry.EndSpan(span, err)
	countDelivery(row, err)
	if err == nil {
		slog.DebugContext(ctx, "event delivered", "event", row.Event, "subscriber", row.Subscriber, "id", row.ID)
		return
	}
	slog.WarnContext(ctx, "outbox delivery failed", "event", row.Event, "subscriber", row.Subscriber, "id", row.ID,
		"attempt", row.Attempts+1, "error", err)
	// The time for the handler may be over, and the row must be postponed all the same.
	if err := b.postponeRow(context.WithoutCancel(ctx), row, err); err != nil {
		slog.WarnContext(ctx, "outbox delivery not postponed, its lease has to end", "id", row.ID, "error", err)
	}
}

// handleRow deletes a row and calls its handler in one transaction. It returns the error of the
// handler, or one for its panic.
func (b *Bus) handleRow(ctx context.Context, row outboxRow) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	s, ok := b.durableSubscription(row)
	if !ok {
		return fmt.Errorf("no handler for %s here", row.Event)
	}
	return b.db.InTx(ctx, func(ctx context.Context) error {
		// The row is gone if another relay took over an expired claim and was faster.
		if ours, err := b.deleteRow(ctx, row.ID); err != nil || !ours {
			return err
		}
		return s.handle(ctx, nil, []byte(row.Payload))
	})
}

// durableSubscribers returns the names of the durable subscribers of this process. The list is never
// empty, as an empty list is no valid operand of IN.
func (b *Bus) durableSubscribers() []string {
	names := []string{""}
	for _, subscriptions := range b.subscriptions {
		for _, s := range subscriptions {
			if s.durable && !slices.Contains(names, s.subscriber) {
				names = append(names, s.subscriber)
			}
		}
	}
	return names
}

// durableSubscription returns the subscription that a row was written for.
func (b *Bus) durableSubscription(row outboxRow) (Subscription, bool) {
	for _, s := range b.subscriptions[row.Event] {
		if s.durable && s.subscriber == row.Subscriber {
			return s, true
		}
	}
	return Subscription{}, false
}

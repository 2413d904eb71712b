package events

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/migrate"
)

// States of a delivery. A delivered row is deleted.
const (
	pending = "pending"
	dead    = "dead"
)

// Limits of the relay. A claim that its process did not live to finish is free after lease.
const (
	lease       = 30 * time.Second
	batch       = 50
	maxAttempts = 12
	idle        = time.Second
	patience    = 20 * time.Second
)

type delivery struct {
	ID         string
	EventID    string
	Event      string
	Subscriber string
	Payload    string
	State      string
	Attempts   int
	NextAt     clock.Time
	LastError  string
	CreatedAt  clock.Time
}

// TableName of the outbox.
func (delivery) TableName() string { return "outbox_deliveries" }

// Migrations of the outbox.
var Migrations = []migrate.Migration{{
	ID: "202611240001_events_create_outbox",
	Up: []string{
		`CREATE TABLE outbox_deliveries (
			id {uuid} PRIMARY KEY,
			event_id {uuid} NOT NULL,
			event text NOT NULL,
			subscriber text NOT NULL,
			payload text NOT NULL,
			state text NOT NULL,
			attempts integer NOT NULL DEFAULT 0,
			next_at bigint NOT NULL,
			last_error text NOT NULL DEFAULT '',
			created_at bigint NOT NULL
		)`,
		`CREATE INDEX outbox_deliveries_due ON outbox_deliveries (next_at) WHERE state = 'pending'`,
	},
	Down: []string{"DROP TABLE outbox_deliveries"},
}}

// Run delivers until ctx ends; every replica may run one.
func (b *Bus) Run(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := b.RelayOnce(ctx)
		if err != nil && ctx.Err() == nil {
			slog.Warn("outbox: could not deliver", "error", err)
		}
		if n == batch && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-b.wake:
		case <-time.After(idle):
		}
	}
}

// RelayOnce delivers one batch and says how many it claimed.
func (b *Bus) RelayOnce(ctx context.Context) (int, error) {
	rows, err := b.claim(ctx)
	if err != nil {
		return 0, err
	}
	for i, row := range rows {
		if ctx.Err() != nil { // stopping: what is not begun goes back at once
			return i, b.release(context.WithoutCancel(ctx), rows[i:])
		}
		b.deliver(ctx, row)
	}
	return len(rows), nil
}

// release makes claimed rows due again, as if they had not been claimed.
func (b *Bus) release(ctx context.Context, rows []delivery) error {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return b.db.Conn(ctx).Exec("UPDATE outbox_deliveries SET attempts = attempts - 1, next_at = ? WHERE id IN ?", b.clock.Now(), ids).Error
}

// claim takes due rows for this process. The attempt counts now, so that a delivery that kills
// its process is not tried for ever.
func (b *Bus) claim(ctx context.Context) (rows []delivery, err error) {
	now := b.clock.Now()
	err = b.db.InTx(ctx, func(ctx context.Context) error {
		conn := b.db.Conn(ctx)
		// Only subscribers that live here: another replica, or a module that is off now, may know the others.
		due := conn.Raw("SELECT * FROM outbox_deliveries WHERE state = ? AND next_at <= ? AND subscriber IN ? ORDER BY next_at, id LIMIT ?"+
			b.db.SkipLocked(), pending, now, b.durableSubscribers(), batch)
		if err := due.Scan(&rows).Error; err != nil || len(rows) == 0 {
			return err
		}
		taken := make([]string, len(rows))
		for i, r := range rows {
			taken[i] = r.ID
		}
		return conn.Exec("UPDATE outbox_deliveries SET attempts = attempts + 1, next_at = ? WHERE id IN ?", now.Add(lease), taken).Error
	})
	return rows, err
}

func (b *Bus) deliver(ctx context.Context, row delivery) {
	// A delivery in hand finishes within its own time though the process stops.
	ctx, cancel := context.WithTimeout(context.WithValue(context.WithoutCancel(ctx), eventIDKey{}, row.EventID), patience)
	defer cancel()
	err := b.handle(ctx, row)
	if err == nil {
		return
	}
	slog.Warn("outbox: delivery failed", "event", row.Event, "subscriber", row.Subscriber, "id", row.ID, "attempt", row.Attempts+1, "error", err)
	if err := b.postpone(context.WithoutCancel(ctx), row, err); err != nil {
		slog.Warn("outbox: could not postpone", "id", row.ID, "error", err)
	}
}

func (b *Bus) handle(ctx context.Context, row delivery) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	sub, ok := b.durable(row)
	if !ok {
		return fmt.Errorf("no handler for %s here", row.Event)
	}
	return b.db.InTx(ctx, func(ctx context.Context) error {
		// Gone already: another relay took over an expired claim and was done first.
		if ours, err := b.drop(ctx, row.ID); err != nil || !ours {
			return err
		}
		return sub.handle(ctx, nil, []byte(row.Payload))
	})
}

func (b *Bus) drop(ctx context.Context, id string) (bool, error) {
	res := b.db.Conn(ctx).Exec("DELETE FROM outbox_deliveries WHERE id = ?", id)
	return res.RowsAffected == 1, res.Error
}

func (b *Bus) durableSubscribers() []string {
	out := []string{""}
	for _, subs := range b.subs {
		for _, s := range subs {
			if s.durable && !slices.Contains(out, s.subscriber) {
				out = append(out, s.subscriber)
			}
		}
	}
	return out
}

func (b *Bus) durable(row delivery) (Subscription, bool) {
	for _, s := range b.subs[row.Event] {
		if s.durable && s.subscriber == row.Subscriber {
			return s, true
		}
	}
	return Subscription{}, false
}

// postpone sets the next attempt 1, 2, 4 … seconds ahead, five minutes at most; after the last it
// is dead and waits for an operator.
func (b *Bus) postpone(ctx context.Context, row delivery, cause error) error {
	state, wait := pending, min(time.Second<<min(row.Attempts, 10), 5*time.Minute)
	if row.Attempts+1 >= maxAttempts {
		state = dead
	}
	text := cause.Error()
	return b.db.Conn(db.WithoutTx(ctx)).Exec("UPDATE outbox_deliveries SET state = ?, next_at = ?, last_error = ? WHERE id = ?",
		state, b.clock.Now().Add(wait), strings.ToValidUTF8(text[:min(len(text), 500)], ""), row.ID).Error
}

// Letter is a delivery that was given up.
type Letter struct {
	ID         string     `json:"id"`
	Event      string     `json:"event"`
	Subscriber string     `json:"subscriber"`
	LastError  string     `json:"last_error"`
	Attempts   int        `json:"attempts"`
	CreatedAt  clock.Time `json:"created_at"`
}

// Dead lists deliveries that were given up, the oldest first.
func (b *Bus) Dead(ctx context.Context) (out []Letter, err error) {
	err = b.db.Conn(ctx).Raw("SELECT id, event, subscriber, last_error, attempts, created_at FROM outbox_deliveries WHERE state = ? ORDER BY created_at, id LIMIT 1000", dead).Scan(&out).Error
	return out, err
}

// Retry makes all given-up deliveries due again and says how many.
func (b *Bus) Retry(ctx context.Context) (int64, error) {
	res := b.db.Conn(ctx).Exec("UPDATE outbox_deliveries SET state = ?, attempts = 0, next_at = ? WHERE state = ?", pending, b.clock.Now(), dead)
	b.Wake()
	return res.RowsAffected, res.Error
}

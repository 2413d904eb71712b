package events

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/lifecycle"
	"lyceum/platform/migrate"
	"lyceum/platform/telemetry"
	"lyceum/platform/text"
)

// States of an outbox row. The row of a successful delivery is deleted.
const (
	statePending = "pending"
	stateDead    = "dead"
)

// outboxRow is one delivery of one event to one durable subscriber.
type outboxRow struct {
	ID         string
	EventID    string
	Event      string
	Subscriber string
	Payload    string
	State      string
	// Attempts counts claims, so that an attempt that kills its process counts too.
	Attempts int
	// NextAt is the time from which a pending row may be claimed.
	NextAt    clock.Time
	LastError string
	CreatedAt clock.Time
	// Cause is the request and the span that published the event.
	Cause telemetry.Cause `gorm:"embedded"`
}

// TableName returns the name of the table for GORM.
func (outboxRow) TableName() string { return "outbox_deliveries" }

// Migrations of the outbox. The index holds pending rows only: dead letters may stay for long.
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
}, {
	// Rows of an earlier version have no cause.
	ID: "202612011001_events_note_cause",
	Up: []string{
		"ALTER TABLE outbox_deliveries ADD COLUMN traceparent text",
		"ALTER TABLE outbox_deliveries ADD COLUMN request_id text",
	},
	Down: []string{
		"ALTER TABLE outbox_deliveries DROP COLUMN request_id",
		"ALTER TABLE outbox_deliveries DROP COLUMN traceparent",
	},
}}

// writeOutbox writes one row for each durable subscriber in the publisher's transaction and wakes
// the relay after the commit. Retired subscriptions get none.
func (b *Bus) writeOutbox(ctx context.Context, e Event) error {
	var rows []outboxRow
	eventID, now, cause := ids.New(), b.clock.Now(), telemetry.CauseOf(ctx)
	due := now
	if d, ok := e.(Delayed); ok {
		due = now.Add(d.Delay())
	}
	for _, s := range b.subscriptions[e.EventName()] {
		if !s.durable || s.retired {
			continue
		}
		payload, err := json.Marshal(e)
		if err != nil {
			return err
		}
		rows = append(rows, outboxRow{
			ID: ids.New(), EventID: eventID, Event: e.EventName(), Subscriber: s.subscriber,
			Payload: string(payload), State: statePending, NextAt: due, CreatedAt: now,
			Cause: cause,
		})
	}
	if len(rows) == 0 {
		return nil
	}
	if err := b.db.Conn(ctx).Create(&rows).Error; err != nil {
		return err
	}
	db.AfterCommit(ctx, b.WakeRelay)
	return nil
}

// rowColumns are the columns of a row. They are named, so that a relay of this version goes on while a later one adds
// a column: PostgreSQL refuses a prepared SELECT * then.
const rowColumns = "id, event_id, event, subscriber, payload, state, attempts, next_at, last_error, created_at, " +
	"traceparent, request_id"

// claimRows takes up to batchSize due rows for this process until their lease ends. It takes only
// rows of subscribers that this process has: others may belong to a module that is disabled here. A
// row whose attempts are used up though none has postponed it becomes a dead letter: each of them
// has ended with its process.
func (b *Bus) claimRows(ctx context.Context) (rows []outboxRow, err error) {
	now := b.clock.Now()
	err = b.db.InTx(ctx, func(ctx context.Context) error {
		conn := b.db.Conn(ctx)
		due := conn.Raw("SELECT "+rowColumns+" FROM outbox_deliveries WHERE state = ? AND next_at <= ? AND subscriber IN ? "+
			"ORDER BY next_at, id LIMIT ?"+b.db.SkipLocked(), statePending, now, b.durableSubscribers(), batchSize)
		rows = nil
		if err := due.Scan(&rows).Error; err != nil {
			return err
		}
		live, fatal := splitByAttempts(rows)
		if err := b.buryRows(ctx, fatal); err != nil {
			return err
		}
		if rows = live; len(rows) == 0 {
			return nil
		}
		return conn.Exec("UPDATE outbox_deliveries SET attempts = attempts + 1, next_at = ? WHERE id IN ?",
			now.Add(claimLease), rowIDs(rows)).Error
	})
	return rows, err
}

// splitByAttempts separates the rows that may be tried from those whose attempts are used up.
func splitByAttempts(rows []outboxRow) (live, fatal []outboxRow) {
	for _, row := range rows {
		if row.Attempts < maxAttempts {
			live = append(live, row)
		} else {
			fatal = append(fatal, row)
		}
	}
	return live, fatal
}

// buryRows makes rows dead letters that no attempt has lived to postpone.
func (b *Bus) buryRows(ctx context.Context, rows []outboxRow) error {
	if len(rows) == 0 {
		return nil
	}
	return b.db.Conn(ctx).Exec("UPDATE outbox_deliveries SET state = ?, last_error = ? WHERE id IN ?",
		stateDead, "each attempt has ended with its process", rowIDs(rows)).Error
}

// releaseRows makes claimed rows due again and takes the attempt back.
func (b *Bus) releaseRows(ctx context.Context, rows []outboxRow) error {
	return b.db.Conn(ctx).Exec("UPDATE outbox_deliveries SET attempts = attempts - 1, next_at = ? WHERE id IN ?",
		b.clock.Now(), rowIDs(rows)).Error
}

func rowIDs(rows []outboxRow) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.ID
	}
	return out
}

// deleteRow deletes a row and returns whether it was still there.
func (b *Bus) deleteRow(ctx context.Context, id string) (bool, error) {
	res := b.db.Conn(ctx).Exec("DELETE FROM outbox_deliveries WHERE id = ?", id)
	return res.RowsAffected == 1, res.Error
}

// postponeRow makes a row due again after 1, 2, 4 … seconds, at most five minutes. After
// maxAttempts it makes the row a dead letter.
func (b *Bus) postponeRow(ctx context.Context, row outboxRow, cause error) error {
	state, wait := statePending, min(time.Second<<min(row.Attempts, 10), 5*time.Minute)
	if row.Attempts+1 >= maxAttempts {
		state = stateDead
	}
	return b.db.Conn(db.WithoutTx(ctx)).Exec(
		"UPDATE outbox_deliveries SET state = ?, next_at = ?, last_error = ? WHERE id = ?",
		state, b.clock.Now().Add(wait), text.CutBytes(cause.Error(), maxErrorBytes), row.ID).Error
}

// DeadLetter is a delivery that failed maxAttempts times.
type DeadLetter struct {
	ID         string     `json:"id"`
	Event      string     `json:"event"`
	Subscriber string     `json:"subscriber"`
	LastError  string     `json:"last_error"`
	Attempts   int        `json:"attempts"`
	CreatedAt  clock.Time `json:"created_at"`
}

// ListDeadLetters returns up to 1000 dead letters, the oldest first.
func (b *Bus) ListDeadLetters(ctx context.Context) (letters []DeadLetter, err error) {
	err = b.db.Conn(ctx).Raw("SELECT id, event, subscriber, last_error, attempts, created_at FROM outbox_deliveries "+
		"WHERE state = ? ORDER BY created_at, id LIMIT 1000", stateDead).Scan(&letters).Error
	return letters, err
}

// RetryDeadLetters makes all dead letters due again, with maxAttempts further attempts, and returns
// how many there were.
func (b *Bus) RetryDeadLetters(ctx context.Context) (int64, error) {
	res := b.db.Conn(ctx).Exec("UPDATE outbox_deliveries SET state = ?, attempts = 0, next_at = ? WHERE state = ?",
		statePending, b.clock.Now(), stateDead)
	b.WakeRelay()
	return res.RowsAffected, res.Error
}

// deadLetterRetention is how long a dead letter waits for an operator.
const deadLetterRetention = 90 * 24 * time.Hour

// RemoveOldDeadLetters removes dead letters whose last attempt is more than 90 days ago, and returns how many there were.
func (b *Bus) RemoveOldDeadLetters(ctx context.Context) (int64, error) {
	before := b.clock.Now().Add(-deadLetterRetention)
	return b.db.RemoveRows(ctx, "outbox_deliveries", "id < ? AND next_at < ? AND state = ?",
		ids.FirstAt(before.StdTime()), before, stateDead)
}

// removalInterval is the time between two looks for dead letters that are too old.
const removalInterval = time.Hour

// RunRetention removes dead letters that are too old, until ctx ends. Every replica may run it.
func (b *Bus) RunRetention(ctx context.Context) {
	lifecycle.RunEvery(ctx, "outbox retention", removalInterval, func(ctx context.Context) {
		removed, err := b.RemoveOldDeadLetters(ctx)
		if err != nil && ctx.Err() == nil {
			slog.Warn("old dead letters were not removed, will be tried again", "error", err)
		}
		if removed > 0 {
			slog.Warn("dead letters were removed that nobody has retried", "count", removed, "retention", deadLetterRetention)
		}
	})
}

// Package db opens the database, PostgreSQL or SQLite inside the process, and runs statements and transactions on it.
// Stores write one SQL for both.
//
// # Transactions
//
// The transaction travels in the context. A service opens it; stores join it without knowing:
//
//	service   d.InTx(ctx, func(ctx context.Context) error {
//	              order, err := s.store.lockOrder(ctx, id)     // d.Conn(ctx) is inside the transaction
//	              ...
//	              return s.events.Publish(ctx, ...)            // the outbox row commits with the change
//	          })
//
// An InTx inside another one is a savepoint. BeforeCommit and AfterCommit surround the commit of the outermost one:
//
//	fn  →  BeforeCommit functions (audit entries)  →  COMMIT  →  AfterCommit functions (wake-ups)
//
// A transaction guarantees that its changes, audit entries, outbox rows and, for a request with an Idempotency-Key, the
// recorded answer become durable together or not at all. It holds a connection and locks, so calls to other services
// happen before or after it: RequireNoTx checks this in all tests. A Deferral lets the transaction of a request wait
// for its answer.
//
// # Which call to use
//
//	Conn                 GORM, for ordinary statements
//	Query, QueryRow,     statements of measured hot paths: half of GORM's time for a small statement
//	Exec
//	Pool                 a connection outside every transaction, for session locks
package db

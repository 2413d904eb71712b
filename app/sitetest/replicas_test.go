package sitetest_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// lockInOrder takes two advisory locks in one transaction and calls between before the second one.
func lockInOrder(ctx context.Context, pool *sql.DB, first, second int, between func()) error {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", first); err != nil {
		return err
	}
	between()
	_, err = tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", second)
	return err
}

func TestCountDeadlocks(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, sitetest.Services(t))
	require.Zero(t, s.CountDeadlocks())
	pool, ready, answers := s.Running.Parts.DB.Pool(), make(chan struct{}, 2), make(chan error, 2)
	begin := make(chan struct{})
	for _, order := range [][2]int{{1, 2}, {2, 1}} {
		go func() {
			answers <- lockInOrder(t.Context(), pool, order[0], order[1], func() { ready <- struct{}{}; <-begin })
		}()
	}
	<-ready
	<-ready
	close(begin)
	first, second := <-answers, <-answers
	require.True(t, (first == nil) != (second == nil), "one of them is ended: %v, %v", first, second)
	testkit.Eventually(t, func() bool { return s.CountDeadlocks() == 1 }, "the deadlock is counted")
}

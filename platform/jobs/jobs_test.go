package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/embedded"
	"lyceum/platform/jobs"
	"lyceum/platform/testkit"
)

// newQueue returns a queue with workers on a Redis of its own.
func newQueue(t *testing.T, workers ...jobs.Worker) *jobs.Queue {
	t.Helper()
	server, err := embedded.NewRedis()
	require.NoError(t, err)
	t.Cleanup(server.Close)
	q := jobs.NewQueue(server.URL())
	t.Cleanup(func() { _ = q.Close() })
	require.NoError(t, q.AttachWorkers(workers))
	return q
}

// start runs a queue and returns a function that stops it and waits for it.
func start(t *testing.T, q *jobs.Queue) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { q.Run(ctx); close(ended) }()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return stop
}

// receive returns the next value of a channel, and fails the test if there is none for ten seconds.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	return testkit.Receive(t, from, 10*time.Second)
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

func TestAttachWorkers(t *testing.T) {
	q := jobs.NewQueue("redis://127.0.0.1:1")
	t.Cleanup(func() { _ = q.Close() })
	require.NoError(t, q.AttachWorkers([]jobs.Worker{{Name: "b"}}, []jobs.Worker{{Name: "a"}}))
	require.Equal(t, []string{"a", "b"}, q.WorkerNames())
	err := q.AttachWorkers([]jobs.Worker{{Name: "a"}}, []jobs.Worker{{Name: "a"}})
	require.ErrorContains(t, err, "a has two workers")
}

func TestRun(t *testing.T) {
	t.Parallel()
	t.Run("a queue without workers returns", func(t *testing.T) {
		newQueue(t).Run(t.Context())
	})
	t.Run("a job does not wait for workers that were idle", func(t *testing.T) {
		t.Parallel()
		done := make(chan string, 1)
		q := newQueue(t, jobs.Worker{
			Name: "note", Handle: func(_ context.Context, id string) error { done <- id; return nil },
		})
		start(t, q)
		<-time.After(2 * time.Second) // by now the pauses of the workers are the longest
		enqueued := time.Now()
		q.Enqueue(t.Context(), "note", "1")
		receive(t, done)
		require.Less(t, time.Since(enqueued), 3*time.Second)
	})
	t.Run("jobs get their ids and a deadline", func(t *testing.T) {
		t.Parallel()
		done := make(chan string, 3)
		q := newQueue(t, jobs.Worker{
			Name: "note", Timeout: time.Minute,
			Handle: func(ctx context.Context, id string) error {
				deadline, ok := ctx.Deadline()
				done <- fmt.Sprint(id, ok && time.Until(deadline) <= time.Minute)
				return nil
			},
		})
		q.Enqueue(t.Context(), "note")
		q.Enqueue(t.Context(), "note", "1", "2", "3")
		start(t, q)
		got := []string{receive(t, done), receive(t, done), receive(t, done)}
		require.ElementsMatch(t, []string{"1true", "2true", "3true"}, got)
	})
	t.Run("an error and a panic leave the others alone", func(t *testing.T) {
		t.Parallel()
		done := make(chan string, 1)
		q := newQueue(t, jobs.Worker{Name: "note", MaxFails: 1, Handle: func(_ context.Context, id string) error {
			switch id {
			case "error":
				return errors.New("planted")
			case "panic":
				panic("planted")
			}
			done <- id
			return nil
		}})
		q.Enqueue(t.Context(), "note", "error", "panic", "good")
		start(t, q)
		require.Equal(t, "good", receive(t, done))
	})
}

// A running job finishes while the queue stops.
func TestStopWaitsForJobs(t *testing.T) {
	t.Parallel()
	begun, finish := make(chan string), make(chan struct{})
	var finished atomic.Bool
	q := newQueue(t, jobs.Worker{Name: "slow", Handle: func(ctx context.Context, id string) error {
		begun <- id
		<-finish
		finished.Store(ctx.Err() == nil)
		return nil
	}})
	q.Enqueue(t.Context(), "slow", "1")
	stop := start(t, q)
	receive(t, begun)
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	hasStopped := func() bool { return isClosed(stopped) }
	require.Never(t, hasStopped, 50*time.Millisecond, 5*time.Millisecond, "the queue waits")
	close(finish)
	<-stopped
	require.True(t, finished.Load())
}

// The sweep enqueues what is due, again and again, also after an error and a panic.
func TestSweep(t *testing.T) {
	t.Parallel()
	done := make(chan string, 100)
	var sweeps atomic.Int32
	q := newQueue(t, jobs.Worker{
		Name: "note", Every: 10 * time.Millisecond,
		Sweep: jobs.SweepIDs(func(context.Context) ([]string, error) {
			switch sweeps.Add(1) {
			case 1:
				return nil, errors.New("planted")
			case 2:
				panic("planted")
			case 3:
				return []string{"late"}, nil
			}
			return nil, nil
		}),
		Handle: func(_ context.Context, id string) error { done <- id; return nil },
	})
	start(t, q)
	require.Equal(t, "late", receive(t, done))
}

func TestEnqueueDoesNotWaitForRedis(t *testing.T) {
	q := jobs.NewQueue("redis://127.0.0.1:1")
	t.Cleanup(func() { _ = q.Close() })
	q.Enqueue(t.Context(), "note", "1")
}

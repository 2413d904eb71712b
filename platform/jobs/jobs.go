// Package jobs runs work outside a request, carried by gocraft/work over Redis.
//
// Redis is transport only: what must happen stands in the database, a job is just its id, and a
// sweep enqueues again what the queue lost. Handlers are therefore idempotent by id.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gocraft/work"
	"github.com/gomodule/redigo/redis"
	"go.uber.org/fx"

	"lyceum/platform/lifecycle"
)

// Worker does one kind of job.
type Worker struct {
	// Name of the kind, such as "mail.send".
	Name string
	// Handle does the job with the given id. The context has Timeout as its deadline.
	Handle func(ctx context.Context, id string) error
	// Timeout of one run; a minute when zero.
	Timeout time.Duration
	// MaxFails before the queue gives up on a job; the sweep may bring it back. 4 when zero.
	MaxFails uint
	// Sweep lists ids that are due in the database, so that nothing the queue lost stays undone.
	Sweep func(ctx context.Context) ([]string, error)
	// Every is the pause between sweeps; 20 seconds when zero.
	Every time.Duration
}

// Workers adds what a constructor returns ([]Worker).
func Workers(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"workers"`)))
}

// Params collects the workers of all modules.
type Params struct {
	fx.In
	Groups [][]Worker `group:"workers"`
}

const namespace = "lyceum"

// Queue enqueues and, when started, works.
type Queue struct {
	pool     *redis.Pool
	enqueuer *work.Enqueuer
	workers  []Worker
}

// NewQueue connects lazily to a redis:// or rediss:// URL.
func NewQueue(url string) *Queue {
	pool := &redis.Pool{
		MaxIdle: 8, MaxActive: 64, Wait: true, IdleTimeout: time.Minute,
		Dial: func() (redis.Conn, error) {
			return redis.DialURL(url, redis.DialConnectTimeout(time.Second), redis.DialReadTimeout(3*time.Second), redis.DialWriteTimeout(3*time.Second))
		},
	}
	return &Queue{pool: pool, enqueuer: work.NewEnqueuer(namespace, pool)}
}

// Attach adds workers and refuses two of one name.
func (q *Queue) Attach(groups ...[]Worker) error {
	q.workers = slices.Concat(groups...)
	slices.SortFunc(q.workers, func(a, b Worker) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(q.workers); i++ {
		if q.workers[i].Name == q.workers[i-1].Name {
			return fmt.Errorf("jobs: %s has two workers", q.workers[i].Name)
		}
	}
	return nil
}

// Names lists the kinds of jobs.
func (q *Queue) Names() []string {
	out := make([]string, len(q.workers))
	for i, w := range q.workers {
		out[i] = w.Name
	}
	return out
}

// Enqueue asks for jobs soon. When Redis is away nothing is lost: the sweep finds them.
func (q *Queue) Enqueue(name string, ids ...string) {
	if len(ids) == 0 {
		return
	}
	go func() { // redigo knows no context; the caller must not wait for a frozen Redis.
		for _, id := range ids {
			if _, err := q.enqueuer.Enqueue(name, work.Q{"id": id}); err != nil {
				slog.Debug("jobs not enqueued, the sweep will", "job", name, "id", id, "error", err)
				return
			}
		}
	}()
}

// Run works until ctx ends, then lets jobs in hand finish.
func (q *Queue) Run(ctx context.Context) {
	if len(q.workers) == 0 {
		return
	}
	pool := work.NewWorkerPool(struct{}{}, 4, namespace, q.pool)
	for _, w := range q.workers {
		fails := w.MaxFails
		if fails == 0 {
			fails = 4
		}
		pool.JobWithOptions(w.Name, work.JobOptions{MaxFails: fails, SkipDead: true}, func(j *work.Job) error { return run(ctx, w, j.ArgString("id")) })
	}
	pool.Start()
	var wg sync.WaitGroup
	for _, w := range q.workers {
		if w.Sweep != nil {
			wg.Go(func() { q.sweep(ctx, w) })
		}
	}
	<-ctx.Done()
	wg.Wait()
	pool.Stop()
}

// Close ends the connections.
func (q *Queue) Close() error { return q.pool.Close() }

func run(parent context.Context, w Worker, id string) (err error) {
	timeout := w.Timeout
	if timeout == 0 {
		timeout = time.Minute
	}
	// A job in hand may finish while the process stops, within its own time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(parent), timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			slog.Warn("job failed", "job", w.Name, "id", id, "error", err)
		}
	}()
	return w.Handle(ctx, id)
}

func (q *Queue) sweep(ctx context.Context, w Worker) {
	every := w.Every
	if every == 0 {
		every = 20 * time.Second
	}
	lifecycle.Repeat(ctx, "sweep of "+w.Name, every, func(ctx context.Context) {
		ids, err := w.Sweep(ctx)
		if err != nil && ctx.Err() == nil {
			slog.Warn("sweep failed", "job", w.Name, "error", err)
		}
		q.Enqueue(w.Name, ids...)
	})
}

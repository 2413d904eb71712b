package jobs

import (
	"cmp"
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
	"lyceum/platform/redisconn"
	"lyceum/platform/telemetry"
)

// Job is the id of a row that a worker works on, and what has caused that.
type Job struct {
	ID string
	// Cause is empty for work that no request has asked for.
	Cause telemetry.Cause
}

// Worker does one kind of job.
type Worker struct {
	// Name is the kind of job, such as "mail.send". No two workers have the same.
	Name string
	// Handle does the job with the given id. It must be idempotent: a job may run twice, even at
	// the same time. The context ends after Timeout, and not when the process stops.
	Handle func(ctx context.Context, id string) error
	// Timeout bounds one run. Zero means a minute.
	Timeout time.Duration
	// MaxFails is how often the queue tries a job that returns errors. Zero means 4. The sweep may
	// enqueue it again.
	MaxFails uint
	// Sweep, if set, returns the jobs that are due according to the database, so that a job that the
	// queue lost is done. See SweepIDs for rows that keep no cause.
	Sweep func(ctx context.Context) ([]Job, error)
	// Every is the pause between sweeps. Zero means 20 seconds.
	Every time.Duration
}

// SweepIDs returns a sweep over rows that keep no cause.
func SweepIDs(list func(ctx context.Context) ([]string, error)) func(ctx context.Context) ([]Job, error) {
	return func(ctx context.Context) ([]Job, error) {
		ids, err := list(ctx)
		return newJobs(telemetry.Cause{}, ids), err
	}
}

// newJobs returns the jobs for rows with one cause.
func newJobs(cause telemetry.Cause, ids []string) []Job {
	out := make([]Job, len(ids))
	for i, id := range ids {
		out[i] = Job{ID: id, Cause: cause}
	}
	return out
}

// ProvideWorkers adds the result of a constructor that returns []Worker.
func ProvideWorkers(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"workers"`)))
}

// Params collects the workers of all modules.
type Params struct {
	fx.In
	Groups [][]Worker `group:"workers"`
}

const (
	// findTimeout bounds the search for the server that holds the queue.
	findTimeout = 2 * time.Second
	// concurrency is how many jobs one process runs at the same time.
	concurrency = 4

	defaultTimeout  = time.Minute
	defaultMaxFails = 4
	defaultEvery    = 20 * time.Second
)

// Namespace is the prefix of the Redis keys. Replicas of all versions share it. ClusterNamespace takes its place in a
// cluster: it is a hash tag, as scripts of the queue use several of its keys at once.
const (
	Namespace        = "lyceum"
	ClusterNamespace = "{lyceum}"
)

// Queue enqueues jobs and runs them. Make one with NewQueue, pass it the workers with AttachWorkers, and
// call Run.
type Queue struct {
	// namespace is the prefix of the Redis keys.
	namespace string
	pool      *redis.Pool
	enqueuer  *work.Enqueuer
	workers   []Worker
	enqueues  lifecycle.Tasks
}

// NewQueue returns a queue on the server at a redis:// or rediss:// URL. It connects when it is
// used. The caller closes it.
func NewQueue(url string) *Queue {
	return NewQueueAt(Namespace, func(context.Context) (redisconn.Server, error) {
		return redisconn.Server{URL: url}, nil
	})
}

// NewQueueAt is NewQueue for keys with a prefix on a server that may be another one later. find returns it and is called
// for each connection.
func NewQueueAt(namespace string, find func(context.Context) (redisconn.Server, error)) *Queue {
	pool := &redis.Pool{
		MaxIdle: 8, MaxActive: 64, Wait: true, IdleTimeout: time.Minute,
		Dial: func() (redis.Conn, error) {
			ctx, cancel := context.WithTimeout(context.Background(), findTimeout)
			defer cancel()
			server, err := find(ctx)
			if err != nil {
				return nil, err
			}
			conn, err := redis.DialURL(server.URL, redis.DialConnectTimeout(time.Second), redis.DialTLSConfig(server.TLS),
				redis.DialReadTimeout(3*time.Second), redis.DialWriteTimeout(3*time.Second))
			if err != nil {
				return nil, err
			}
			return &queueConn{Conn: conn}, nil
		},
	}
	// redigo 1.9.3 initializes the pool at its first use, and does so without the lock that Close
	// takes. A use with an ended context initializes it now and opens no connection.
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_, _ = pool.GetContext(ended)
	return &Queue{namespace: namespace, pool: pool, enqueuer: work.NewEnqueuer(namespace, pool)}
}

// AttachWorkers sets the workers. It returns an error if two have the same name.
func (q *Queue) AttachWorkers(groups ...[]Worker) error {
	q.workers = slices.Concat(groups...)
	slices.SortFunc(q.workers, func(a, b Worker) int { return strings.Compare(a.Name, b.Name) })
	// Sorted, so that workers of the same name are neighbors.
	for i := 1; i < len(q.workers); i++ {
		if q.workers[i].Name == q.workers[i-1].Name {
			return fmt.Errorf("jobs: %s has two workers", q.workers[i].Name)
		}
	}
	return nil
}

// WorkerNames returns the names of the workers, sorted.
func (q *Queue) WorkerNames() []string {
	out := make([]string, len(q.workers))
	for i, w := range q.workers {
		out[i] = w.Name
	}
	return out
}

// Enqueue asks for jobs to be run soon, as a part of what ctx belongs to. It returns at once and reports no
// error: if Redis can't be reached, the sweep finds the jobs later.
func (q *Queue) Enqueue(ctx context.Context, name string, ids ...string) {
	q.enqueueJobs(name, newJobs(telemetry.CauseOf(ctx), ids))
}

// enqueueJobs puts jobs into the queue. redigo takes no context, and the caller must not wait for a Redis
// that does not answer. The goroutine ends after the timeouts of the connection.
func (q *Queue) enqueueJobs(name string, due []Job) {
	if len(due) == 0 {
		return
	}
	q.enqueues.Run("enqueue "+name, func(context.Context) {
		for _, j := range due {
			if _, err := q.enqueuer.Enqueue(name, arguments(j)); err != nil {
				slog.Debug("jobs not enqueued, the sweep will enqueue them later", "job", name, "id", j.ID, "error", err)
				return
			}
		}
	})
}

// Run runs jobs and sweeps until ctx ends, then waits for the jobs that are running.
func (q *Queue) Run(ctx context.Context) {
	if len(q.workers) == 0 {
		return
	}
	pool := work.NewWorkerPool(struct{}{}, concurrency, q.namespace, q.pool)
	for _, w := range q.workers {
		options := work.JobOptions{MaxFails: cmp.Or(w.MaxFails, defaultMaxFails), SkipDead: true}
		pool.JobWithOptions(w.Name, options, func(j *work.Job) error { return w.runJob(ctx, readJob(j), j.Fails+1) })
	}
	pool.Start()
	var wg sync.WaitGroup
	for _, w := range q.workers {
		if w.Sweep != nil {
			wg.Go(func() { q.runSweeps(ctx, w) })
		}
	}
	<-ctx.Done()
	wg.Wait()
	pool.Stop()
}

// Close closes the connections to Redis. It waits for jobs that are being enqueued, which ends soon without
// connections.
func (q *Queue) Close() error {
	err := q.pool.Close()
	q.enqueues.Wait()
	return err
}

// runJob does one job. It returns the error of the handler, or one for its panic. A running job goes
// on within its timeout while the process stops.
func (w Worker) runJob(parent context.Context, j Job, attempt int64) (err error) {
	ctx := j.Cause.Attach(context.WithoutCancel(parent))
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(w.Timeout, defaultTimeout))
	defer cancel()
	ctx, span := startJob(ctx, w.Name, j, attempt)
	begun := time.Now()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
		telemetry.EndSpan(span, err)
		observeJob(w.Name, begun, err)
		if err != nil && !errors.Is(err, context.Canceled) {
			slog.WarnContext(ctx, "job failed", "job", w.Name, "id", j.ID, "error", err)
		}
	}()
	return w.Handle(ctx, j.ID)
}

// runSweeps enqueues what is due according to the database, again and again until ctx ends. It
// starts at once, so that jobs that were lost while the process was down do not wait.
func (q *Queue) runSweeps(ctx context.Context, w Worker) {
	lifecycle.RunRepeatedly(ctx, "sweep of "+w.Name, cmp.Or(w.Every, defaultEvery), func(ctx context.Context) {
		due, err := w.Sweep(ctx)
		if err != nil && ctx.Err() == nil {
			slog.Warn("sweep failed", "job", w.Name, "error", err)
		}
		q.enqueueJobs(w.Name, due)
	})
}

// Package batching lets calls that arrive at the same time share one round trip to a database or to
// Redis.
//
// A call that comes alone is made at once; on a busy machine, after the goroutines that are ready to run.
// While it is under way, the calls that arrive gather, and all of them are made together after it. So
// nothing waits for a timer, and the busier a server is, the more calls share a round trip.
package batching

import (
	"errors"
	"runtime"
	"sync"
)

// errNotRun is the outcome of the calls whose batch ended with a panic.
var errNotRun = errors.New("batching: the function did not return")

// Group makes calls in batches, one batch at a time. It is safe for concurrent use, and has no
// goroutine of its own: each batch is run by the caller who began it. Make one with NewGroup.
type Group[T any] struct {
	run func([]T) error

	mu sync.Mutex
	// isRunning is true while a batch is under way. Then next gathers items; it is nil if there are none.
	isRunning bool
	next      *batch[T]
}

// batch is the items that are run together.
type batch[T any] struct {
	items []T
	// turn lets the caller of the first item run the batch.
	turn chan struct{}
	// done is closed when err is there.
	done chan struct{}
	err  error
}

// NewGroup returns a group that calls run for each batch, whose items are in the order of their
// arrival. run notes the outcome of each item in the item, so T is a pointer, and must end by itself:
// every caller waits for it, and so do the callers of the next batch.
func NewGroup[T any](run func(items []T) error) *Group[T] { return &Group[T]{run: run} }

// Do runs an item with others and returns the error of the whole batch.
func (g *Group[T]) Do(item T) error {
	own, isFirst := g.join(item)
	if isFirst {
		<-own.turn
		runtime.Gosched() // callers that are ready to run come first, and join
		g.runBatch(own)
	}
	<-own.done
	return own.err
}

// join adds an item to the next batch and returns it, and whether the item is its first.
func (g *Group[T]) join(item T) (own *batch[T], isFirst bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.next == nil {
		g.next = &batch[T]{turn: make(chan struct{}, 1), done: make(chan struct{}), err: errNotRun}
		if !g.isRunning {
			g.isRunning = true
			g.next.turn <- struct{}{}
		}
	}
	g.next.items = append(g.next.items, item)
	return g.next, len(g.next.items) == 1
}

// runBatch closes a batch to further items, runs it, and gives the turn to the one after it, also if
// run panics.
func (g *Group[T]) runBatch(own *batch[T]) {
	g.mu.Lock()
	g.next = nil
	g.mu.Unlock()
	defer func() {
		close(own.done)
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.next == nil {
			g.isRunning = false
		} else {
			g.next.turn <- struct{}{}
		}
	}()
	own.err = g.run(own.items)
}

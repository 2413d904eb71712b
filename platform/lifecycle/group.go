package lifecycle

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// restartPause is the time between a panic in a background and its next start.
const restartPause = time.Second

// Group runs backgrounds and ends them together. Make one with NewGroup.
type Group struct {
	cancel context.CancelFunc
	ctx    context.Context
	wg     sync.WaitGroup
}

// NewGroup returns an empty group. Its backgrounds have a context of their own: they outlive the
// context of the program's start and end with Stop.
func NewGroup() *Group {
	ctx, cancel := context.WithCancel(context.Background())
	return &Group{cancel: cancel, ctx: ctx}
}

// Start runs a background until the group stops. If it panics, it is started again after a second; if
// it returns, it is not.
func (g *Group) Start(b Background) {
	g.wg.Go(func() {
		for runGuarded(g.ctx, b.Name, b.Run) != nil {
			if !Sleep(g.ctx, restartPause) {
				return
			}
		}
	})
}

// Stop ends all backgrounds and waits until they have returned. It returns false if ctx ends before
// that.
func (g *Group) Stop(ctx context.Context) bool {
	g.cancel()
	done := make(chan struct{})
	go func() { g.wg.Wait(); close(done) }()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// runGuarded calls run and returns the value of its panic, or nil. The panic is logged.
func runGuarded(ctx context.Context, name string, run func(context.Context)) (panicked any) {
	defer func() {
		if panicked = recover(); panicked != nil {
			slog.Error("background work panicked", "name", name, "panic", panicked, "stack", string(debug.Stack()))
		}
	}()
	run(ctx)
	return nil
}

// Package lifecycle lets modules say what has to happen once at a start, and what runs beside the
// server until it stops, without knowing who starts and stops it.
package lifecycle

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"go.uber.org/fx"
)

// Starter runs at every start of a server, after the migrations and before the first request. It
// may run on several replicas at once, so it must be idempotent.
type Starter struct {
	Name string
	Run  func(ctx context.Context) error
}

// Background runs beside the server until its context ends.
type Background struct {
	Name string
	Run  func(ctx context.Context)
}

// Starters adds what a constructor returns ([]Starter).
func Starters(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"starters"`)))
}

// Backgrounds adds what a constructor returns ([]Background).
func Backgrounds(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"backgrounds"`)))
}

// Params collects what all modules gave.
type Params struct {
	fx.In
	Starters    [][]Starter    `group:"starters"`
	Backgrounds [][]Background `group:"backgrounds"`
}

// Group runs backgrounds and ends them together.
type Group struct {
	cancel context.CancelFunc
	ctx    context.Context
	wg     sync.WaitGroup
}

// NewGroup makes an empty group.
func NewGroup() *Group {
	ctx, cancel := context.WithCancel(context.Background())
	return &Group{cancel: cancel, ctx: ctx}
}

// Go starts one background. A panic in it is logged and it starts again, so that one fault does
// not end the process.
func (g *Group) Go(b Background) {
	g.wg.Go(func() {
		for g.ctx.Err() == nil {
			if guarded(g.ctx, b) {
				return
			}
			select {
			case <-g.ctx.Done():
			case <-time.After(time.Second):
			}
		}
	})
}

func guarded(ctx context.Context, b Background) (done bool) {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("background failed", "name", b.Name, "panic", p)
		}
	}()
	b.Run(ctx)
	return true
}

// Stop ends all and waits for them until ctx ends; false when some did not come back in time.
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

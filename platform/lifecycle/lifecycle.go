package lifecycle

import (
	"context"

	"go.uber.org/fx"
)

// Starter runs at every start of a server, after the migrations and before the first request. It
// may run on several replicas at the same time, so it must be idempotent. An error stops the start.
type Starter struct {
	// Name stands before the error of a failed start.
	Name string
	Run  func(ctx context.Context) error
}

// Background runs beside the server until its context ends. It runs on every replica at the same
// time.
type Background struct {
	// Name stands in the log if Run panics.
	Name string
	// Run must return soon after ctx ends: a stop waits for it, but not for long.
	Run func(ctx context.Context)
}

// ProvideStarters adds the result of a constructor that returns []Starter.
func ProvideStarters(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"starters"`)))
}

// ProvideBackgrounds adds the result of a constructor that returns []Background.
func ProvideBackgrounds(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"backgrounds"`)))
}

// Params collects the starters and backgrounds of all modules.
type Params struct {
	fx.In
	Starters    [][]Starter    `group:"starters"`
	Backgrounds [][]Background `group:"backgrounds"`
}

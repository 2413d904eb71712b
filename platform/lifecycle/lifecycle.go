package lifecycle

import (
	"context"

	"go.uber.org/fx"
)

// Starter runs at every start of a server, after the migrations and before the first request. It
// may run on several replicas at the same time, so it must be idempotent. An error stops the start.
type Starter struct {
	Name string
	Run  func(ctx context.Context) error
}

// Background runs beside the server until its context ends.
type Background struct {
	Name string
	Run  func(ctx context.Context)
}

// Starters adds the result of a constructor that returns []Starter.
func Starters(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"starters"`)))
}

// Backgrounds adds the result of a constructor that returns []Background.
func Backgrounds(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"backgrounds"`)))
}

// Params collects the starters and backgrounds of all modules.
type Params struct {
	fx.In
	Starters    [][]Starter    `group:"starters"`
	Backgrounds [][]Background `group:"backgrounds"`
}

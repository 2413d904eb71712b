package httpx

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"

	"lyceum/platform/httpx/expect"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/limit"
)

// BudgetAPI is the budget of every operation that names no other: per signed-in caller, else per
// network address.
const BudgetAPI = "api"

// Budget makes a route count against a budget of its own, by network address, in place of the general one.
func Budget(name string) Option { return func(r *Route) { r.budget = name } }

// Unlimited makes a route count against nothing: what balancers and developers ask all the time.
func Unlimited() Option { return func(r *Route) { r.unlimited = true } }

// budgetOf gives what a route counts against; one that nobody set up is a programmer's mistake.
func (s *Server) budgetOf(r Route) *limit.Budget {
	if r.unlimited || s.o.Limiter == nil { // a server without a limiter is one that tests build
		return nil
	}
	name := BudgetAPI
	if r.budget != "" {
		name = r.budget
	}
	b, ok := s.o.Budgets[name]
	if !ok {
		panic("httpx: no budget is called " + name)
	}
	return &b
}

// countedKey marks a request that was counted when its headers were judged, before its body came.
const countedKey = "lyceum.counted"

// countOnce counts a request, however often its handler is called. What the first call told stays in the headers.
func (s *Server) countOnce(ctx huma.Context, b *limit.Budget) error {
	c := humafiber.Unwrap(ctx).Context()
	if c.UserValue(countedKey) != nil {
		return nil
	}
	err := s.count(ctx.Context(), b, ctx.SetHeader)
	if expect.IsFirst(c) {
		c.SetUserValue(countedKey, true)
	}
	return err
}

// count takes a hit for a request and writes how the budget stands: 429 beyond it. A request whose
// token does not hold counts against its address.
func (s *Server) count(ctx context.Context, b *limit.Budget, set func(k, v string)) error {
	if b == nil {
		return nil
	}
	info := requestinfo.From(ctx)
	who := "address " + info.Network
	if info.Caller.SignedIn() && b.Name == BudgetAPI {
		who = "account " + info.Caller.UserID
	}
	r := s.o.Limiter.Take(ctx, *b, who)
	if r.Off() {
		return nil
	}
	if err := r.Err("Too many requests; wait for the window to end."); err != nil {
		return err
	}
	problem.SetRateLimit(r.State(), set)
	return nil
}

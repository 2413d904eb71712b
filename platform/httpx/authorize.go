package httpx

import (
	"context"

	"lyceum/platform/httpx/expect"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/identity"
	"lyceum/platform/limit"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
)

// authorizeRequest is the middleware that finds the caller, counts the request against its budget and checks the
// access rule.
func (s *Server) authorizeRequest(r Route) func(huma.Context, func(huma.Context)) {
	budget := s.budgetOf(r)
	return func(ctx huma.Context, next func(huma.Context)) {
		c, err := s.auth.authorizeHeader(ctx.Context(), ctx.Header(fiber.HeaderAuthorization), r.access)
		requestinfo.FromContext(ctx.Context()).Route = ctx.Operation().Path
		caller := requestinfo.FromContext(ctx.Context()).Caller
		if err != nil && r.onForbidden != nil && caller.IsSignedIn() {
			r.onForbidden(identity.WithCaller(ctx.Context(), caller), ctx.Param)
		}
		if over := s.countOnce(ctx, budget); over != nil {
			err = over
		}
		if err != nil {
			problem.WriteHuma(ctx, err)
			return
		}
		next(huma.WithContext(ctx, c))
	}
}

// BudgetAPI is the budget of every route that names no other: per signed-in caller, else per network address.
const BudgetAPI = "api"

// budgetOf returns the budget of a route, or nil if its requests are not counted. It panics for a budget that
// does not exist.
func (s *Server) budgetOf(r Route) *limit.Budget {
	if r.isUnlimited || s.o.Limiter == nil { // tests build servers without a limiter
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

// countedKey marks a request that was counted on the call for its headers, before its body came.
const countedKey = "lyceum.counted"

// countOnce counts a request once, also if its handler is called twice. The headers that the first call set stay.
func (s *Server) countOnce(ctx huma.Context, b *limit.Budget) error {
	c := humafiber.Unwrap(ctx).Context()
	if c.UserValue(countedKey) != nil {
		return nil
	}
	err := s.countRequest(ctx.Context(), b, ctx.SetHeader)
	if expect.IsFirstCall(c) {
		c.SetUserValue(countedKey, true)
	}
	return err
}

// countRequest counts a request and sets the headers that show the budget. It returns a rate-limited error beyond the
// budget. A request with an invalid token counts against its address.
func (s *Server) countRequest(ctx context.Context, b *limit.Budget, set func(k, v string)) error {
	if b == nil {
		return nil
	}
	info := requestinfo.FromContext(ctx)
	subject := "address " + info.Network
	if info.Caller.IsSignedIn() && b.Name == BudgetAPI {
		subject = "account " + info.Caller.UserID
	}
	r := s.o.Limiter.TakeHit(ctx, *b, subject)
	if r.IsUnlimited() {
		return nil
	}
	if err := r.RefusalError("Too many requests; wait for the window to end."); err != nil {
		return err
	}
	problem.SetRateLimit(r.ClientLimit(), set)
	return nil
}

package httpx

import (
	"context"
	"strings"
	"time"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/identity"
	"lyceum/platform/tokens"
)

// Gate decides who a request or a socket comes from. Routes use it through their Who; raw routes
// and sockets ask it themselves.
type Gate struct {
	authenticator *tokens.Authenticator
	publicURL     string
	origins       map[string]bool
}

// NewGate makes a gate that trusts browsers on publicURL and the given exact origins.
func NewGate(a *tokens.Authenticator, publicURL string, origins []string) *Gate {
	g := &Gate{a, publicURL, map[string]bool{}}
	for _, o := range origins {
		g.origins[strings.ToLower(o)] = true
	}
	return g
}

// SignIn puts the caller that a token stands for into the context and says when the token runs out.
func (g *Gate) SignIn(ctx context.Context, token string) (context.Context, time.Time, error) {
	caller, claims, err := g.authenticator.Authenticate(ctx, token)
	if err != nil {
		return nil, time.Time{}, err
	}
	return g.As(ctx, caller), claims.ExpiresAt.Time, nil
}

// As puts a caller that was identified otherwise, such as by a ticket, into a request's context.
func (g *Gate) As(ctx context.Context, caller identity.Caller) context.Context {
	known := identity.CallerFrom(ctx)
	caller.IP, caller.UserAgent, caller.RequestID = known.IP, known.UserAgent, known.RequestID
	if info := requestinfo.From(ctx); requestinfo.IsRequest(ctx) {
		info.Caller = caller
	}
	return identity.WithCaller(ctx, caller)
}

// Still gives the caller as the account and session are now, or 401 when they no longer hold.
func (g *Gate) Still(ctx context.Context, userID, sessionID string) (identity.Caller, error) {
	return g.authenticator.Still(ctx, userID, sessionID)
}

// OriginAllowed says whether a browser page of that origin may open a socket: our own, or a
// configured one. No Origin header means no browser (ASVS 4.4.2).
func (g *Gate) OriginAllowed(origin, host string) bool {
	if origin == "" || g.origins[strings.ToLower(origin)] || strings.EqualFold(origin, g.publicURL) {
		return true
	}
	scheme, _, _ := strings.Cut(g.publicURL, "://")
	return strings.EqualFold(origin, scheme+"://"+host)
}

// caller holds a request to the lowest role of its route.
func (g *Gate) caller(ctx context.Context, header string, who Who) (context.Context, error) {
	if who.blind {
		return ctx, nil
	}
	if header == "" {
		if who.role != identity.Anonymous {
			return nil, apperr.Unauthenticated()
		}
		return ctx, nil
	}
	scheme, token, _ := strings.Cut(header, " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, apperr.InvalidToken()
	}
	ctx, _, err := g.SignIn(ctx, token)
	if err != nil {
		return nil, err
	}
	if !identity.CallerFrom(ctx).Can(who.role) {
		return nil, apperr.Forbidden("This needs the role " + string(who.role) + ".")
	}
	return ctx, nil
}

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

// Authenticator finds the caller of a request or socket. The server asks it for typed routes; raw routes and
// sockets ask it themselves.
type Authenticator struct {
	tokens    *tokens.Authenticator
	publicURL string
	// origins are those of CORS_ORIGINS, in lower case.
	origins map[string]bool
}

// NewAuthenticator returns an Authenticator that trusts web pages of publicURL and of the given exact origins.
func NewAuthenticator(t *tokens.Authenticator, publicURL string, origins []string) *Authenticator {
	a := &Authenticator{t, publicURL, map[string]bool{}}
	for _, o := range origins {
		a.origins[strings.ToLower(o)] = true
	}
	return a
}

// SignIn returns ctx with the caller of a token, and when the token expires. It returns an unauthenticated
// error for a token that is not valid.
func (a *Authenticator) SignIn(ctx context.Context, token string) (context.Context, time.Time, error) {
	caller, claims, err := a.tokens.Authenticate(ctx, token)
	if err != nil {
		return nil, time.Time{}, err
	}
	return a.As(ctx, caller), claims.ExpiresAt.Time, nil
}

// As returns the context of a request with a caller who was identified in another way, such as by a ticket. It notes the
// caller in the Info of the request, too, for the log and for a refusal that follows.
func (a *Authenticator) As(ctx context.Context, caller identity.Caller) context.Context {
	known := identity.CallerFrom(ctx)
	caller.IP, caller.UserAgent, caller.RequestID = known.IP, known.UserAgent, known.RequestID
	if info := requestinfo.FromContext(ctx); requestinfo.IsRequest(ctx) {
		info.Caller = caller
	}
	return identity.WithCaller(ctx, caller)
}

// CheckCaller returns the caller as account and session are now. It returns an unauthenticated error if they are no
// longer valid.
func (a *Authenticator) CheckCaller(ctx context.Context, userID, sessionID string) (identity.Caller, error) {
	return a.tokens.CheckSession(ctx, userID, sessionID)
}

// OriginAllowed reports whether a web page of that origin may open a socket: a page of this server or of a configured
// origin. Requests without Origin are not from browsers (ASVS 4.4.2).
func (a *Authenticator) OriginAllowed(origin, host string) bool {
	if origin == "" || a.origins[strings.ToLower(origin)] || strings.EqualFold(origin, a.publicURL) {
		return true
	}
	scheme, _, _ := strings.Cut(a.publicURL, "://")
	return strings.EqualFold(origin, scheme+"://"+host)
}

// authorizeHeader returns ctx with the caller that an Authorization header names, if they may call a route. It
// returns an unauthenticated or a forbidden error if they may not.
func (a *Authenticator) authorizeHeader(ctx context.Context, header string, rule AccessRule) (context.Context, error) {
	if rule.ignoresToken {
		return ctx, nil
	}
	if header == "" {
		if rule.role != identity.Anonymous {
			return nil, apperr.Unauthenticated()
		}
		return ctx, nil
	}
	scheme, token, _ := strings.Cut(header, " ")
	if token = strings.TrimSpace(token); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, apperr.InvalidToken()
	}
	ctx, _, err := a.SignIn(ctx, token)
	if err != nil {
		return nil, err
	}
	if !identity.CallerFrom(ctx).HasRole(rule.role) {
		return nil, apperr.Forbidden("This needs the role " + string(rule.role) + ".")
	}
	return ctx, nil
}

// checkCallerAgain checks a caller again after a body that took its time to arrive, as the role may be lost meanwhile.
func (a *Authenticator) checkCallerAgain(ctx context.Context, rule AccessRule) (context.Context, error) {
	known := identity.CallerFrom(ctx)
	if !known.IsSignedIn() {
		return ctx, nil
	}
	now, err := a.CheckCaller(ctx, known.UserID, known.SessionID)
	if err != nil {
		return nil, err
	}
	if !now.HasRole(rule.role) {
		return nil, apperr.Forbidden("This needs the role " + string(rule.role) + ".")
	}
	return a.As(ctx, now), nil
}

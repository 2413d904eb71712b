package tokens

import (
	"context"

	"lyceum/platform/apperr"
	"lyceum/platform/cache"
	"lyceum/platform/identity"
)

// Authenticator turns an access token into a caller. What a token says is believed only as far
// as its session and its account still hold; both are cached and forgotten when they change, so
// that a request costs no query (ASVS 7.4.1, 8.3.2).
type Authenticator struct {
	tokens   *Tokens
	sessions *cache.Invalidated[string]
	accounts *cache.Invalidated[identity.Account]
}

// NewAuthenticator wires tokens with the owners of sessions and accounts.
func NewAuthenticator(t *Tokens, s identity.Sessions, a identity.Accounts, b cache.Signals) *Authenticator {
	return &Authenticator{
		tokens:   t,
		sessions: cache.NewInvalidated(b, identity.TopicSession, s.Session),
		accounts: cache.NewInvalidated(b, identity.TopicAccount, a.Account),
	}
}

// Authenticate gives the caller that a token stands for: 401 invalid-token for every fault,
// 401 token-expired for a sound one past its time.
func (a *Authenticator) Authenticate(ctx context.Context, token string) (identity.Caller, *Claims, error) {
	claims, err := a.tokens.Verify(token)
	if err != nil {
		return identity.Caller{}, nil, err
	}
	caller, err := a.Still(ctx, claims.Subject, claims.SessionID)
	return caller, claims, err
}

// Still gives the caller of a session as session and account are now: 401 invalid-token once
// either no longer holds. Sockets ask it again and again.
func (a *Authenticator) Still(ctx context.Context, userID, sessionID string) (identity.Caller, error) {
	owner, ok, err := a.sessions.Get(ctx, sessionID)
	if err != nil {
		return identity.Caller{}, err
	}
	if !ok || owner != userID {
		return identity.Caller{}, apperr.InvalidToken()
	}
	account, ok, err := a.accounts.Get(ctx, owner)
	if err != nil {
		return identity.Caller{}, err
	}
	if !ok || !account.Active {
		return identity.Caller{}, apperr.InvalidToken()
	}
	return identity.Caller{UserID: owner, SessionID: sessionID, Role: account.Role}, nil
}

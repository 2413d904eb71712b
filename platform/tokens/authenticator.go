package tokens

import (
	"context"

	"lyceum/platform/apperr"
	"lyceum/platform/cache"
	"lyceum/platform/identity"
)

// Authenticator finds the caller of an access token. Its session must be alive and its account
// active (ASVS 7.4.1, 8.3.2). Both are cached and forgotten when they change, so that a request
// costs no query. It is safe for concurrent use.
type Authenticator struct {
	tokens   *Tokens
	sessions *cache.Invalidated[string]
	accounts *cache.Invalidated[identity.Account]
}

// NewAuthenticator returns an authenticator that asks s for sessions and a for accounts, and
// forgets both when b signals their topics.
func NewAuthenticator(t *Tokens, s identity.Sessions, a identity.Accounts, b cache.Signals) *Authenticator {
	return &Authenticator{
		tokens:   t,
		sessions: cache.NewInvalidated(b, identity.TopicSession, s.Session),
		accounts: cache.NewInvalidated(b, identity.TopicAccount, a.Account),
	}
}

// Authenticate returns the caller and the claims of a token. It returns ProblemTokenExpired for a
// sound token whose time is over, and ProblemInvalidToken for every other fault, also if the
// session has ended or the account is disabled.
func (a *Authenticator) Authenticate(ctx context.Context, token string) (identity.Caller, *Claims, error) {
	claims, err := a.tokens.VerifyToken(token)
	if err != nil {
		return identity.Caller{}, nil, err
	}
	caller, err := a.CheckSession(ctx, claims.Subject, claims.SessionID)
	return caller, claims, err
}

// CheckSession returns the caller of a session with the role that its account has now. It returns
// ProblemInvalidToken if the session has ended, belongs to another account, or its account is
// disabled. Open sockets call it again and again.
func (a *Authenticator) CheckSession(ctx context.Context, userID, sessionID string) (identity.Caller, error) {
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

package auth

import (
	"context"

	"lyceum/platform/apperr"
	"lyceum/platform/cache"
)

// Account is what must be known of an account to let it act.
type Account struct {
	Role     Role
	Active   bool
	Verified bool
}

// Sessions answers whether a session lives and whose it is; modules/auth implements it.
// A session that does not live answers ok false.
type Sessions interface {
	Session(ctx context.Context, id string) (userID string, ok bool, err error)
}

// Accounts answers what an account may do now; modules/users implements it. A missing account
// answers ok false.
type Accounts interface {
	Account(ctx context.Context, id string) (a Account, ok bool, err error)
}

// Topics of the broadcast that tell replicas to look again.
const (
	TopicSession = "auth.session"
	TopicAccount = "auth.account"
)

// Authenticator turns an access token into a caller. What a token says is believed only as far
// as its session and its account still hold; both are cached and forgotten when they change, so
// that a request costs no query (ASVS 7.4.1, 8.3.2).
type Authenticator struct {
	tokens   *Tokens
	sessions *cache.Invalidated[string]
	accounts *cache.Invalidated[Account]
}

// NewAuthenticator wires tokens with the owners of sessions and accounts.
func NewAuthenticator(t *Tokens, s Sessions, a Accounts, b cache.Signals) *Authenticator {
	return &Authenticator{
		tokens:   t,
		sessions: cache.NewInvalidated(b, TopicSession, s.Session),
		accounts: cache.NewInvalidated(b, TopicAccount, a.Account),
	}
}

// Authenticate gives the caller that a token stands for: 401 invalid-token for every fault,
// 401 token-expired for a sound one past its time.
func (a *Authenticator) Authenticate(ctx context.Context, token string) (Caller, *Claims, error) {
	claims, err := a.tokens.Verify(token)
	if err != nil {
		return Caller{}, nil, err
	}
	caller, err := a.Still(ctx, claims.Subject, claims.SessionID)
	return caller, claims, err
}

// Still gives the caller of a session as session and account are now: 401 invalid-token once
// either no longer holds. Sockets ask it again and again.
func (a *Authenticator) Still(ctx context.Context, userID, sessionID string) (Caller, error) {
	owner, ok, err := a.sessions.Get(ctx, sessionID)
	if err != nil {
		return Caller{}, err
	}
	if !ok || owner != userID {
		return Caller{}, apperr.InvalidToken()
	}
	account, ok, err := a.accounts.Get(ctx, owner)
	if err != nil {
		return Caller{}, err
	}
	if !ok || !account.Active {
		return Caller{}, apperr.InvalidToken()
	}
	return Caller{UserID: owner, SessionID: sessionID, Role: account.Role}, nil
}

package identity

import "context"

// Account is the part of an account that decides whether it may act.
type Account struct {
	Role Role
	// Active is false for a disabled account: none of its tokens is accepted.
	Active bool
	// Verified is true once the account has shown that its mail address is its own.
	Verified bool
}

// Sessions finds the owner of a session. The module that owns sessions implements it.
type Sessions interface {
	// Session returns the id of the account that owns the session. It returns ok false if the
	// session has ended or never existed, and an error only if that can't be found out.
	Session(ctx context.Context, id string) (userID string, ok bool, err error)
}

// Accounts finds accounts as they are now. The module that owns accounts implements it.
type Accounts interface {
	// Account returns ok false if there is no such account, and an error only if that can't be
	// found out.
	Account(ctx context.Context, id string) (a Account, ok bool, err error)
}

// Topics of the broadcast that makes replicas forget a session or an account. The message is its
// id.
const (
	TopicSession = "auth.session"
	TopicAccount = "auth.account"
)

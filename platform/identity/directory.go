package identity

import "context"

// Account is what must be known of an account to let it act.
type Account struct {
	Role     Role
	Active   bool
	Verified bool
}

// Sessions answers whose session it is. The module that owns sessions implements it.
type Sessions interface {
	// Session returns the account that owns the session. It returns ok false when the session has ended or never existed.
	Session(ctx context.Context, id string) (userID string, ok bool, err error)
}

// Accounts answers what an account may do now. The module that owns accounts implements it.
type Accounts interface {
	// Account returns ok false when there is no such account.
	Account(ctx context.Context, id string) (a Account, ok bool, err error)
}

// Topics of the broadcast that tell replicas to forget what they know of a session or an account.
const (
	TopicSession = "auth.session"
	TopicAccount = "auth.account"
)

package apptest

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/tokens"
)

// callers are the accounts and sessions of a program without the modules that own these.
type callers struct {
	tokens *tokens.Tokens

	mu sync.Mutex
	// roles are the roles of the accounts by id. An account's id is also the id of its one session.
	roles map[string]identity.Role
	// ids are the accounts that scenarios act as, one for each role.
	ids map[identity.Role]string
}

// WithCallers gives a program without the modules that own accounts and sessions an account of every
// role, which scenarios act as.
func WithCallers() Option {
	return func(s *setup) {
		s.callers = &callers{roles: map[string]identity.Role{}, ids: map[identity.Role]string{}}
		s.parts = append(s.parts, fx.Supply(
			fx.Annotate(s.callers, fx.As(new(identity.Sessions))),
			fx.Annotate(s.callers, fx.As(new(identity.Accounts))),
		))
	}
}

// Session implements identity.Sessions.
func (c *callers) Session(_ context.Context, id string) (userID string, ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok = c.roles[id]
	return id, ok, nil
}

// Account implements identity.Accounts.
func (c *callers) Account(_ context.Context, id string) (a identity.Account, ok bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	role, ok := c.roles[id]
	return identity.Account{Role: role, Active: ok, Verified: ok}, ok, nil
}

// idOf returns the account of a role. The first call makes it.
func (c *callers) idOf(role identity.Role) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids[role] == "" {
		c.ids[role] = ids.New()
		c.roles[c.ids[role]] = role
	}
	return c.ids[role]
}

// CallerID returns the id of the account that scenarios of a role act as.
func (a *App) CallerID(role identity.Role) string { return a.callers.idOf(role) }

// IssueToken returns an access token of the account of a role, and an empty string for callers
// without an account.
func (a *App) IssueToken(t testing.TB, role identity.Role) string {
	t.Helper()
	if role == identity.Anonymous {
		return ""
	}
	require.NotNil(t, a.callers, "the program was started without WithCallers")
	id := a.callers.idOf(role)
	token, _, err := a.callers.tokens.IssueToken(id, id, role)
	require.NoError(t, err)
	return token
}

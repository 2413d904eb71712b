package tokens_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/identity"
	"lyceum/platform/identity/identitytest"
	"lyceum/platform/ids"
	"lyceum/platform/tokens"
)

// directory owns one account and one session, and signals their changes.
type directory struct {
	mu        sync.Mutex
	user      string
	session   string
	hasEnded  bool
	account   identity.Account
	fault     error
	questions int
	listeners map[string][]func(string)
}

func newDirectory() *directory {
	return &directory{
		user: ids.New(), session: ids.New(), listeners: map[string][]func(string){},
		account: identity.Account{Role: identitytest.Member, Active: true},
	}
}

// Session implements identity.Sessions.
func (d *directory) Session(_ context.Context, id string) (string, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.questions++
	return d.user, id == d.session && !d.hasEnded, d.fault
}

// Account implements identity.Accounts.
func (d *directory) Account(_ context.Context, id string) (identity.Account, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.questions++
	return d.account, id == d.user, d.fault
}

// Subscribe implements cache.Signals.
func (d *directory) Subscribe(topic string, fn func(string)) func() {
	d.listeners[topic] = append(d.listeners[topic], fn)
	return func() {}
}

// IsHealthy implements cache.Signals.
func (d *directory) IsHealthy() bool { return true }

// change changes the directory and signals the topic for an id.
func (d *directory) change(topic, id string, fn func()) {
	d.mu.Lock()
	fn()
	d.mu.Unlock()
	for _, listener := range d.listeners[topic] {
		listener(id)
	}
}

func TestAuthenticate(t *testing.T) {
	ts, _, c := newTokens(t)
	d := newDirectory()
	a := tokens.NewAuthenticator(ts, d, d, d)
	token, _, err := ts.IssueToken(d.user, d.session, identitytest.Admin)
	require.NoError(t, err)

	caller, claims, err := a.Authenticate(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, identity.Caller{UserID: d.user, SessionID: d.session, Role: identitytest.Member}, caller)
	require.Equal(t, identitytest.Admin, claims.Role, "the role of the account counts, not that of the token")

	t.Run("again without a question", func(t *testing.T) {
		before := d.questions
		for range 10 {
			_, _, err := a.Authenticate(t.Context(), token)
			require.NoError(t, err)
		}
		require.Equal(t, before, d.questions)
	})
	t.Run("a role that changed", func(t *testing.T) {
		d.change(identity.TopicAccount, d.user, func() { d.account.Role = identitytest.User })
		caller, _, err := a.Authenticate(t.Context(), token)
		require.NoError(t, err)
		require.Equal(t, identitytest.User, caller.Role)
	})
	t.Run("a disabled account", func(t *testing.T) {
		d.change(identity.TopicAccount, d.user, func() { d.account.Active = false })
		_, _, err := a.Authenticate(t.Context(), token)
		require.Equal(t, "invalid-token", code(err))
		d.change(identity.TopicAccount, d.user, func() { d.account.Active = true })
		_, _, err = a.Authenticate(t.Context(), token)
		require.NoError(t, err)
	})
	t.Run("a session that has ended", func(t *testing.T) {
		d.change(identity.TopicSession, d.session, func() { d.hasEnded = true })
		_, _, err := a.Authenticate(t.Context(), token)
		require.Equal(t, "invalid-token", code(err))
		d.change(identity.TopicSession, d.session, func() { d.hasEnded = false })
	})
	t.Run("an expired token", func(t *testing.T) {
		c.now = c.now.Add(time.Hour)
		_, _, err := a.Authenticate(t.Context(), token)
		require.Equal(t, "token-expired", code(err))
	})
}

func TestCheckSession(t *testing.T) {
	ts, _, _ := newTokens(t)
	d := newDirectory()
	a := tokens.NewAuthenticator(ts, d, d, d)
	for name, c := range map[string]struct{ user, session string }{
		"the session of another account": {ids.New(), d.session},
		"an unknown session":             {d.user, ids.New()},
		"no session":                     {d.user, ""},
	} {
		t.Run(name, func(t *testing.T) {
			caller, err := a.CheckSession(t.Context(), c.user, c.session)
			require.Equal(t, "invalid-token", code(err))
			require.Equal(t, identity.Caller{}, caller)
		})
	}
	t.Run("a directory that can't be asked", func(t *testing.T) {
		d := newDirectory()
		d.fault = errors.New("connection refused")
		_, err := tokens.NewAuthenticator(ts, d, d, d).CheckSession(t.Context(), d.user, d.session)
		require.ErrorIs(t, err, d.fault, "this is no reason to sign the caller out")
	})
	t.Run("many at once", func(t *testing.T) {
		errs := make([]error, 16)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, errs[i] = a.CheckSession(context.Background(), d.user, d.session) })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
	})
}

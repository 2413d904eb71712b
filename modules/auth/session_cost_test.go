package auth_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
)

// commands counts what is sent to Redis on behalf of requests that are watched. Limits and signals of
// others go on meanwhile.
type commands struct{ atomic.Int64 }

type watchedKey struct{}

func (c *commands) count(ctx context.Context) {
	if ctx.Value(watchedKey{}) != nil {
		c.Add(1)
	}
}

// DialHook implements redis.Hook.
func (c *commands) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook implements redis.Hook.
func (c *commands) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { c.count(ctx); return next(ctx, cmd) }
}

// ProcessPipelineHook implements redis.Hook.
func (c *commands) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { c.count(ctx); return next(ctx, cmds) }
}

// In the steady state a request is authenticated without asking the database or Redis. Its account and
// its session are asked for once, and again when either changes.
func TestAuthenticatingCostsNoRoundTrip(t *testing.T) {
	t.Parallel()
	var gate *httpx.Authenticator
	var client redis.UniversalClient
	s := sitetest.Start(t, sitetest.Services(t), &gate, &client)
	email, id, token := s.NewAccount("steady")
	admin := s.AdminToken()
	sent := &commands{}
	client.AddHook(sent)
	ctx, queries := db.CountStatements(context.WithValue(t.Context(), watchedKey{}, true))
	require.NoError(t, client.Ping(ctx).Err())
	require.EqualValues(t, 1, sent.Load(), "what is watched is counted")
	signIn := func() identity.Caller {
		in, _, err := gate.SignIn(ctx, token)
		require.NoError(t, err)
		return identity.CallerFrom(in)
	}
	signIn()
	before, spoken := queries.Load(), sent.Load()
	for range 1000 {
		require.Equal(t, id, signIn().UserID)
	}
	require.Equal(t, before, queries.Load(), "queries")
	require.Equal(t, spoken, sent.Load(), "Redis commands")

	s.SetRole(admin, id, "member")
	require.Equal(t, usersapi.RoleMember, signIn().Role)
	require.Equal(t, before+1, queries.Load(), "one look at what has changed")
	s.Want(204, "POST", "/auth/logout-all", token, nil)
	_, _, err := gate.SignIn(ctx, token)
	require.Error(t, err)
	s.Login(email, sitetest.Password)
}

package embedded

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"lyceum/platform/testkit"
)

func newRedisClient(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	require.NoError(t, err)
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestRedis(t *testing.T) {
	server, err := NewRedis()
	require.NoError(t, err)
	t.Cleanup(server.Close)
	require.True(t, strings.HasPrefix(server.URL(), "redis://:"), server.URL())
	client := newRedisClient(t, server.URL())

	t.Run("keys expire", func(t *testing.T) {
		require.NoError(t, client.Set(t.Context(), "short", 1, 100*time.Millisecond).Err())
		require.NoError(t, client.Set(t.Context(), "long", 1, time.Hour).Err())
		testkit.Eventually(t, func() bool { return client.Exists(t.Context(), "short").Val() == 0 }, "the key is gone")
		require.EqualValues(t, 1, client.Exists(t.Context(), "long").Val())
	})
	t.Run("the password keeps out others", func(t *testing.T) {
		_, address, _ := strings.Cut(server.URL(), "@")
		other := newRedisClient(t, "redis://"+address)
		require.ErrorContains(t, other.Get(t.Context(), "long").Err(), "NOAUTH")
	})
	t.Run("servers are apart", func(t *testing.T) {
		second, err := NewRedis()
		require.NoError(t, err)
		defer second.Close()
		require.NotEqual(t, server.URL(), second.URL())
		require.Zero(t, newRedisClient(t, second.URL()).Exists(t.Context(), "long").Val())
	})
}

func TestCloseRedis(t *testing.T) {
	server, err := NewRedis()
	require.NoError(t, err)
	client := newRedisClient(t, server.URL())
	require.NoError(t, client.Ping(t.Context()).Err())
	server.Close()
	require.Error(t, client.Ping(t.Context()).Err())
}

package redisconn_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/redisconn"
	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// open returns a client that is closed at the end of the test.
func open(t *testing.T, url string) *redisconn.Client {
	t.Helper()
	c, err := redisconn.Open(url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestOpenRefuses(t *testing.T) {
	for name, url := range map[string]string{
		"no URL":                "redis://%zz",
		"another scheme":        "http://127.0.0.1",
		"an unknown parameter":  "redis://127.0.0.1?nonsense=1",
		"cluster=false":         "redis://127.0.0.1?cluster=false",
		"an empty master_name":  "redis://127.0.0.1?master_name=",
		"an address of nothing": "redis://127.0.0.1?cluster=true&addr=nowhere",
		"both kinds":            "redis://127.0.0.1?cluster=true&master_name=main",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := redisconn.Open(url)
			require.Error(t, err)
		})
	}
}

// TestOpenRepeatsNoPassword refuses URLs whose password a parser takes for another part, without repeating it.
func TestOpenRepeatsNoPassword(t *testing.T) {
	for _, url := range []string{
		"redis://user:hunter2@127.0.0.1:%zz", "redis://cache:12/hunter2@host:6379", "redis://cache:1/2/hunter2@host:6379",
		"redis://127.0.0.1?master_name=m&password=abc&hunter2", "redis://127.0.0.1?master_name=m&db=hunter2",
		"redis://127.0.0.1?cluster=true&hunter2=x", "redis://127.0.0.1?cluster=hunter2", "hunter2://127.0.0.1",
	} {
		_, err := redisconn.Open(url)
		require.Error(t, err, url)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

// TestFindServerOfOneServer finds the server of the URL itself.
func TestFindServerOfOneServer(t *testing.T) {
	const url = "rediss://user:secret@redis.example.com:6380/3"
	c := open(t, url)
	found, err := c.FindServer(t.Context(), "key")
	require.NoError(t, err)
	require.Equal(t, url, found.URL)
	require.NotNil(t, found.TLS)
	require.False(t, c.IsCluster())
}

// TestFindServerAfterAFailover finds the server that the Sentinel has promoted, and the client itself goes on there.
func TestFindServerAfterAFailover(t *testing.T) {
	url, primary, follower := testkit.OwnRedisSentinel(t)
	c := open(t, url)
	require.NoError(t, c.Set(t.Context(), "key", "value", 0).Err())
	found, err := c.FindServer(t.Context(), "key")
	require.NoError(t, err)
	require.Equal(t, "redis://"+primary.Addr+"/0", found.URL)
	primary.Kill()
	require.Eventually(t, func() bool {
		found, err := c.FindServer(t.Context(), "key")
		return err == nil && found.URL == "redis://"+follower.Addr+"/0"
	}, 15*time.Second, 20*time.Millisecond)
	require.Eventually(t, func() bool { return c.Set(t.Context(), "key", "next", 0).Err() == nil }, 15*time.Second,
		20*time.Millisecond)
}

// TestFindServerWithASentinelThatIsAway asks all Sentinels at once: the first one takes connections and says nothing.
func TestFindServerWithASentinelThatIsAway(t *testing.T) {
	url, primary, _ := testkit.OwnRedisSentinel(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	_, rest, _ := strings.Cut(url, "://")
	addr, _, _ := strings.Cut(rest, "/")
	c := open(t, "redis://"+silent.Addr().String()+"/0?master_name=main&addr="+addr)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	found, err := c.FindServer(ctx, "key")
	require.NoError(t, err)
	require.Equal(t, "redis://"+primary.Addr+"/0", found.URL)
}

// TestFindServerInACluster finds the node of each key: a command for the key is answered there without a redirection.
func TestFindServerInACluster(t *testing.T) {
	url, nodes := testkit.OwnRedisCluster(t)
	c := open(t, url)
	require.True(t, c.IsCluster())
	used := map[string]bool{}
	for _, key := range []string{"a", "b", "c", "d", "e", "f", "{lyceum}"} {
		found, err := c.FindServer(t.Context(), key)
		require.NoError(t, err)
		require.NoError(t, open(t, found.URL).Set(t.Context(), key, "value", 0).Err(), "%s at %s", key, found.URL)
		used[found.URL] = true
	}
	require.Len(t, used, len(nodes))
}

// TestOpenConnectsLater returns a client at once, whose commands fail within the timeout while nobody answers.
func TestOpenConnectsLater(t *testing.T) {
	for _, url := range []string{
		"redis://127.0.0.1:1", "redis://127.0.0.1:1?master_name=main", "redis://127.0.0.1:1?cluster=true",
	} {
		c := open(t, url)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		require.Error(t, c.Ping(ctx).Err(), url)
		require.NoError(t, ctx.Err(), url)
		cancel()
	}
}

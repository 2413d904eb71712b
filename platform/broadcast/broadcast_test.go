package broadcast_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"lyceum/platform/broadcast"
	"lyceum/platform/embedded"
	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// newServer returns a Redis and a function that connects a bus to it and runs the bus.
func newServer(t *testing.T) (server *embedded.Redis, join func() *broadcast.Bus) {
	t.Helper()
	server, err := embedded.NewRedis()
	require.NoError(t, err)
	options, err := redis.ParseURL(server.URL())
	require.NoError(t, err)
	return server, func() *broadcast.Bus {
		client := redis.NewClient(options)
		b := broadcast.New(client)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { b.Run(ctx); close(ended) }()
		t.Cleanup(func() { cancel(); <-ended; _ = client.Close() })
		require.Eventually(t, b.IsHealthy, 5*time.Second, time.Millisecond)
		return b
	}
}

// listen returns the keys that a bus hears of a topic.
func listen(b *broadcast.Bus, topic string) <-chan string {
	keys := make(chan string, 10_000)
	b.Subscribe(topic, func(key string) { keys <- key })
	return keys
}

// requireKey waits for the next key and compares it.
func requireKey(t *testing.T, keys <-chan string, want string) {
	t.Helper()
	select {
	case got := <-keys:
		require.Equal(t, want, got)
	case <-time.After(5 * time.Second):
		require.Fail(t, "no signal came", want)
	}
}

func TestSignal(t *testing.T) {
	server, join := newServer(t)
	t.Cleanup(server.Close)
	one, two := join(), join()
	here, there, other := listen(one, "account"), listen(two, "account"), listen(two, "session")

	one.SendSignal("account", "a")
	require.Len(t, here, 1, "the sender hears it before Signal returns")
	requireKey(t, here, "a")
	requireKey(t, there, "a")

	two.SendSignal("account", "b")
	requireKey(t, here, "b")
	one.SendSignal("session", "s")
	requireKey(t, other, "s")
	require.Len(t, here, 0, "no replica hears its own signal twice, nor other topics")
	require.Len(t, there, 1)
}

func TestSubscribeEnds(t *testing.T) {
	b := broadcast.New(nil)
	heard := 0
	cancel := b.Subscribe("account", func(string) { heard++ })
	b.SendSignal("account", "a")
	cancel()
	b.SendSignal("account", "b")
	require.Equal(t, 1, heard)
}

func TestSignalsBeyondTheQueue(t *testing.T) {
	server, join := newServer(t)
	t.Cleanup(server.Close)
	keys := listen(join(), "account")
	options, err := redis.ParseURL(server.URL())
	require.NoError(t, err)
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })

	late := broadcast.New(client) // it does not run yet, so that its queue fills
	for range 5000 {
		late.SendSignal("account", "x")
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { late.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	requireKey(t, keys, "")
}

func TestLostConnection(t *testing.T) {
	server, join := newServer(t)
	b := join()
	server.Close()
	require.Eventually(t, func() bool { return !b.IsHealthy() }, time.Second, time.Millisecond)
	keys := listen(b, "account")
	b.SendSignal("account", "a")
	requireKey(t, keys, "a")
}

// A payload that is no signal changes nothing, and what follows it is heard.
func TestForeignPayloads(t *testing.T) {
	server, join := newServer(t)
	t.Cleanup(server.Close)
	keys := listen(join(), "account")
	options, err := redis.ParseURL(server.URL())
	require.NoError(t, err)
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	for _, payload := range []string{
		"", "null garbage", "[]", `"account"`, `{"o":7,"t":"account","k":"x"}`, "\xff\x00",
		`{"o":"other","t":"session","k":"s"}`,
		`{"o":"other","t":"account","k":"a"}`,
	} {
		require.NoError(t, client.Publish(t.Context(), "lyceum:broadcast", payload).Err())
	}
	requireKey(t, keys, "a")
	require.Empty(t, keys)
}

// A Redis that hangs closes no connection. Its absence is noticed all the same, and its return makes
// every subscriber hear the empty key.
func TestServerHangsAndReturns(t *testing.T) {
	server := testkit.OwnRedis(t)
	options, err := redis.ParseURL(server.URL)
	require.NoError(t, err)
	options.ContextTimeoutEnabled, options.MaxRetries = true, -1
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = time.Second, time.Second, time.Second
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	b := broadcast.New(client)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { b.Run(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	testkit.Eventually(t, b.IsHealthy, "the bus is connected")

	for _, fault := range []struct{ begin, end func() }{{server.Freeze, server.Thaw}, {server.Kill, server.Start}} {
		keys := listen(b, "account")
		fault.begin()
		testkit.Eventually(t, func() bool { return !b.IsHealthy() }, "the fault is noticed")
		fault.end()
		requireKey(t, keys, "")
		testkit.Eventually(t, b.IsHealthy, "the bus is connected again")
	}
}

// What was signaled before a stop is sent, as other replicas keep their copies until they hear of it.
func TestAStopSendsWhatIsQueued(t *testing.T) {
	server, join := newServer(t)
	t.Cleanup(server.Close)
	heard := listen(join(), "account")
	options, err := redis.ParseURL(server.URL())
	require.NoError(t, err)
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	for n := range 100 {
		leaving := broadcast.New(client)
		leaving.SendSignal("account", strconv.Itoa(n))
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // the queue and the end are there at once
		leaving.Run(ctx)
		requireKey(t, heard, strconv.Itoa(n))
	}
}

package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// TestRedisCluster runs two replicas on a Redis cluster.
func TestRedisCluster(t *testing.T) {
	t.Parallel()
	url, _ := testkit.OwnRedisCluster(t)
	sites := sitetest.StartReplicas(t, 2, "REDIS_URL="+url, "RATE_LIMIT_CHAT=10/1h")
	useAllOfRedis(t, sites, "cluster")
}

// TestRedisSentinel runs two replicas on a Redis server that Sentinels watch, and goes on on the one that they promote.
func TestRedisSentinel(t *testing.T) {
	t.Parallel()
	url, primary, _ := testkit.OwnRedisSentinel(t)
	sites := sitetest.StartReplicas(t, 2, "REDIS_URL="+url, "RATE_LIMIT_CHAT=10/1h")
	useAllOfRedis(t, sites, "before")
	primary.Kill()
	for _, s := range sites {
		require.Eventually(t, func() bool { return s.Call("GET", "/readyz", "", nil).Text("status") == "ready" },
			20*time.Second, 50*time.Millisecond)
	}
	useAllOfRedis(t, sites, "after")
}

// useAllOfRedis uses all that replicas have Redis for: limits that hold over both, signals between them, and jobs.
func useAllOfRedis(t *testing.T, sites []*sitetest.Site, name string) {
	t.Helper()
	a, b := sites[0], sites[1]
	email, id, token := a.NewAccount("redis-" + name)
	a.WaitForMail(email) // which a job sends

	var passed atomic.Int64
	var all sync.WaitGroup
	for n := range 30 {
		all.Go(func() {
			answer := sites[n%2].Call("POST", "/channels/hq/messages", token, map[string]string{"body": fmt.Sprint(name, n)})
			if answer.Status == 201 {
				passed.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 10, passed.Load(), "the limit of messages holds over both replicas")

	c := b.Dial("/ws/channels/hq?token="+token, nil)
	c.Until("welcome")
	began := time.Now()
	a.Want(200, "PATCH", "/admin/users/"+id, a.AdminToken(), `{"status":"disabled"}`)
	require.Equal(t, 4401, c.CloseCode())
	require.Less(t, time.Since(began), 2*time.Second, "the signal")
}

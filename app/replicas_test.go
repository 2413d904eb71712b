package main

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// What one replica changes holds on the other within a second, for requests and open sockets.
func TestReplicasAgreeWithinASecond(t *testing.T) {
	t.Parallel()
	sites := sitetest.StartReplicas(t, 2)
	a, b := sites[0], sites[1]
	admin := a.AdminToken()
	soon := func(what string, holds func() bool) {
		t.Helper()
		require.Eventually(t, holds, time.Second, 20*time.Millisecond, what)
	}
	email, id, token := a.NewAccount("agree")
	b.Want(200, "GET", "/users/me", token, nil)
	a.SetRole(admin, id, "instructor")
	soon("the role", func() bool {
		return b.Call("POST", "/courses", token, `{"title":"On the other one"}`).Status == 201
	})
	c := b.Dial("/ws/channels/hq?token="+token, nil)
	c.Until("welcome")
	sent := a.Want(201, "POST", "/channels/hq/messages", admin, `{"body":"across"}`)
	require.Equal(t, sent.Get("seq"), c.Until("message")["seq"])
	a.Want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"disabled"}`)
	require.Equal(t, 4401, c.CloseCode())
	soon("the account's end", func() bool { return b.Call("GET", "/users/me", token, nil).Status == 401 })
	a.Want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"active"}`)
	session := a.Want(200, "POST", "/auth/login", "", map[string]string{"email": email, "password": sitetest.Password})
	b.Want(200, "GET", "/users/me", session.Text("access_token"), nil)
	a.Want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": session.Text("refresh_token")})
	soon("the logout", func() bool { return b.Call("GET", "/users/me", session.Text("access_token"), nil).Status == 401 })
}

// A frozen Redis tells nobody anything, and closes nothing: what ends on one replica ends on the other all the same.
func TestEndsHoldWhileRedisIsFrozen(t *testing.T) {
	t.Parallel()
	redis := testkit.OwnRedis(t)
	sites := sitetest.StartReplicas(t, 2, "REDIS_URL="+redis.URL)
	a, b := sites[0], sites[1]
	admin := a.AdminToken()
	_, id, token := a.NewAccount("frozen")
	b.Want(200, "GET", "/users/me", token, nil)
	redis.Freeze()
	defer redis.Thaw()
	a.Want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"disabled"}`)
	ended := time.Now()
	require.Eventually(t, func() bool { return b.Call("GET", "/users/me", token, nil).Status == 401 },
		2*time.Second, 20*time.Millisecond)
	t.Logf("after %s", time.Since(ended).Round(time.Millisecond))
}

// One Idempotency-Key on two replicas at once is one course; one refresh token has one successor.
func TestReplicasDoThingsOnce(t *testing.T) {
	t.Parallel()
	sites := sitetest.StartReplicas(t, 2, "RATE_LIMIT_ENABLED=false")
	admin := sites[0].AdminToken()
	for round := range testkit.Rounds(100) {
		created := make([]sitetest.Answer, 10)
		var wg sync.WaitGroup
		for i := range created {
			wg.Go(func() {
				created[i] = sites[i%2].Call("POST", "/courses", admin, `{"title":"Once"}`,
					sitetest.Header{"Idempotency-Key": fmt.Sprint("r", round)})
			})
		}
		wg.Wait()
		login := sites[0].Want(200, "POST", "/auth/login", "",
			map[string]string{"email": "admin@lyceum.local", "password": seed.DemoPassword}).Text("refresh_token")
		refreshed := make([]sitetest.Answer, 20)
		for i := range refreshed {
			wg.Go(func() { refreshed[i] = sites[i%2].Refresh(login) })
		}
		wg.Wait()
		for _, a := range created {
			require.Equal(t, 201, a.Status, "round %d: %s", round, a.Raw)
			require.Equal(t, created[0].Text("id"), a.Text("id"))
		}
		for _, a := range refreshed {
			require.Equal(t, 200, a.Status, "round %d: %s", round, a.Raw)
			require.Equal(t, refreshed[0].Text("refresh_token"), a.Text("refresh_token"))
		}
	}
	require.Equal(t, true, sites[1].Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
}

// Z3: without Redis everything but speed goes on; without the database the answer is 503 at once;
// both heal by themselves.
func TestPartsGoAndComeBack(t *testing.T) {
	t.Parallel()
	vars := sitetest.Services(t)
	redis, postgres := testkit.OwnRedis(t), testkit.OwnPostgres(t)
	vars["REDIS_URL"], vars["DATABASE_URL"] = redis.URL, postgres.URL
	s := sitetest.Start(t, vars)
	admin := s.AdminToken()
	quick := func(method, path, token string, body any, headers ...sitetest.Header) sitetest.Answer {
		t.Helper()
		began := time.Now()
		a := s.Call(method, path, token, body, headers...)
		require.Less(t, time.Since(began), 3*time.Second, "%s %s", method, path)
		return a
	}
	heals := func() {
		t.Helper()
		require.Eventually(t, func() bool { return s.Call("GET", "/readyz", "", nil).Text("status") == "ready" },
			10*time.Second, 100*time.Millisecond)
	}
	for _, fault := range []struct{ fail, mend func() }{{redis.Freeze, redis.Thaw}, {redis.Kill, redis.Start}} {
		fault.fail()
		require.Eventually(t, func() bool { return quick("GET", "/readyz", "", nil).Text("status") == "degraded" },
			10*time.Second, 100*time.Millisecond)
		require.Equal(t, 200, quick("GET", "/users/me", admin, nil).Status)
		require.Equal(t, 201, quick("POST", "/courses", admin, `{"title":"Without Redis"}`).Status)
		require.Equal(t, 201, quick("POST", "/channels/hq/messages", admin, `{"body":"without Redis"}`).Status)
		fault.mend()
		heals()
	}
	for _, fault := range []struct{ fail, mend func() }{
		{postgres.Freeze, postgres.Thaw}, {postgres.Kill, postgres.Start},
	} {
		fault.fail()
		for _, path := range []string{
			"/courses", "/channels/hq", "/notifications", "/storage/assets", "/admin/audit-logs",
			"/admin/audit-logs/verify",
		} {
			a := quick("GET", path, admin, nil)
			require.Equal(t, 503, a.Status, "%s: %s", path, a.Raw)
			require.NotEmpty(t, a.Header.Get("Retry-After"))
		}
		for path, body := range map[string]string{
			"/courses": `{"title":"x"}`, "/invites/redeem": `{"code":"x"}`,
			"/admin/invites/batch": `{"role_to_grant":"member","rows":[{"email":"x@example.com"}]}`,
		} {
			require.Equal(t, 503, quick("POST", path, admin, body).Status, path)
			require.Equal(t, 503, quick("POST", path, admin, body, sitetest.Header{"Idempotency-Key": path}).Status, path)
		}
		require.Equal(t, 503, quick("GET", "/readyz", "", nil).Status)
		require.Equal(t, 200, quick("GET", "/healthz", "", nil).Status)
		fault.mend()
		heals()
		require.Equal(t, 201, quick("POST", "/courses", admin, `{"title":"Healed"}`).Status)
	}
}

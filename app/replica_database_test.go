package main

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/diagnosis"
	"lyceum/platform/testkit"
)

// TestListsFromAReadReplica runs two servers whose lists come from a replica of the database. Whoever has changed something
// through one of them finds it in the lists of the other at once, also when the replica is killed.
func TestListsFromAReadReplica(t *testing.T) {
	t.Parallel()
	primary := testkit.OwnPostgres(t)
	follower := testkit.OwnReplica(t, primary)
	sites := sitetest.StartReplicas(t, 2, "DATABASE_URL="+primary.URL, "DATABASE_REPLICA_URL="+follower.URL, "RATE_LIMIT_ENABLED=false")
	one, other := sites[0], sites[1]
	vars := one.CommandVars()
	vars["DATABASE_REPLICA_URL"] = follower.URL
	admin := one.AdminToken()
	create := func(n int) {
		slug := fmt.Sprintf("course-%d", n)
		one.Want(201, "POST", "/courses", admin, map[string]any{"title": slug, "slug": slug})
		newest := other.Want(200, "GET", "/courses?sort=newest&limit=1&status=draft&q="+slug, admin, nil)
		require.Equal(t, slug, newest.Text("items.0.slug"))
		body := map[string]any{"body": slug}
		one.Want(201, "POST", "/channels/hq/messages", admin, body)
		messages := other.Want(200, "GET", "/channels/hq/messages?limit=1", admin, nil)
		require.Equal(t, slug, messages.Text("items.0.body"))
		entry := other.Want(200, "GET", "/admin/audit-logs?limit=1&action=course.created", admin, nil)
		require.NotEmpty(t, entry.Text("items.0.id"))
	}
	for n := range 15 {
		create(n)
	}
	_, found := askDoctor(t, vars)
	require.True(t, found.has("replica", diagnosis.OK, "up to date"), "%v", found["replica"])
	follower.Kill()
	for n := range 5 {
		create(100 + n)
	}
	status, found := askDoctor(t, vars)
	require.Equal(t, 1, status)
	require.True(t, found.has("replica", diagnosis.Failed, "refused"), "%v", found["replica"])
}

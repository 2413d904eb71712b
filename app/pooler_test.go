package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// TestThroughAPooler runs two servers behind PgBouncer, which gives each transaction to another connection. Both migrate an
// empty database at the same time, and everything that holds a lock works.
func TestThroughAPooler(t *testing.T) {
	t.Parallel()
	pooled := testkit.OwnPgBouncer(t, testkit.Postgres(t))
	vars := map[string]string{"DATA_DIR": t.TempDir(), "DATABASE_URL": pooled}
	var wg sync.WaitGroup
	outs := make([]string, 4)
	for i := range outs {
		wg.Go(func() {
			out, err := ownProgram.Command(t.Context(), vars, "migrate", "up").CombinedOutput()
			outs[i] = fmt.Sprint(string(out), err)
		})
	}
	wg.Wait()
	for _, out := range outs {
		require.True(t, strings.HasSuffix(out, "<nil>"), out)
	}

	sites := sitetest.StartReplicas(t, 2, "DATABASE_URL="+pooled, "DATABASE_MAX_CONNS=40", "RATE_LIMIT_ENABLED=false")
	one, other := sites[0], sites[1]
	sealed := sealThings(one)
	code := one.Invite(sealed.admin, map[string]any{"role_to_grant": "member", "max_uses": 1}).Text("code")
	won := make([]bool, 8)
	tokens := make([]string, len(won))
	for i := range won {
		_, _, tokens[i] = one.NewAccount("pooled-" + string(rune('a'+i)))
	}
	sitetest.CallAtOnce(sites, len(won), func(s *sitetest.Site, i int) { won[i] = s.TryRedeem(tokens[i], code) })
	winners := 0
	for _, has := range won {
		if has {
			winners++
		}
	}
	require.Equal(t, 1, winners, "one use, one winner")
	writeInChat(one, "through a pooler")
	require.Equal(t, "through a pooler", other.Want(200, "GET", "/channels/hq/messages", sealed.admin, nil).Text("items.0.body"))
	one.AddAsset(sealed.admin, "pooled.txt", "text/plain", "a file")
	require.Equal(t, true, other.Want(200, "GET", "/admin/audit-logs/verify", sealed.admin, nil).Get("ok"))

	backupVars, s3 := one.CommandVars(), one.Config.S3
	backupVars["S3_ENDPOINT"], backupVars["S3_BUCKET"] = s3.Endpoint, s3.Bucket
	backupVars["S3_ACCESS_KEY"], backupVars["S3_SECRET_KEY"] = s3.AccessKey, s3.SecretKey
	status, out := lyceum(t, backupVars, "", "backup", filepath.Join(t.TempDir(), "b"))
	require.Equal(t, 0, status, out)
}

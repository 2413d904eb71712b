package sitetest

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
	"lyceum/platform/testkit"
)

// StartReplicas starts n sites on the same real services, as behind a load balancer. Each of more
// is KEY=value.
func StartReplicas(t testing.TB, n int, more ...string) []*Site {
	t.Helper()
	vars := Services(t)
	for _, setting := range more {
		key, value, _ := strings.Cut(setting, "=")
		vars[key] = value
	}
	vars["JWT_KEYS_DIR"] = t.TempDir()
	vars["PUBLIC_URL"] = "http://127.0.0.1:" + testkit.FreePort(t)
	sites := make([]*Site, n)
	for i := range sites {
		own := maps.Clone(vars)
		own["HTTP_ADDR"] = "127.0.0.1:" + testkit.FreePort(t)
		sites[i] = Start(t, own)
		sites[i].URL = "http://" + own["HTTP_ADDR"]
	}
	for i := range sites {
		sites[i].Peers = append(slices.Clone(sites[:i]), sites[i+1:]...)
	}
	return sites
}

// CallAtOnce makes n calls at the same time, spread over the sites, and waits for all of them.
func CallAtOnce(sites []*Site, n int, call func(s *Site, i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { call(sites[i%len(sites)], i) })
	}
	wg.Wait()
}

// CountDeadlocks returns how many deadlocks PostgreSQL has ended in the site's database, and 0 on SQLite,
// which has none. Requests do not show them: their transactions are tried again.
func (s *Site) CountDeadlocks() (n int64) {
	s.T.Helper()
	d := s.Running.Parts.DB
	if d.Dialect() == db.SQLite {
		return 0
	}
	const query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
	require.NoError(s.T, d.Pool().QueryRowContext(s.T.Context(), query).Scan(&n))
	return n
}

package faults

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
	"lyceum/platform/testkit"
)

// installation is a whole Lyceum: replicas behind a balancer, and the services that they stand on.
type installation struct {
	t        *testing.T
	balancer *balancer
	replicas []*replica
	// vars is the configuration that all replicas share.
	vars map[string]string
	// mail is the mail server, and smtp the network before it.
	mail *sitetest.MailServer
	smtp *wire
	// services are what replicas on services share; nil with embedded parts.
	services *services
}

// services are servers of the test's own, with the networks before them.
type services struct {
	postgres, redis, minio               *testkit.Server
	postgresWire, redisWire, storageWire *wire
}

// replica is one process of the installation. It has the same address after each start.
type replica struct {
	addr    string
	vars    map[string]string
	program sitetest.Program
	process *sitetest.Process
}

// newInstallation returns an installation without replicas that mails through a wire.
func newInstallation(t *testing.T) *installation {
	t.Helper()
	i := &installation{t: t, balancer: newBalancer(t), mail: sitetest.StartMailServer(t)}
	i.smtp = newWire(t, i.mail.Address)
	i.vars = map[string]string{
		"PUBLIC_URL": i.balancer.URL, "SMTP_URL": "smtp://" + i.smtp.Addr, "RATE_LIMIT_ENABLED": "false",
		"TRUSTED_PROXIES": "127.0.0.1/32", "JWT_KEYS_DIR": filepath.Join(t.TempDir(), "keys"), "ACCESS_TOKEN_TTL": "5h",
		"ADMIN_EMAIL": "admin@lyceum.local", "ADMIN_PASSWORD": sitetest.AdminPassword, "DEMO": "false",
		"LOG_FORMAT": "json", "SHUTDOWN_DELAY": "500ms",
	}
	return i
}

// startOnServices starts an installation of n replicas of a program on PostgreSQL, Redis and MinIO.
func startOnServices(t *testing.T, n int, p sitetest.Program) *installation {
	t.Helper()
	i := newInstallation(t)
	s := &services{postgres: testkit.OwnPostgres(t), redis: testkit.OwnRedis(t)}
	minio, s3 := testkit.OwnMinIO(t)
	s.minio = minio
	s.postgresWire, s.redisWire = newWire(t, s.postgres.Addr), newWire(t, s.redis.Addr)
	s.storageWire = newWire(t, s3.Endpoint)
	i.services = s
	maps.Copy(i.vars, map[string]string{
		"DATABASE_URL": through(t, s.postgres.URL, s.postgresWire), "REDIS_URL": through(t, s.redis.URL, s.redisWire),
		"S3_ENDPOINT": s.storageWire.Addr, "S3_BUCKET": s3.Bucket, "S3_REGION": s3.Region,
		"S3_ACCESS_KEY": s3.AccessKey, "S3_SECRET_KEY": s3.SecretKey, "S3_USE_TLS": "false",
	})
	for range n {
		i.add(p, t.TempDir())
	}
	i.awaitReady(n)
	return i
}

// startEmbedded starts an installation of one process that keeps everything in a folder.
func startEmbedded(t *testing.T, p sitetest.Program, dir string) *installation {
	t.Helper()
	i := newInstallation(t)
	i.add(p, dir)
	i.awaitReady(1)
	return i
}

// through returns a service's URL with the address of the wire before it.
func through(t *testing.T, raw string, w *wire) string {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	u.Host = w.Addr
	return u.String()
}

// add starts one more replica.
func (i *installation) add(p sitetest.Program, dir string) {
	i.t.Helper()
	r := &replica{addr: "127.0.0.1:" + testkit.FreePort(i.t), vars: maps.Clone(i.vars), program: p}
	r.vars["HTTP_ADDR"], r.vars["DATA_DIR"] = r.addr, dir
	i.replicas = append(i.replicas, r)
	i.start(r)
	i.balancer.Add(r.addr)
}

// start starts a replica that has ended.
func (i *installation) start(r *replica) {
	i.t.Helper()
	r.process = r.program.Launch(i.t, r.vars)
}

// replace ends a replica in good order and starts another program in its place.
func (i *installation) replace(r *replica, p sitetest.Program) {
	i.t.Helper()
	r.process.Stop()
	r.program = p
	i.start(r)
}

// awaitReady waits until the balancer gives requests to n replicas.
func (i *installation) awaitReady(n int) {
	i.t.Helper()
	require.Eventually(i.t, func() bool { return i.balancer.CountReady() == n }, 20*time.Second, 10*time.Millisecond)
}

// signal sends a signal to a replica.
func (r *replica) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	require.NoError(t, r.process.Cmd.Process.Signal(s))
}

// logs returns the end of what each replica has printed since its last start.
func (i *installation) logs() string {
	const kept = 4000
	var all strings.Builder
	for _, r := range i.replicas {
		out := r.process.Out.String()
		fmt.Fprintf(&all, "%s:\n%s\n", r.addr, out[max(0, len(out)-kept):])
	}
	return all.String()
}

// openDatabase opens the database beside the replicas, for what only it can tell.
func (i *installation) openDatabase() *db.DB {
	i.t.Helper()
	o := db.Options{URL: i.vars["DATABASE_URL"], Dir: i.replicas[0].vars["DATA_DIR"], MaxConns: 2}
	d, err := db.Open(context.Background(), o)
	require.NoError(i.t, err)
	i.t.Cleanup(func() { _ = d.Close() })
	return d
}

// countRows returns how many rows of a table meet a condition.
func countRows(t *testing.T, d *db.DB, table, condition string) int {
	t.Helper()
	n, err := tryCount(t.Context(), d, table, condition)
	require.NoError(t, err)
	return n
}

// tryCount is countRows for a database that may be away.
func tryCount(ctx context.Context, d *db.DB, table, condition string) (n int, err error) {
	query := fmt.Sprintf("SELECT count(*) FROM %s WHERE %s", table, condition)
	err = d.Pool().QueryRowContext(ctx, query).Scan(&n)
	return n, err
}

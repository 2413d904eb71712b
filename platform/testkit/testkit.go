package testkit

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"lyceum/platform/testkit/services"
)

// EnvEmbedded set to 1 skips every test of a real service.
const EnvEmbedded = "LYCEUM_TEST_EMBEDDED"

// S3Info tells how to reach an S3 server. The bucket is a unique name; it is not made yet.
type S3Info struct {
	Endpoint, AccessKey, SecretKey, Region, Bucket string
}

// Server is a server that only one test uses. It can be stopped, killed, frozen and started again on
// the same address with the same data.
type Server struct {
	// URL begins with postgres://, redis:// or http://.
	URL string
	// Addr is the host and the port.
	Addr string

	t      testing.TB
	server *services.Server
}

// Stop ends the server in good order.
func (s *Server) Stop() { s.server.Stop() }

// Kill ends the server at once, as a crash would.
func (s *Server) Kill() { s.server.Kill() }

// Freeze makes the server hang with its connections open, until Thaw.
func (s *Server) Freeze() { s.server.Freeze() }

// Thaw ends Freeze.
func (s *Server) Thaw() { s.server.Thaw() }

// Start starts a server that was stopped or killed and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.server.Start(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// process holds what this test process has started itself. All tests of the process use the servers
// in shared.
var process struct {
	mu     sync.Mutex
	dir    *services.Dir
	shared map[string]*services.Server
}

// Main runs the tests of a package without the program's log, and then stops what they started. It
// does not return.
func Main(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	code := m.Run()
	Close()
	os.Exit(code)
}

// Close stops the servers that this process has started. It is for a TestMain that does more than
// Main.
func Close() {
	process.mu.Lock()
	defer process.mu.Unlock()
	for _, s := range process.shared {
		s.Stop()
	}
	if process.dir != nil {
		process.dir.Remove()
	}
	process.shared, process.dir = nil, nil
}

// skipWithoutServices skips the test under LYCEUM_TEST_EMBEDDED=1 and names the missing service.
func skipWithoutServices(t testing.TB, name string) {
	t.Helper()
	if os.Getenv(EnvEmbedded) == "1" {
		t.Skipf("%s=1 leaves out tests that need %s", EnvEmbedded, name)
	}
}

// sharedServer returns the server of that name that the tests of this process share. The first call
// starts it.
func sharedServer(t testing.TB, name string) *services.Server {
	t.Helper()
	process.mu.Lock()
	defer process.mu.Unlock()
	if s := process.shared[name]; s != nil {
		return s
	}
	s, err := startServer(name)
	if err != nil {
		t.Fatal(err)
	}
	if process.shared == nil {
		process.shared = map[string]*services.Server{}
	}
	process.shared[name] = s
	return s
}

// startServer starts a server. The caller holds process.mu.
func startServer(name string) (*services.Server, error) {
	path, err := services.FindProgram(name)
	if err != nil {
		return nil, err
	}
	dir, err := processDir()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return services.StartServer(ctx, name, path, dir)
}

// processDir returns the directory of the servers that this process starts. The caller holds process.mu.
func processDir() (dir *services.Dir, err error) {
	if process.dir == nil {
		process.dir, err = services.NewDir()
	}
	return process.dir, err
}

// startOwn starts a server that ends with the test.
func startOwn(t testing.TB, name string) *Server {
	t.Helper()
	return startOwnKind(t, name, func(ctx context.Context, path string, dir *services.Dir) ([]*services.Server, error) {
		s, err := services.StartServer(ctx, name, path, dir)
		return []*services.Server{s}, err
	})[0]
}

// startOwnKind starts servers that end with the test. start gets the program of a service.
func startOwnKind(
	t testing.TB, name string,
	start func(ctx context.Context, path string, dir *services.Dir) ([]*services.Server, error),
) (all []*Server) {
	t.Helper()
	skipWithoutServices(t, name)
	path, err := services.FindProgram(name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	process.mu.Lock()
	dir, err := processDir()
	var servers []*services.Server
	if err == nil {
		servers, err = start(ctx, path, dir)
	}
	process.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range servers {
		t.Cleanup(s.Stop)
		all = append(all, &Server{URL: s.URL, Addr: s.Addr, t: t, server: s})
	}
	return all
}

// OwnPostgres starts a PostgreSQL server for this test alone. Its URL names the database "postgres".
// It takes about two seconds, so tests that stop no server use Postgres.
func OwnPostgres(t testing.TB) *Server {
	t.Helper()
	return startOwn(t, services.Postgres)
}

// OwnReplica starts a PostgreSQL server for this test alone that follows another one of the test. Its URL names the
// database "postgres".
func OwnReplica(t testing.TB, primary *Server) *Server {
	t.Helper()
	start := func(ctx context.Context, path string, dir *services.Dir) ([]*services.Server, error) {
		s, err := services.StartReplica(ctx, path, dir, primary.server)
		return []*services.Server{s}, err
	}
	return startOwnKind(t, services.Postgres, start)[0]
}

// OwnPgBouncer starts a pooler for this test alone and returns the URL of the same database through it. It pools
// transactions, so a session has another connection for each.
func OwnPgBouncer(t testing.TB, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	start := func(ctx context.Context, path string, dir *services.Dir) ([]*services.Server, error) {
		s, err := services.StartPgBouncer(ctx, path, dir, u.Host)
		return []*services.Server{s}, err
	}
	u.Host = startOwnKind(t, services.PgBouncer, start)[0].Addr
	q := u.Query()
	q.Set("default_query_exec_mode", "exec")
	u.RawQuery = q.Encode()
	return u.String()
}

// OwnRedis starts a Redis server for this test alone.
func OwnRedis(t testing.TB) *Server {
	t.Helper()
	return startOwn(t, services.Redis)
}

// OwnRedisCluster starts a Redis cluster of three nodes for this test alone and returns its URL and the nodes.
func OwnRedisCluster(t testing.TB) (url string, nodes []*Server) {
	t.Helper()
	start := func(ctx context.Context, path string, dir *services.Dir) ([]*services.Server, error) {
		return services.StartRedisCluster(ctx, path, dir, 3)
	}
	nodes = startOwnKind(t, services.Redis, start)
	return fmt.Sprintf("redis://%s?cluster=true&addr=%s&addr=%s", nodes[0].Addr, nodes[1].Addr, nodes[2].Addr), nodes
}

// OwnRedisSentinel starts a Redis server for this test alone, one that follows it, and a Sentinel that promotes the
// follower soon after the server has gone. The URL asks the Sentinel.
func OwnRedisSentinel(t testing.TB) (url string, primary, follower *Server) {
	t.Helper()
	start := func(ctx context.Context, path string, dir *services.Dir) ([]*services.Server, error) {
		primary, follower, sentinel, err := services.StartRedisSentinel(ctx, path, dir)
		return []*services.Server{primary, follower, sentinel}, err
	}
	all := startOwnKind(t, services.Redis, start)
	return "redis://" + all[2].Addr + "/0?master_name=main", all[0], all[1]
}

// OwnMinIO starts a MinIO server for this test alone and tells how to reach it.
func OwnMinIO(t testing.TB) (*Server, S3Info) {
	t.Helper()
	s := startOwn(t, services.MinIO)
	return s, s3Info(s.Addr, services.MinIOUser, services.MinIOPassword)
}

// MinIO returns a unique bucket name on a real MinIO server that tests share.
func MinIO(t testing.TB) S3Info {
	t.Helper()
	skipWithoutServices(t, services.MinIO)
	if addr := os.Getenv(services.EnvS3Endpoint); addr != "" {
		return s3Info(addr, os.Getenv(services.EnvS3AccessKey), os.Getenv(services.EnvS3SecretKey))
	}
	return s3Info(sharedServer(t, services.MinIO).Addr, services.MinIOUser, services.MinIOPassword)
}

// s3Info returns the address and keys of a server with a unique bucket name.
func s3Info(addr, access, secret string) S3Info {
	return S3Info{
		Endpoint: addr, AccessKey: access, SecretKey: secret,
		Region: "us-east-1", Bucket: uniqueName("lyceum-test-"),
	}
}

// Redis starts a Redis server for this test alone and returns its URL. A number on a shared server
// would separate the keys of tests and not their pub/sub channels. Only if there is a TEST_REDIS_URL
// and no redis-server on the machine, it returns a number of its own on that server.
func Redis(t testing.TB) string {
	t.Helper()
	skipWithoutServices(t, services.Redis)
	if base := os.Getenv(services.EnvRedis); base != "" {
		if _, err := services.FindProgram(services.Redis); err != nil {
			return takeRedisNumber(t, base)
		}
	}
	return startOwn(t, services.Redis).URL
}

// Chromium returns the path of a Chromium or Chrome binary.
func Chromium(t testing.TB) string {
	t.Helper()
	skipWithoutServices(t, services.Chromium)
	if path := os.Getenv(services.EnvChromium); path != "" {
		return path
	}
	path, err := services.FindProgram(services.Chromium)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// WebTools returns the folder of the npm packages that check the console and the API document. They are
// installed in it.
func WebTools(t testing.TB) string {
	t.Helper()
	skipWithoutServices(t, services.Node)
	if _, err := services.FindProgram(services.Node); err != nil {
		t.Fatal(err)
	}
	dir, err := services.WebToolsDir()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// takeRedisNumber returns the URL of a database number that no other test has got. The server counts
// them.
func takeRedisNumber(t testing.TB, base string) string {
	t.Helper()
	addr, ok := hostOf(base)
	if !ok {
		t.Fatalf("%s: %q is not a redis:// address", services.EnvRedis, base)
	}
	reply, err := services.RedisCall(t.Context(), addr, "INCR lyceum:test:databases")
	var n int
	if err == nil {
		_, err = fmt.Sscanf(reply, ":%d", &n)
	}
	if err != nil {
		t.Fatalf("%s: %s: %v", services.EnvRedis, reply, err)
	}
	return fmt.Sprintf("redis://%s/%d", addr, n)
}

// Package testkit gives tests the real services that Lyceum runs on: PostgreSQL, Redis, MinIO and
// a browser.
//
// Under `go tool task test` one set of servers is shared by all packages; its addresses come in
// TEST_* variables (see tools/services). A plain `go test ./modules/x` starts what it needs for that
// one process, if the programs are on the machine, and fails otherwise: a test of the real thing
// never skips in silence. LYCEUM_TEST_EMBEDDED=1 (`go tool task test:embedded`) is the one way to
// leave them out, and then each such test says that it was skipped.
//
// A package whose tests use these functions should have
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
//
// which removes what its process started. Without it the servers still end with the process, and
// the next run removes their data.
package testkit

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"lyceum/platform/testkit/services"
)

// EnvEmbedded set to 1 skips every test of a real service.
const EnvEmbedded = "LYCEUM_TEST_EMBEDDED"

// S3Info is how to reach an S3 server. The bucket is a name of this test's own and not made yet.
type S3Info struct {
	Endpoint, AccessKey, SecretKey, Region, Bucket string
}

// Server is a server of one test's own that can be stopped, killed, frozen and started again on
// the same address with the same data.
type Server struct {
	// URL is postgres://…, redis://… or http://….
	URL string
	// Addr is host:port.
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

// process is what this test process has started itself.
var process struct {
	mu     sync.Mutex
	dir    *services.Dir
	shared map[string]*services.Server
}

// Main runs the tests of a package and then stops what they started. It does not return.
func Main(m *testing.M) {
	code := m.Run()
	Close()
	os.Exit(code)
}

// Close stops what this process started, for a TestMain that has more to do than Main.
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

// need skips the test where real services are left out on purpose.
func need(t testing.TB, name string) {
	t.Helper()
	if os.Getenv(EnvEmbedded) == "1" {
		t.Skipf("%s=1 leaves out tests that need %s", EnvEmbedded, name)
	}
}

// shared gives this process's own server of that name, starting it at the first call.
func shared(t testing.TB, name string) *services.Server {
	t.Helper()
	process.mu.Lock()
	defer process.mu.Unlock()
	if s := process.shared[name]; s != nil {
		return s
	}
	s, err := start(name)
	if err != nil {
		t.Fatal(err)
	}
	if process.shared == nil {
		process.shared = map[string]*services.Server{}
	}
	process.shared[name] = s
	return s
}

// start starts a server; process.mu is held.
func start(name string) (*services.Server, error) {
	path, err := services.Find(name)
	if err != nil {
		return nil, err
	}
	if process.dir == nil {
		if process.dir, err = services.NewDir(); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return services.StartServer(ctx, name, path, process.dir)
}

// own starts a server that ends with the test.
func own(t testing.TB, name string) *Server {
	t.Helper()
	need(t, name)
	process.mu.Lock()
	s, err := start(name)
	process.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return &Server{URL: s.URL, Addr: s.Addr, t: t, server: s}
}

// OwnPostgres starts a PostgreSQL server for this test alone; its URL names the database
// "postgres". It takes about two seconds: Postgres is for tests that stop nothing.
func OwnPostgres(t testing.TB) *Server { t.Helper(); return own(t, services.Postgres) }

// OwnRedis starts a Redis server for this test alone.
func OwnRedis(t testing.TB) *Server { t.Helper(); return own(t, services.Redis) }

// OwnMinIO starts a MinIO server for this test alone. Its keys are those that MinIO answers.
func OwnMinIO(t testing.TB) (*Server, S3Info) {
	t.Helper()
	s := own(t, services.MinIO)
	return s, s3Info(s.Addr, services.MinIOUser, services.MinIOPassword)
}

// MinIO gives a bucket name of the test's own on a real MinIO server.
func MinIO(t testing.TB) S3Info {
	t.Helper()
	need(t, services.MinIO)
	if addr := os.Getenv(services.EnvS3Endpoint); addr != "" {
		return s3Info(addr, os.Getenv(services.EnvS3AccessKey), os.Getenv(services.EnvS3SecretKey))
	}
	return s3Info(shared(t, services.MinIO).Addr, services.MinIOUser, services.MinIOPassword)
}

func s3Info(addr, access, secret string) S3Info {
	return S3Info{
		Endpoint: addr, AccessKey: access, SecretKey: secret,
		Region: "us-east-1", Bucket: uniqueName("lyceum-test-"),
	}
}

// Redis gives a Redis server of the test's own: its pub/sub channels, unlike its keys, are not
// kept apart by database numbers. Where only TEST_REDIS_URL is there and no redis-server, it gives
// a database number of the test's own on that server instead.
func Redis(t testing.TB) string {
	t.Helper()
	need(t, services.Redis)
	if base := os.Getenv(services.EnvRedis); base != "" {
		if _, err := services.Find(services.Redis); err != nil {
			return redisNumber(t, base)
		}
	}
	return own(t, services.Redis).URL
}

// Chromium gives the path of a Chromium or Chrome binary.
func Chromium(t testing.TB) string {
	t.Helper()
	need(t, services.Chromium)
	if path := os.Getenv(services.EnvChromium); path != "" {
		return path
	}
	path, err := services.Find(services.Chromium)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func redisNumber(t testing.TB, base string) string {
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

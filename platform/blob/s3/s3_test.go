package s3

import (
	"lyceum/platform/blob/blobtest"

	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/blob"
	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestConformance(t *testing.T) { blobtest.Run(t, newTestStore(t)) }

func configOf(info testkit.S3Info) Config {
	return Config{
		Endpoint: info.Endpoint, Bucket: info.Bucket, Region: info.Region,
		AccessKey: info.AccessKey, SecretKey: info.SecretKey,
	}
}

// newTestStore returns a store with a bucket of its own.
func newTestStore(t *testing.T) *Store {
	t.Helper()
	s, err := New(configOf(testkit.MinIO(t)))
	require.NoError(t, err)
	require.NoError(t, s.PrepareBucket(t.Context()))
	return s
}

func TestNewS3NamesTheKeyThatIsWrong(t *testing.T) {
	good := Config{Endpoint: "localhost:9000", Bucket: "lyceum", AccessKey: "a", SecretKey: "b"}
	for want, change := range map[string]func(*Config){
		"S3_BUCKET":          func(c *Config) { c.Bucket = "No Bucket" },
		"S3_ACCESS_KEY":      func(c *Config) { c.AccessKey = "" },
		"S3_SECRET_KEY":      func(c *Config) { c.SecretKey = "" },
		"S3_ENDPOINT":        func(c *Config) { c.Endpoint = "ftp://localhost" },
		"S3_PUBLIC_ENDPOINT": func(c *Config) { c.PublicEndpoint = "https://cdn.example/path" },
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

// TestSigningNeedsNoNetwork signs for a store that is not there.
func TestSigningNeedsNoNetwork(t *testing.T) {
	s, err := New(Config{
		Endpoint: "127.0.0.1:1", PublicEndpoint: "https://files.example", Bucket: "lyceum", AccessKey: "a", SecretKey: "b",
	})
	require.NoError(t, err)
	for _, signed := range []blob.Signed{
		blobtest.SignGet(t, s, blobtest.NewID(), blob.GetRequest{}), blobtest.SignPut(t, s, blobtest.NewID(), blob.PutRequest{ContentType: "a/b", Size: 1}),
	} {
		if !strings.HasPrefix(signed.URL, "https://files.example/lyceum/") {
			t.Errorf("got %s", signed.URL)
		}
	}
}

func TestPrepareMakesTheBucketHoweverManyStartTogether(t *testing.T) {
	info := testkit.MinIO(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := New(configOf(info))
			if err == nil {
				err = s.PrepareBucket(context.Background())
			}
			if err == nil {
				err = s.Ping(context.Background())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestPrepareLeavesNoProbe(t *testing.T) {
	s := newTestStore(t)
	result, err := s.client.ListObjectsV2(s.bucket, "", "", "", "", 10)
	require.NoError(t, err)
	if len(result.Contents) != 0 {
		t.Errorf("left: %v", result.Contents)
	}
}

func TestPingWithoutABucket(t *testing.T) {
	s, err := New(configOf(testkit.MinIO(t)))
	require.NoError(t, err)
	if err := s.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("got %v", err)
	}
}

func TestPublicBucketsAreRefused(t *testing.T) {
	for action, resource := range map[string]string{"s3:GetObject": "/*", "s3:ListBucket": ""} {
		s := newTestStore(t)
		require.NoError(t, s.client.SetBucketPolicy(t.Context(), s.bucket, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"AWS":["*"]},"Action":["`+action+`"],"Resource":["arn:aws:s3:::`+s.bucket+resource+`"]}]}`))
		if err := s.PrepareBucket(t.Context()); err == nil || !strings.Contains(err.Error(), "by anyone") {
			t.Errorf("%s: %v", action, err)
		}
	}
}

func TestAWrongKeyIsToldAtTheStart(t *testing.T) {
	cfg := configOf(testkit.MinIO(t))
	cfg.SecretKey = "wrong"
	s, err := New(cfg)
	require.NoError(t, err)
	if err := s.PrepareBucket(t.Context()); err == nil || !strings.Contains(err.Error(), "S3_BUCKET") {
		t.Errorf("got %v", err)
	}
}

// everyCall is what must end within 3 s whatever the store does.
func everyCall(s *Store, id string) map[string]func() error {
	ctx := context.Background()
	return map[string]func() error{
		"stat":    func() error { _, err := s.Stat(ctx, id); return err },
		"open":    func() error { _, err := s.Open(ctx, id); return err },
		"prefix":  func() error { _, err := s.ReadPrefix(ctx, id, 4); return err },
		"delete":  func() error { return s.Delete(ctx, id) },
		"ping":    func() error { return s.Ping(ctx) },
		"prepare": func() error { return s.PrepareBucket(ctx) },
	}
}

func failWithin3s(t *testing.T, s *Store, id string) {
	t.Helper()
	var wg sync.WaitGroup
	for name, try := range everyCall(s, id) {
		wg.Go(func() {
			began := time.Now()
			err := try()
			if took := time.Since(began); err == nil || errors.Is(err, blob.ErrNotFound) || took > 3*time.Second {
				t.Errorf("%s: %v after %s", name, err, took)
			}
		})
	}
	wg.Wait()
}

func TestAStoreThatHangsOrIsGoneHoldsNobodyAndHeals(t *testing.T) {
	server, info := testkit.OwnMinIO(t)
	s, err := New(configOf(info))
	require.NoError(t, err)
	require.NoError(t, s.PrepareBucket(t.Context()))
	id := blobtest.NewID()
	blobtest.Put(t, s, id, "content", "text/plain")
	server.Freeze()
	failWithin3s(t, s, id)
	server.Thaw()
	require.NoError(t, s.Ping(t.Context()))
	server.Kill()
	failWithin3s(t, s, id)
	server.Start()
	if b, err := s.ReadPrefix(t.Context(), id, 10); err != nil || string(b) != "content" {
		t.Errorf("after its return: %q, %v", b, err)
	}
}

// TestAStoreThatTakesConnectionsAndSaysNothing is a listener whose backlog accepts for it.
func TestAStoreThatTakesConnectionsAndSaysNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	s, err := New(Config{Endpoint: l.Addr().String(), Bucket: "lyceum", AccessKey: "a", SecretKey: "b"})
	require.NoError(t, err)
	failWithin3s(t, s, blobtest.NewID())
}

// TestForgedWritesAreNoticed keeps F6: the root key that tests use has no policy to stop them.
func TestForgedWritesAreNoticed(t *testing.T) {
	s := newTestStore(t)
	open, err := isForgeable(t.Context(), s)
	if err != nil || !open {
		t.Errorf("a MinIO known to have the fault: %v, %v", open, err)
	}
	result, err := s.client.ListObjectsV2(s.bucket, "", "", "", "", 10)
	if err != nil || len(result.Contents) != 0 {
		t.Errorf("left: %v, %v", result.Contents, err)
	}
}

func TestAStoreThatRefusesForgedWrites(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "AccessDenied", http.StatusForbidden)
	}))
	defer server.Close()
	s, err := New(Config{Endpoint: server.URL, Bucket: "lyceum", AccessKey: "a", SecretKey: "b"})
	require.NoError(t, err)
	if open, err := isForgeable(t.Context(), s); err != nil || open {
		t.Errorf("got %v, %v", open, err)
	}
}

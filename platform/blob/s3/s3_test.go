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
		_, err := New(cfg)
		require.Error(t, err, "%s: got %v", want, err)
		require.Contains(t, err.Error(), want, "%s: got %v", want, err)
	}
}

// TestSigningNeedsNoNetwork signs for a store that is not there.
func TestSigningNeedsNoNetwork(t *testing.T) {
	s, err := New(Config{
		Endpoint:       "127.0.0.1:1",
		PublicEndpoint: "https://files.example",
		Bucket:         "lyceum",
		AccessKey:      "a",
		SecretKey:      "b",
	})
	require.NoError(t, err)
	for _, signed := range []blob.Signed{
		blobtest.SignGet(t, s, blobtest.NewID(), blob.GetRequest{}),
		blobtest.SignPut(t, s, blobtest.NewID(), blob.PutRequest{ContentType: "a/b", Size: 1}),
	} {
		require.True(t, strings.HasPrefix(signed.URL, "https://files.example/lyceum/"), "got %s", signed.URL)
	}
}

func TestPrepareMakesTheBucketHoweverManyStartTogether(t *testing.T) {
	info := testkit.MinIO(t)
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			s, err := New(configOf(info))
			if err == nil {
				err = s.PrepareBucket(context.Background())
			}
			if err == nil {
				err = s.Ping(context.Background())
			}
			errs[i] = err
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
}

func TestPrepareLeavesNoProbe(t *testing.T) {
	s := newTestStore(t)
	result, err := s.client.ListObjectsV2(s.bucket, "", "", "", "", 10)
	require.NoError(t, err)
	require.Empty(t, result.Contents, "left: %v", result.Contents)
}

func TestPingWithoutABucket(t *testing.T) {
	s, err := New(configOf(testkit.MinIO(t)))
	require.NoError(t, err)
	err = s.Ping(t.Context())
	require.Error(t, err)
	require.Contains(t, err.Error(), "does not exist")
}

func TestPublicBucketsAreRefused(t *testing.T) {
	for action, resource := range map[string]string{"s3:GetObject": "/*", "s3:ListBucket": ""} {
		s := newTestStore(t)
		require.NoError(t,
			s.client.SetBucketPolicy(t.Context(), s.bucket, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"AWS":["*"]},"Action":["`+action+`"],"Resource":["arn:aws:s3:::`+s.bucket+resource+`"]}]}`))
		err := s.PrepareBucket(t.Context())
		require.Error(t, err, action)
		require.Contains(t, err.Error(), "by anyone", action)
	}
}

func TestAWrongKeyIsToldAtTheStart(t *testing.T) {
	cfg := configOf(testkit.MinIO(t))
	cfg.SecretKey = "wrong"
	s, err := New(cfg)
	require.NoError(t, err)
	err = s.PrepareBucket(t.Context())
	require.Error(t, err)
	require.Contains(t, err.Error(), "S3_BUCKET")
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
	type result struct {
		name string
		err  error
		took time.Duration
	}
	calls := everyCall(s, id)
	results := make(chan result, len(calls))
	for name, try := range calls {
		go func() {
			began := time.Now()
			results <- result{name, try(), time.Since(began)}
		}()
	}
	for range calls {
		r := <-results
		require.Error(t, r.err, r.name)
		require.NotErrorIs(t, r.err, blob.ErrNotFound, r.name)
		require.LessOrEqual(t, r.took, 3*time.Second, r.name)
	}
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
	b, err := s.ReadPrefix(t.Context(), id, 10)
	require.NoError(t, err, "after its return: %q, %v", b, err)
	require.Equal(t, "content", string(b), "after its return: %q, %v", b, err)
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
	require.NoError(t, err, "a MinIO known to have the fault: %v, %v", open, err)
	require.True(t, open, "a MinIO known to have the fault: %v, %v", open, err)
	result, err := s.client.ListObjectsV2(s.bucket, "", "", "", "", 10)
	require.NoError(t, err, "left: %v, %v", result.Contents, err)
	require.Empty(t, result.Contents, "left: %v, %v", result.Contents, err)
}

func TestAStoreThatRefusesForgedWrites(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "AccessDenied", http.StatusForbidden)
	}))
	defer server.Close()
	s, err := New(Config{Endpoint: server.URL, Bucket: "lyceum", AccessKey: "a", SecretKey: "b"})
	require.NoError(t, err)
	open, err := isForgeable(t.Context(), s)
	require.NoError(t, err, "got %v, %v", open, err)
	require.False(t, open, "got %v, %v", open, err)
}

package blob

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"lyceum/platform/testkit"
)

func TestNewS3NamesTheKeyThatIsWrong(t *testing.T) {
	good := S3Config{Endpoint: "localhost:9000", Bucket: "lyceum", AccessKey: "a", SecretKey: "b"}
	for want, change := range map[string]func(*S3Config){
		"S3_BUCKET":          func(c *S3Config) { c.Bucket = "No Bucket" },
		"S3_ACCESS_KEY":      func(c *S3Config) { c.AccessKey = "" },
		"S3_SECRET_KEY":      func(c *S3Config) { c.SecretKey = "" },
		"S3_ENDPOINT":        func(c *S3Config) { c.Endpoint = "ftp://localhost" },
		"S3_PUBLIC_ENDPOINT": func(c *S3Config) { c.PublicEndpoint = "https://cdn.example/path" },
	} {
		cfg := good
		change(&cfg)
		if _, err := NewS3(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

// TestSigningNeedsNoNetwork signs for a store that is not there.
func TestSigningNeedsNoNetwork(t *testing.T) {
	s, err := NewS3(S3Config{
		Endpoint: "127.0.0.1:1", PublicEndpoint: "https://files.example", Bucket: "lyceum", AccessKey: "a", SecretKey: "b",
	})
	noError(t, err)
	for _, signed := range []Signed{
		signGet(t, s, newID(), GetRequest{}), signPut(t, s, newID(), PutRequest{ContentType: "a/b", Size: 1}),
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
			s, err := NewS3(s3Config(info))
			if err == nil {
				err = s.Prepare(context.Background())
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
	s := newTestS3(t)
	result, err := s.client.ListObjectsV2(s.bucket, "", "", "", "", 10)
	noError(t, err)
	if len(result.Contents) != 0 {
		t.Errorf("left: %v", result.Contents)
	}
}

func TestPingWithoutABucket(t *testing.T) {
	s, err := NewS3(s3Config(testkit.MinIO(t)))
	noError(t, err)
	if err := s.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("got %v", err)
	}
}

func TestPublicBucketsAreRefused(t *testing.T) {
	for action, resource := range map[string]string{"s3:GetObject": "/*", "s3:ListBucket": ""} {
		s := newTestS3(t)
		noError(t, s.client.SetBucketPolicy(t.Context(), s.bucket, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"AWS":["*"]},"Action":["`+action+`"],"Resource":["arn:aws:s3:::`+s.bucket+resource+`"]}]}`))
		if err := s.Prepare(t.Context()); err == nil || !strings.Contains(err.Error(), "by anyone") {
			t.Errorf("%s: %v", action, err)
		}
	}
}

func TestAWrongKeyIsToldAtTheStart(t *testing.T) {
	cfg := s3Config(testkit.MinIO(t))
	cfg.SecretKey = "wrong"
	s, err := NewS3(cfg)
	noError(t, err)
	if err := s.Prepare(t.Context()); err == nil || !strings.Contains(err.Error(), "S3_BUCKET") {
		t.Errorf("got %v", err)
	}
}

// everyCall is what must end within 3 s whatever the store does.
func everyCall(s *S3, id string) map[string]func() error {
	ctx := context.Background()
	return map[string]func() error{
		"stat":    func() error { _, err := s.Stat(ctx, id); return err },
		"open":    func() error { _, err := s.Open(ctx, id); return err },
		"prefix":  func() error { _, err := s.ReadPrefix(ctx, id, 4); return err },
		"delete":  func() error { return s.Delete(ctx, id) },
		"ping":    func() error { return s.Ping(ctx) },
		"prepare": func() error { return s.Prepare(ctx) },
	}
}

func failWithin3s(t *testing.T, s *S3, id string) {
	t.Helper()
	var wg sync.WaitGroup
	for name, try := range everyCall(s, id) {
		wg.Go(func() {
			began := time.Now()
			err := try()
			if took := time.Since(began); err == nil || errors.Is(err, ErrNotFound) || took > 3*time.Second {
				t.Errorf("%s: %v after %s", name, err, took)
			}
		})
	}
	wg.Wait()
}

func TestAStoreThatHangsOrIsGoneHoldsNobodyAndHeals(t *testing.T) {
	server, info := testkit.OwnMinIO(t)
	s, err := NewS3(s3Config(info))
	noError(t, err)
	noError(t, s.Prepare(t.Context()))
	id := newID()
	put(t, s, id, "content", "text/plain")
	server.Freeze()
	failWithin3s(t, s, id)
	server.Thaw()
	noError(t, s.Ping(t.Context()))
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
	noError(t, err)
	defer l.Close()
	s, err := NewS3(S3Config{Endpoint: l.Addr().String(), Bucket: "lyceum", AccessKey: "a", SecretKey: "b"})
	noError(t, err)
	failWithin3s(t, s, newID())
}

// TestForgedWritesAreNoticed keeps F6: the root key that tests use has no policy to stop them.
func TestForgedWritesAreNoticed(t *testing.T) {
	s := newTestS3(t)
	open, err := s.Forgeable(t.Context())
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
	s, err := NewS3(S3Config{Endpoint: server.URL, Bucket: "lyceum", AccessKey: "a", SecretKey: "b"})
	noError(t, err)
	if open, err := s.Forgeable(t.Context()); err != nil || open {
		t.Errorf("got %v, %v", open, err)
	}
}

package blobtest_test

import (
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/blob"
	"lyceum/platform/blob/blobtest"
	"lyceum/platform/blob/folder"
	"lyceum/platform/httpx/problem"
)

// faultyStore is a sound store of which a test replaces single methods.
type faultyStore struct {
	blob.Store
	stat       func(context.Context, string) (blob.Info, error)
	readPrefix func(context.Context, string, int) ([]byte, error)
	put        func(ctx context.Context, id string, r io.Reader, size int64, contentType string) error
	delete     func(context.Context, string) error
	presignPut func(context.Context, string, blob.PutRequest) (blob.Signed, error)
	presignGet func(context.Context, string, blob.GetRequest) (blob.Signed, error)
}

func (s *faultyStore) Stat(ctx context.Context, id string) (blob.Info, error) {
	if s.stat != nil {
		return s.stat(ctx, id)
	}
	return s.Store.Stat(ctx, id)
}

func (s *faultyStore) ReadPrefix(ctx context.Context, id string, n int) ([]byte, error) {
	if s.readPrefix != nil {
		return s.readPrefix(ctx, id, n)
	}
	return s.Store.ReadPrefix(ctx, id, n)
}

func (s *faultyStore) Put(ctx context.Context, id string, r io.Reader, size int64, contentType string) error {
	if s.put != nil {
		return s.put(ctx, id, r, size, contentType)
	}
	return s.Store.Put(ctx, id, r, size, contentType)
}

func (s *faultyStore) Delete(ctx context.Context, id string) error {
	if s.delete != nil {
		return s.delete(ctx, id)
	}
	return s.Store.Delete(ctx, id)
}

func (s *faultyStore) PresignPut(ctx context.Context, id string, p blob.PutRequest) (blob.Signed, error) {
	if s.presignPut != nil {
		return s.presignPut(ctx, id, p)
	}
	return s.Store.PresignPut(ctx, id, p)
}

func (s *faultyStore) PresignGet(ctx context.Context, id string, g blob.GetRequest) (blob.Signed, error) {
	if s.presignGet != nil {
		return s.presignGet(ctx, id, g)
	}
	return s.Store.PresignGet(ctx, id, g)
}

// faults are stores that break one promise, by the name of the test that must find it.
var faults = map[string]func(*faultyStore){
	"put of another size": func(s *faultyStore) {
		s.put = func(ctx context.Context, id string, r io.Reader, _ int64, contentType string) error {
			content, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			return s.Store.Put(ctx, id, strings.NewReader(string(content)), int64(len(content)), contentType)
		}
	},
	"put replaces": func(s *faultyStore) {
		s.put = func(ctx context.Context, id string, r io.Reader, size int64, contentType string) error {
			if _, err := s.Store.Stat(ctx, id); err == nil {
				return nil
			}
			return s.Store.Put(ctx, id, r, size, contentType)
		}
	},
	"delete twice": func(s *faultyStore) {
		s.delete = func(context.Context, string) error { return nil }
	},
	"read a prefix": func(s *faultyStore) {
		s.readPrefix = func(ctx context.Context, id string, n int) ([]byte, error) {
			return s.Store.ReadPrefix(ctx, id, n+1)
		}
	},
	"missing object": func(s *faultyStore) {
		s.stat = func(context.Context, string) (blob.Info, error) { return blob.Info{}, nil }
	},
	"upload and download": func(s *faultyStore) {
		s.stat = func(ctx context.Context, id string) (blob.Info, error) {
			info, err := s.Store.Stat(ctx, id)
			info.ContentType = "text/plain"
			return info, err
		}
	},
	"upload once": func(s *faultyStore) {
		s.presignPut = func(ctx context.Context, id string, p blob.PutRequest) (blob.Signed, error) {
			p.Once = false
			return s.Store.PresignPut(ctx, id, p)
		}
	},
	"upload with a checksum": func(s *faultyStore) {
		s.presignPut = func(ctx context.Context, id string, p blob.PutRequest) (blob.Signed, error) {
			p.SHA256Hex = ""
			return s.Store.PresignPut(ctx, id, p)
		}
	},
	"expired URL": func(s *faultyStore) {
		s.presignGet = func(ctx context.Context, id string, g blob.GetRequest) (blob.Signed, error) {
			g.Expires = time.Hour
			return s.Store.PresignGet(ctx, id, g)
		}
	},
	"how a download is shown": func(s *faultyStore) {
		s.presignGet = func(ctx context.Context, id string, g blob.GetRequest) (blob.Signed, error) {
			g.Filename = ""
			return s.Store.PresignGet(ctx, id, g)
		}
	},
}

// newServedStore returns a store whose URLs lead to a server.
func newServedStore(t *testing.T) *folder.Store {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s, err := folder.Open(t.TempDir(), "http://"+listener.Addr().String(), make([]byte, 32), time.Now)
	require.NoError(t, err)
	app := fiber.New(fiber.Config{
		StreamRequestBody: true, DisableStartupMessage: true, Immutable: true, ErrorHandler: problem.Write,
	})
	app.Get("/objects/:id", s.Handler())
	app.Put("/objects/:id", s.Handler())
	go func() { _ = app.Listener(listener) }()
	t.Cleanup(func() { _ = app.ShutdownWithTimeout(time.Second) })
	return s
}

const faultKey = "BLOBTEST_FAULT"

// runSuite runs one test of the suite in a process of its own and returns its output and whether it passed.
func runSuite(t *testing.T, test, fault string) (output string, passed bool) {
	t.Helper()
	pattern := "^TestHelperSuite$/^" + strings.ReplaceAll(test, " ", "_") + "$"
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run="+pattern)
	cmd.Env = append(os.Environ(), faultKey+"="+fault)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// TestFaultyStoresFail shows that the suite can fail, and that it fails where the fault is.
func TestFaultyStoresFail(t *testing.T) {
	for name := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, passed := runSuite(t, name, "none")
			require.True(t, passed, "a sound store fails: %s", output)
			require.Contains(t, output, "--- PASS: TestHelperSuite/", "the test was run")
			output, passed = runSuite(t, name, name)
			require.False(t, passed, "the fault was not found: %s", output)
		})
	}
}

// TestHelperSuite is what the processes of TestFaultyStoresFail run.
func TestHelperSuite(t *testing.T) {
	fault := os.Getenv(faultKey)
	if fault == "" {
		return
	}
	s := &faultyStore{Store: newServedStore(t)}
	if plant, ok := faults[fault]; ok {
		plant(s)
	}
	blobtest.Run(t, s)
}

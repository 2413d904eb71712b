package blob

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// hands is a clock that tests set.
type hands struct {
	mu     sync.Mutex
	offset time.Duration
}

func (h *hands) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.offset)
}

func (h *hands) forward(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offset += d
}

// newTestFolder serves a folder on a real port, with the settings that the app has.
func newTestFolder(t *testing.T, dir string) (*Folder, *hands) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	clock := &hands{}
	f, err := NewFolder(dir, "http://"+listener.Addr().String(), bytes.Repeat([]byte("s"), 32), clock.now)
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New(fiber.Config{
		StreamRequestBody: true, DisableStartupMessage: true, Immutable: true,
		BodyLimit: 1 << 20, ReadTimeout: 15 * time.Second, ErrorHandler: writeProblem,
	})
	app.Get("/objects/:id", f.Handler())
	app.Put("/objects/:id", f.Handler())
	go app.Listener(listener)
	t.Cleanup(func() { app.ShutdownWithTimeout(time.Second) })
	return f, clock
}

func writeProblem(c *fiber.Ctx, err error) error {
	e, ok := apperr.As(err)
	if !ok {
		e = apperr.ProblemInternalError.New(err.Error())
	}
	status, code, detail := problem.StatusOf(e.Kind), e.Code, e.Detail
	var own *fiber.Error
	if errors.As(err, &own) {
		status, code, detail = own.Code, "from-the-router", own.Message
	}
	c.Status(status)
	if err := c.JSON(fiber.Map{"code": code, "status": status, "detail": detail}); err != nil {
		return err
	}
	c.Set("Content-Type", "application/problem+json")
	return nil
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// reply is a whole HTTP answer.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) code() string {
	var p struct{ Code string }
	json.Unmarshal(r.body, &p) // an empty code is what the test then shows
	return p.Code
}

// call makes a request; a header whose value is empty is left out.
func call(t *testing.T, method, url string, headers map[string]string, body io.Reader, size int64) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		req.ContentLength = size
	}
	for name, value := range headers {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: reading the answer: %v", method, url, err)
	}
	return reply{resp.StatusCode, resp.Header, b}
}

func upload(t *testing.T, s Signed, body string) reply {
	t.Helper()
	return call(t, s.Method, s.URL, s.Headers, strings.NewReader(body), int64(len(body)))
}

func get(t *testing.T, s Signed, headers map[string]string) reply {
	t.Helper()
	return call(t, s.Method, s.URL, headers, nil, 0)
}

func signPut(t *testing.T, s Store, id string, p PutRequest) Signed {
	t.Helper()
	if p.Expires == 0 {
		p.Expires = time.Minute
	}
	signed, err := s.PresignPut(t.Context(), id, p)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func signGet(t *testing.T, s Store, id string, g GetRequest) Signed {
	t.Helper()
	if g.Expires == 0 {
		g.Expires = time.Minute
	}
	signed, err := s.PresignGet(t.Context(), id, g)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func put(t *testing.T, s Store, id, body, contentType string) {
	t.Helper()
	if err := s.Put(t.Context(), id, strings.NewReader(body), int64(len(body)), contentType); err != nil {
		t.Fatal(err)
	}
}

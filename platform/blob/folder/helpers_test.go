package folder

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
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
func newServedStore(t *testing.T, dir string) (*Store, *hands) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	clock := &hands{}
	f, err := Open(dir, "http://"+listener.Addr().String(), bytes.Repeat([]byte("s"), 32), clock.now)
	if err != nil {
		t.Fatal(err)
	}
	app := fiber.New(fiber.Config{
		StreamRequestBody: true, DisableStartupMessage: true, Immutable: true,
		BodyLimit: 1 << 20, ReadTimeout: 15 * time.Second, ErrorHandler: problem,
	})
	app.Get("/objects/:id", f.Handler())
	app.Put("/objects/:id", f.Handler())
	go app.Listener(listener)
	t.Cleanup(func() { app.ShutdownWithTimeout(time.Second) })
	return f, clock
}

func problem(c *fiber.Ctx, err error) error {
	e, ok := apperr.As(err)
	var own *fiber.Error
	if errors.As(err, &own) {
		e = apperr.New(own.Code, "from-the-router", own.Message)
	} else if !ok {
		e = apperr.New(http.StatusInternalServerError, "internal-error", err.Error())
	}
	c.Status(e.Status)
	if err := c.JSON(fiber.Map{"code": e.Code, "status": e.Status, "detail": e.Detail}); err != nil {
		return err
	}
	c.Set("Content-Type", "application/problem+json")
	return nil
}

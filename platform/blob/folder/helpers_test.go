package folder

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// testClock is a clock that tests set.
type testClock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (h *testClock) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.offset)
}

func (h *testClock) forward(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offset += d
}

// newServedStore serves a folder on a real port, with the settings that the app has.
func newServedStore(t *testing.T, dir string) (*Store, *testClock) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	clock := &testClock{}
	f, err := Open(dir, "http://"+listener.Addr().String(), bytes.Repeat([]byte("s"), 32), clock.now)
	require.NoError(t, err)
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

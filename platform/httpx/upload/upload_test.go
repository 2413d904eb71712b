package upload

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/tempfile"
)

var spec = Spec{ContentType: "application/zip", MaxBytes: 10}

// site answers POST /x with what handle returns for the body.
type site struct {
	t        *testing.T
	url      string
	check    func(context.Context) (context.Context, error)
	handle   func(context.Context, *Body) string
	receiver *Receiver
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir, err := tempfile.Open(t.TempDir())
	require.NoError(t, err)
	s := &site{
		t: t, receiver: NewReceiver(dir),
		check: func(ctx context.Context) (context.Context, error) { return ctx, nil },
	}
	app := fiber.New(fiber.Config{DisableStartupMessage: true, StreamRequestBody: true, ErrorHandler: problem.Write})
	app.Use(func(c *fiber.Ctx) error {
		c.SetUserContext(requestinfo.NewContext(context.Background(), &requestinfo.Info{}))
		return c.Next()
	})
	op := huma.Operation{
		Method: http.MethodPost, Path: "/x",
		Middlewares: huma.Middlewares{DrainRefused, func(ctx huma.Context, _ func(huma.Context)) {
			err := s.receiver.ReceiveBody(ctx, spec, s.check, func(work context.Context) {
				_, _ = io.WriteString(ctx.BodyWriter(), s.handle(work, BodyFromContext(work)))
			})
			if err != nil {
				problem.WriteHuma(ctx, err)
			}
		}},
	}
	huma.Register(humafiber.New(app, huma.DefaultConfig("test", "1")), op,
		func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = app.Listener(ln) }()
	t.Cleanup(func() { _ = app.ShutdownWithTimeout(time.Second) })
	s.url = "http://" + ln.Addr().String() + "/x"
	return s
}

// send posts a body and returns status and text of the answer.
func (s *site) send(body io.Reader, headers ...string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url, body)
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", spec.ContentType)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	return answer.StatusCode, string(text)
}

func TestReceive(t *testing.T) {
	for name, body := range map[string]io.Reader{
		"with a length": strings.NewReader("0123456789"),
		"in chunks":     io.MultiReader(strings.NewReader("01234"), strings.NewReader("56789")),
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			var order []string
			s.handle = func(ctx context.Context, b *Body) string {
				b.DeferToEnd(func() { order = append(order, "second") })
				b.DeferToEnd(func() { order = append(order, "first") })
				sum := sha256.Sum256([]byte("0123456789"))
				require.Equal(t, sum[:], requestinfo.FromContext(ctx).BodyDigest)
				require.EqualValues(t, 10, b.Size)
				raw := make([]byte, 10)
				_, err := b.File.ReadAt(raw, 0)
				require.NoError(t, err)
				return string(raw)
			}
			status, text := s.send(body)
			require.Equal(t, 200, status)
			require.Equal(t, "0123456789", text)
			require.Equal(t, []string{"first", "second"}, order)
		})
	}
}

func TestRefusedBodies(t *testing.T) {
	for name, c := range map[string]struct {
		body    io.Reader
		headers []string
		status  int
	}{
		"too long":           {strings.NewReader("0123456789x"), nil, 413},
		"too long in chunks": {io.MultiReader(strings.NewReader("0123456789x")), nil, 413},
		"empty":              {nil, nil, 400},
		"empty in chunks":    {io.MultiReader(), nil, 400},
		"another type":       {strings.NewReader("0"), []string{"Content-Type", "text/plain"}, 415},
		"no type":            {strings.NewReader("0"), []string{"Content-Type", ""}, 415},
		"compressed":         {strings.NewReader("0"), []string{"Content-Encoding", "gzip"}, 415},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.handle = func(context.Context, *Body) string { return "handled" }
			status, text := s.send(c.body, c.headers...)
			require.Equal(t, c.status, status, text)
			require.NotContains(t, text, "handled")
			require.Empty(t, s.receiver.slots, "the slot is free again")
		})
	}
}

func TestTheCallerIsCheckedAgain(t *testing.T) {
	s := newSite(t)
	s.check = func(context.Context) (context.Context, error) { return nil, apperr.Forbidden("The role is lost.") }
	status, text := s.send(strings.NewReader("0123"))
	require.Equal(t, 403, status)
	require.Contains(t, text, "The role is lost.")
}

func TestUploadsWaitForASlot(t *testing.T) {
	s := newSite(t)
	for range maxConcurrent {
		_, err := s.receiver.acquireSlot(t.Context())
		require.NoError(t, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.receiver.acquireSlot(ctx)
	e, ok := apperr.As(err)
	require.True(t, ok)
	require.Equal(t, apperr.KindUnavailable, e.Kind)
	require.Equal(t, slotTime, e.RetryAfter)
	<-s.receiver.slots
	release, err := s.receiver.acquireSlot(t.Context())
	require.NoError(t, err)
	release()
	require.Len(t, s.receiver.slots, maxConcurrent-1)
}

type brokenConn struct{ err error }

func (c brokenConn) SetReadDeadline(time.Time) error { return c.err }

func TestPacedReaderKeepsErrorsOfTheConnection(t *testing.T) {
	broken := errors.New("broken")
	r := &pacedReader{body: strings.NewReader("x"), conn: brokenConn{broken}}
	_, err := io.ReadAll(r)
	require.ErrorIs(t, err, broken)
	require.ErrorIs(t, r.err, broken)
	r = &pacedReader{body: strings.NewReader("x"), conn: brokenConn{}}
	_, err = io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.err, "the end is no error")
}

func TestFromOutsideOfAnUpload(t *testing.T) { require.Nil(t, BodyFromContext(t.Context())) }

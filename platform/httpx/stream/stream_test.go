package stream

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"

	"lyceum/platform/httpx/jsonappend"
	"lyceum/platform/httpx/requestinfo"
)

// get answers one request of a real connection with r.
func get(t *testing.T, method string, r *Response) (*http.Response, []byte, error) {
	t.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Use(func(c *fiber.Ctx) error {
		c.SetUserContext(requestinfo.NewContext(c.UserContext(), &requestinfo.Info{Method: method, ID: "12345678"}))
		return c.Next()
	})
	api := humafiber.New(app, huma.DefaultConfig("test", "1"))
	huma.Register(api, huma.Operation{Method: method, Path: "/x"},
		func(context.Context, *struct{}) (*Response, error) { return r, nil })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = app.Listener(ln) }()
	t.Cleanup(func() { _ = app.ShutdownWithTimeout(time.Second) })
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+ln.Addr().String()+"/x", nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer, body, err
}

func TestStream(t *testing.T) {
	t.Run("whole", func(t *testing.T) {
		answer, body, err := get(t, http.MethodGet,
			New("text/plain", "a b.txt", func(ctx context.Context, w io.Writer) error {
				require.NotNil(t, ctx)
				_, err := io.WriteString(w, "content")
				return err
			}))
		require.NoError(t, err)
		require.Equal(t, "content", string(body))
		require.Equal(t, "text/plain", answer.Header.Get("Content-Type"))
		require.Equal(t, `attachment; filename="a b.txt"`, answer.Header.Get("Content-Disposition"))
	})
	t.Run("HEAD writes nothing", func(t *testing.T) {
		_, body, err := get(t, http.MethodHead, New("text/plain", "a.txt", nil))
		require.NoError(t, err)
		require.Empty(t, body)
	})
	for name, end := range map[string]func() error{
		"an error cuts the connection": func() error { return errors.New("broken") },
		"a panic cuts the connection":  func() error { panic("broken") },
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := get(t, http.MethodGet, New("text/plain", "a.txt", func(_ context.Context, w io.Writer) error {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return err
				}
				return end()
			}))
			require.Error(t, err, "the client must not take a part for the whole")
		})
	}
}

type number string

func (n number) AppendJSON(b []byte) []byte { return append(b, n...) }

func TestLines(t *testing.T) {
	answer, body, err := get(t, http.MethodGet,
		NewLines("n.ndjson", func(_ context.Context, line func(jsonappend.Value) error) error {
			return errors.Join(line(number("1")), line(number("22")))
		}))
	require.NoError(t, err)
	require.Equal(t, "1\n22\n", string(body))
	require.Equal(t, LinesType, answer.Header.Get("Content-Type"))
}

func TestPrefersLines(t *testing.T) {
	require.True(t, PrefersLines(requestinfo.NewContext(t.Context(), &requestinfo.Info{PreferredType: LinesType})))
	require.False(t, PrefersLines(t.Context()))
}

package httpx

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"lyceum/platform/httpx/jsonappend"
	"lyceum/platform/httpx/requestinfo"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
)

// Times of a stream: progress is what counts, up to a bound that no honest one meets.
const (
	streamStall = 30 * time.Second
	streamTime  = time.Hour
)

// Streamed is an answer that is written while it is read; it is never held whole.
type Streamed = huma.StreamResponse

// Stream answers with what fn writes, as a file of that name. fn runs after the handler, with a context of
// its own; as the status is out by then, an error of it cuts the connection, so that nobody takes half for all.
func Stream(contentType, name string, fn func(ctx context.Context, w io.Writer) error) *Streamed {
	return &Streamed{Body: func(h huma.Context) {
		c := humafiber.Unwrap(h)
		c.Set(fiber.HeaderContentType, contentType)
		c.Set(fiber.HeaderContentDisposition, fmt.Sprintf("attachment; filename=%q", name))
		if requestinfo.IsHead(h.Context()) {
			return
		}
		// The connection itself: when the client leaves, the server lets go of the request, and may give it to another,
		// before the writer notices.
		ctx, conn, id := context.WithoutCancel(h.Context()), c.Context().Conn(), requestinfo.From(h.Context()).ID
		c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
			ctx, cancel := context.WithTimeout(ctx, streamTime)
			defer cancel()
			if err := pour(ctx, &paced{w, conn}, fn); err != nil {
				slog.Info("a stream was cut", "request_id", id, "error", err)
				_ = conn.Close()
			}
		})
	}}
}

const linesType = "application/x-ndjson"

// WantsLines says whether the caller asks for ndjson rather than JSON.
func WantsLines(ctx context.Context) bool { return requestinfo.Prefers(ctx, linesType) }

// Lines answers with a file of that name that has one JSON value a line, as it is written.
func Lines(name string, fn func(ctx context.Context, line func(v jsonappend.Value) error) error) *Streamed {
	return Stream(linesType, name, func(ctx context.Context, w io.Writer) error {
		var b []byte
		return fn(ctx, func(v jsonappend.Value) error {
			b = append(v.AppendJSON(b[:0]), '\n')
			_, err := w.Write(b)
			return err
		})
	})
}

func pour(ctx context.Context, w *paced, fn func(context.Context, io.Writer) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if err := fn(ctx, w); err != nil {
		return err
	}
	return w.w.Flush()
}

// paced grants the client time for each piece.
type paced struct {
	w    *bufio.Writer
	conn net.Conn
}

func (p *paced) Write(b []byte) (int, error) {
	if err := p.conn.SetWriteDeadline(time.Now().Add(streamStall)); err != nil {
		return 0, err
	}
	return p.w.Write(b)
}

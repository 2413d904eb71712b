// Package stream answers with content that is written while the client reads it: exports, archives,
// lists without pages. A stream is never held in memory as a whole. It may go on for as long as the
// client reads: every write gets a deadline of its own, StallTime ahead, instead of one deadline
// for the whole answer.
package stream

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"lyceum/platform/httpx/jsonappend"
	"lyceum/platform/httpx/requestinfo"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
)

// Bounds of bodies that take long, in either direction (ASVS 15.1.3).
const (
	// StallTime is how long a body may make no progress, in either direction.
	StallTime = 30 * time.Second
	// MaxTime bounds a whole body, so that a client that reads a byte now and then ends at some
	// time.
	MaxTime = time.Hour
)

// Response is an answer that is streamed. Handlers return it in place of a typed body.
type Response = huma.StreamResponse

// New returns an answer whose content write writes, as a file of that name. write runs after the
// handler has returned, with a context that ends after MaxTime. The status has been sent by then,
// so an error or a panic of write cuts the connection: the client must not take a part for the
// whole. A HEAD request gets the headers, and write is not called.
func New(contentType, name string, write func(ctx context.Context, w io.Writer) error) *Response {
	return &Response{Body: func(h huma.Context) {
		c := humafiber.Unwrap(h)
		c.Set(fiber.HeaderContentType, contentType)
		c.Set(fiber.HeaderContentDisposition, fmt.Sprintf("attachment; filename=%q", name))
		if requestinfo.IsHead(h.Context()) {
			return
		}
		// The writer uses the connection itself: if the client leaves, the server may reuse the
		// request context for another request before the writer notices.
		ctx, conn, id := context.WithoutCancel(h.Context()), c.Context().Conn(), requestinfo.FromContext(h.Context()).ID
		c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
			ctx, cancel := context.WithTimeout(ctx, MaxTime)
			defer cancel()
			if err := writeAll(ctx, &pacedWriter{w, conn}, write); err != nil {
				slog.InfoContext(ctx, "stream cut, the client has a part of it", "request_id", id, "error", err)
				_ = conn.Close()
			}
		})
	}}
}

// LinesType is the media type of one JSON value a line.
const LinesType = "application/x-ndjson"

// PrefersLines reports whether the client prefers LinesType over JSON.
func PrefersLines(ctx context.Context) bool { return requestinfo.PrefersType(ctx, LinesType) }

// NewLines returns an answer with one JSON value a line, as a file of that name. write gets a
// function that writes one line.
func NewLines(name string, write func(ctx context.Context, line func(v jsonappend.Value) error) error) *Response {
	return New(LinesType, name, func(ctx context.Context, w io.Writer) error {
		var b []byte
		return write(ctx, func(v jsonappend.Value) error {
			b = append(v.AppendJSON(b[:0]), '\n')
			_, err := w.Write(b)
			return err
		})
	})
}

// writeAll runs write and flushes the buffer. It returns a panic of write as an error: the
// goroutine is not the server's, so nobody else recovers it.
func writeAll(ctx context.Context, w *pacedWriter, write func(context.Context, io.Writer) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if err := write(ctx, w); err != nil {
		return err
	}
	return w.w.Flush()
}

// pacedWriter gives the client StallTime to take each write.
type pacedWriter struct {
	w    *bufio.Writer
	conn interface{ SetWriteDeadline(t time.Time) error }
}

// Write implements io.Writer. It sets the deadline of the connection anew.
func (w *pacedWriter) Write(b []byte) (int, error) {
	if err := w.conn.SetWriteDeadline(time.Now().Add(StallTime)); err != nil {
		return 0, err
	}
	return w.w.Write(b)
}

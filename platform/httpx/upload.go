package httpx

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/expect"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/httpx/stream"
	"lyceum/platform/identity"
	"lyceum/platform/tempfile"
)

// Bounds of uploads beside the size of each.
const (
	// uploadSlots is how many one process takes at a time, their handlers included.
	uploadSlots = 2
	// uploadWait is how long another waits for a slot before it is sent away.
	uploadWait = 10 * time.Second
	// lingerTime and lingerPause bound how long a refused body is read on.
	lingerTime  = 2 * time.Second
	lingerPause = 500 * time.Millisecond
)

// upload is the body that a route takes instead of JSON.
type upload struct {
	contentType string
	maxBytes    int64
}

// Upload makes a route take one file of a type as its body, up to maxBytes. It is written to the disk while
// it arrives, for as long as it goes on arriving, and the handler finds it with UploadFrom. Such a handler
// has an hour, and no parameters in its path.
func Upload(contentType string, maxBytes int64) Option {
	return func(r *Route) {
		if strings.Contains(r.op.Path, "{") {
			panic("httpx: an upload has no parameters in its path: " + r.op.Path)
		}
		most := int(maxBytes)
		r.upload = &upload{contentType, maxBytes}
		r.op.RequestBody = &huma.RequestBody{Required: true, Description: fmt.Sprintf("At most %d bytes; may be sent in chunks.", maxBytes),
			Content: map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary", ContentEncoding: "binary", MaxLength: &most,
				Description: "The file itself, not encoded"}}}}
	}
}

// Uploaded is a body that has arrived whole.
type Uploaded struct {
	// File holds it; it ends with the request.
	File *tempfile.File
	Size int64

	sum  [sha256.Size]byte
	ends []func()
}

// Defer runs fn when the request ends, after its transaction if it has one.
func (u *Uploaded) Defer(fn func()) { u.ends = append(u.ends, fn) }

func (u *Uploaded) end() {
	for i := len(u.ends) - 1; i >= 0; i-- {
		u.ends[i]()
	}
	_ = u.File.Close()
}

type uploadKey struct{}

// UploadFrom gives the file of an Upload route, nil on every other.
func UploadFrom(ctx context.Context) *Uploaded {
	u, _ := ctx.Value(uploadKey{}).(*Uploaded)
	return u
}

// receive takes the file in: 415, 413, 400 and 422, in this order, as guardBody does for JSON.
func (s *Server) receive(r Route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if err := s.take(ctx, r, next); err != nil {
			problem.WriteHuma(ctx, err)
		}
	}
}

func (s *Server) take(ctx huma.Context, r Route, next func(huma.Context)) error {
	c := humafiber.Unwrap(ctx)
	if err := r.upload.admit(c); err != nil {
		return err
	}
	if expect.AskForBody(c.Context()) {
		return nil
	}
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx.Context()), stream.MaxTime)
	defer cancel()
	free, err := s.uploadSlot(work)
	if err != nil {
		return err
	}
	defer free()
	u, err := s.spool(c, r.upload)
	if err != nil {
		c.Context().SetConnectionClose()
		return err
	}
	defer u.end()
	if err := checkQuery(c); err != nil {
		return err
	}
	if work, err = s.gate.still(work, r.who); err != nil {
		return err
	}
	next(guarded{huma.WithContext(ctx, context.WithValue(work, uploadKey{}, u)), nil})
	return nil
}

// admit looks at the headers alone.
func (u *upload) admit(c *fiber.Ctx) error {
	if c.Get(fiber.HeaderContentEncoding) != "" {
		return apperr.ProblemUnsupportedMediaType.New("A body may not have a Content-Encoding.")
	}
	length, given := c.Request().Header.ContentLength(), c.Get(fiber.HeaderContentType)
	if media, _, err := mime.ParseMediaType(given); (err != nil || media != u.contentType) && (given != "" || length != 0) {
		return apperr.ProblemUnsupportedMediaType.New("Content-Type must be " + u.contentType + ".")
	}
	if int64(length) > u.maxBytes {
		return u.tooLarge(c)
	}
	return nil
}

func (u *upload) tooLarge(c *fiber.Ctx) error {
	c.Context().SetConnectionClose()
	return apperr.ProblemBodyTooLarge.New("This body may have " + strconv.FormatInt(u.maxBytes, 10) + " bytes.")
}

// uploadSlot waits for one of the slots: each holds a file, and work that may take minutes.
func (s *Server) uploadSlot(ctx context.Context) (free func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, uploadWait)
	defer cancel()
	select {
	case s.uploading <- struct{}{}:
		return func() { <-s.uploading }, nil
	case <-ctx.Done():
		e := apperr.Unavailable("Others are uploading; try again in a moment.")
		e.RetryAfter = uploadWait
		return nil, e
	}
}

// spool writes the body to the disk.
func (s *Server) spool(c *fiber.Ctx, spec *upload) (*Uploaded, error) {
	file, err := s.o.Scratch.File()
	if err != nil {
		return nil, err
	}
	u := &Uploaded{File: file}
	if u.Size, u.sum, err = spec.copy(file, c); err != nil {
		u.end()
		return nil, err
	}
	return u, nil
}

// copy tells a client that stopped or sent too much from a disk that is full, whose error it gives as it is.
func (u *upload) copy(w io.Writer, c *fiber.Ctx) (n int64, sum [sha256.Size]byte, err error) {
	body, h := arriving(c), sha256.New()
	n, err = io.CopyBuffer(io.MultiWriter(w, h), io.LimitReader(body, u.maxBytes+1), make([]byte, 128<<10))
	length := int64(c.Request().Header.ContentLength())
	switch {
	case n > u.maxBytes:
		err = u.tooLarge(c)
	case errors.Is(body.err, os.ErrDeadlineExceeded):
		err = apperr.ProblemRequestTimeout.New("The body stopped arriving.")
	case body.err != nil:
		err = apperr.Malformed("The body ended early.").Because(body.err)
	case err == nil && length > n:
		err = apperr.Malformed("The body ended early.")
	case err == nil && n == 0:
		err = apperr.Malformed("The body is missing.")
	}
	return n, [sha256.Size]byte(h.Sum(nil)), err
}

// arrival is a body that has as long as it goes on arriving.
type arrival struct {
	io.Reader
	conn *fasthttp.RequestCtx
	err  error
}

func arriving(c *fiber.Ctx) *arrival {
	var body io.Reader = bytes.NewReader(nil)
	if stream := c.Context().RequestBodyStream(); stream != nil {
		body = stream
	}
	return &arrival{Reader: body, conn: c.Context()}
}

func (a *arrival) Read(p []byte) (n int, err error) {
	if err = a.conn.SetReadDeadline(time.Now().Add(stream.StallTime)); err == nil {
		n, err = a.Reader.Read(p)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		a.err = err
	}
	return n, err
}

// linger reads a refused body on for a moment, as a client that still sends would find its connection
// reset instead of the answer.
func linger(ctx huma.Context, next func(huma.Context)) {
	next(ctx)
	c := humafiber.Unwrap(ctx)
	body := c.Context().RequestBodyStream()
	if c.Response().StatusCode() < 400 || body == nil {
		return
	}
	buf, end := make([]byte, 64<<10), time.Now().Add(lingerTime)
	for time.Now().Before(end) {
		if err := c.Context().SetReadDeadline(time.Now().Add(lingerPause)); err != nil {
			return
		}
		if _, err := body.Read(buf); err != nil {
			return
		}
	}
}

// still looks at a caller again after a body that took its time to arrive: he may have lost his role meanwhile.
func (g *Gate) still(ctx context.Context, who Who) (context.Context, error) {
	known := identity.CallerFrom(ctx)
	if !known.SignedIn() {
		return ctx, nil
	}
	now, err := g.Still(ctx, known.UserID, known.SessionID)
	if err != nil {
		return nil, err
	}
	if !now.Can(who.role) {
		return nil, apperr.Forbidden("This needs the role " + string(who.role) + ".")
	}
	return g.As(ctx, now), nil
}

// Package upload receives bodies that are too large for memory. A body is written to a temporary
// file while it arrives, for as long as it goes on arriving; the handler gets the file with
// BodyFromContext, and the file is removed with the request.
//
//	check the headers  →  ask for the body  →  wait for a slot  →  write and hash the body
//	    415, 413            100 Continue            503               400, 408, 413
package upload

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/expect"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/stream"
	"lyceum/platform/tempfile"
)

// Bounds of uploads beside the size of each.
const (
	// maxConcurrent is how many uploads a process takes at a time, their handlers included.
	maxConcurrent = 2
	// slotTime is how long another upload waits for its turn before it is answered with 503.
	slotTime = 10 * time.Second
	// bufferBytes is the size of the buffer between connection and file.
	bufferBytes = 128 << 10
)

// Spec is the body that an operation takes instead of JSON.
type Spec struct {
	// ContentType is the only media type that is accepted.
	ContentType string
	MaxBytes    int64
}

// RequestBody returns the documentation of the body.
func (s Spec) RequestBody() *huma.RequestBody {
	most := int(s.MaxBytes)
	return &huma.RequestBody{
		Required: true, Description: fmt.Sprintf("At most %d bytes; may be sent in chunks.", s.MaxBytes),
		Content: map[string]*huma.MediaType{s.ContentType: {Schema: &huma.Schema{
			Type: huma.TypeString, Format: "binary", ContentEncoding: "binary", MaxLength: &most,
			Description: "The file itself, not encoded",
		}}},
	}
}

// Body is a body that has arrived completely.
type Body struct {
	// File holds the content. It is removed when the request ends.
	File *tempfile.File
	// Size is the length of the content in bytes.
	Size int64

	digest []byte
	defers []func()
}

// DeferToEnd runs fn when the request ends, after its transaction if it has one. The function that
// was added last runs first, as with defer.
func (b *Body) DeferToEnd(fn func()) { b.defers = append(b.defers, fn) }

// close runs the deferred functions and removes the file.
func (b *Body) close() {
	for _, fn := range slices.Backward(b.defers) {
		fn()
	}
	_ = b.File.Close()
}

// bodyKey finds the Body in a context.
type bodyKey struct{}

// BodyFromContext returns the body of an upload, or nil in every other request.
func BodyFromContext(ctx context.Context) *Body {
	b, _ := ctx.Value(bodyKey{}).(*Body)
	return b
}

// Receiver receives the uploads of a process.
type Receiver struct {
	dir   *tempfile.Dir
	slots chan struct{}
}

// NewReceiver returns a Receiver that keeps bodies in dir until their requests end.
func NewReceiver(dir *tempfile.Dir) *Receiver {
	return &Receiver{dir, make(chan struct{}, maxConcurrent)}
}

// ReceiveBody writes the body of a request to a file and calls next with a context that carries it
// and ends after stream.MaxTime. check runs in between and returns the context for next: a body
// takes its time, so check looks at the caller again, who may have lost the role. ReceiveBody
// returns an error instead of calling next if the body or check refuses the request. On the first
// call for a request with "Expect: 100-continue" it returns nil, and the server calls it again with
// the body.
func (r *Receiver) ReceiveBody(
	ctx huma.Context, spec Spec, check func(context.Context) (context.Context, error), next func(context.Context),
) error {
	c := humafiber.Unwrap(ctx)
	if err := spec.checkHeaders(c); err != nil {
		return err
	}
	if expect.AskForBody(c.Context()) {
		return nil
	}
	work, cancel := context.WithTimeout(context.WithoutCancel(ctx.Context()), stream.MaxTime)
	defer cancel()
	release, err := r.acquireSlot(work)
	if err != nil {
		return err
	}
	defer release()
	body, err := r.storeBody(c, spec)
	if err != nil {
		c.Context().SetConnectionClose()
		return err
	}
	defer body.close()
	if work, err = check(work); err != nil {
		return err
	}
	requestinfo.FromContext(work).BodyDigest = body.digest
	next(context.WithValue(work, bodyKey{}, body))
	return nil
}

// acquireSlot waits for one of maxConcurrent slots, as each upload holds a file and work that may
// take minutes. It returns an unavailable error after slotTime.
func (r *Receiver) acquireSlot(ctx context.Context) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, slotTime)
	defer cancel()
	select {
	case r.slots <- struct{}{}:
		return func() { <-r.slots }, nil
	case <-ctx.Done():
		e := apperr.Unavailable("Others are uploading; try again in a moment.")
		e.RetryAfter = slotTime
		return nil, e
	}
}

// storeBody writes the body to a temporary file.
func (r *Receiver) storeBody(c *fiber.Ctx, spec Spec) (*Body, error) {
	file, err := r.dir.CreateFile()
	if err != nil {
		return nil, err
	}
	body := &Body{File: file}
	if body.Size, body.digest, err = spec.copyBody(file, c); err != nil {
		body.close()
		return nil, err
	}
	return body, nil
}

// checkHeaders returns an error for a body that its headers rule out: 415 for another type or an
// encoding, 413 for one that is too long.
func (s Spec) checkHeaders(c *fiber.Ctx) error {
	if c.Get(fiber.HeaderContentEncoding) != "" {
		return apperr.ProblemUnsupportedMediaType.New("A body may not have a Content-Encoding.")
	}
	length, given := c.Request().Header.ContentLength(), c.Get(fiber.HeaderContentType)
	media, _, err := mime.ParseMediaType(given)
	if (err != nil || media != s.ContentType) && (given != "" || length != 0) {
		return apperr.ProblemUnsupportedMediaType.New("Content-Type must be " + s.ContentType + ".")
	}
	if int64(length) > s.MaxBytes {
		return s.newTooLargeError(c)
	}
	return nil
}

// newTooLargeError returns 413 and makes the server close the connection: the rest of the body is
// not read.
func (s Spec) newTooLargeError(c *fiber.Ctx) error {
	c.Context().SetConnectionClose()
	return apperr.ProblemBodyTooLarge.New("This body may have " + strconv.FormatInt(s.MaxBytes, 10) + " bytes.")
}

// copyBody copies the body to w and returns its length and SHA-256. It returns 408, 400 or 413 for
// a client that stopped or sent too much, and an error of w as it is, such as that of a full disk.
func (s Spec) copyBody(w io.Writer, c *fiber.Ctx) (n int64, digest []byte, err error) {
	body, h := newPacedReader(c), sha256.New()
	n, err = io.CopyBuffer(io.MultiWriter(w, h), io.LimitReader(body, s.MaxBytes+1), make([]byte, bufferBytes))
	length := int64(c.Request().Header.ContentLength())
	switch {
	case n > s.MaxBytes:
		err = s.newTooLargeError(c)
	case errors.Is(body.err, os.ErrDeadlineExceeded):
		err = apperr.ProblemRequestTimeout.New("The body stopped arriving.")
	case body.err != nil:
		err = apperr.Malformed("The body ended early.").WithCause(body.err)
	case err == nil && length > n:
		err = apperr.Malformed("The body ended early.")
	case err == nil && n == 0:
		err = apperr.Malformed("The body is missing.")
	}
	return n, h.Sum(nil), err
}

// pacedReader reads a body and gives the client stream.StallTime for each piece of it.
type pacedReader struct {
	body io.Reader
	conn interface{ SetReadDeadline(t time.Time) error }
	// err is the first error of the connection.
	err error
}

// newPacedReader returns a reader of the body of a request, also of one without a body.
func newPacedReader(c *fiber.Ctx) *pacedReader {
	var body io.Reader = bytes.NewReader(nil)
	if arriving := c.Context().RequestBodyStream(); arriving != nil {
		body = arriving
	}
	return &pacedReader{body: body, conn: c.Context()}
}

// Read implements io.Reader. It sets the deadline of the connection anew.
func (r *pacedReader) Read(p []byte) (n int, err error) {
	if err = r.conn.SetReadDeadline(time.Now().Add(stream.StallTime)); err == nil {
		n, err = r.body.Read(p)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// DrainRefused is a middleware that reads on the body of a refused request for a moment. A client
// that is still sending would find its connection reset before it has read the answer.
func DrainRefused(ctx huma.Context, next func(huma.Context)) {
	next(ctx)
	c := humafiber.Unwrap(ctx)
	if c.Response().StatusCode() >= http.StatusBadRequest {
		expect.DrainBody(c.Context())
	}
}

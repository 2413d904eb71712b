package folder

import (
	"lyceum/platform/blob"

	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/conditional"
	"lyceum/platform/httpx/expect"
)

// Handler returns the handler of the URLs that the store signs: GET, HEAD and PUT of /objects/:id.
// It returns errors as *apperr.Error for the error handler of the app. The app should set
// StreamRequestBody; without it an upload is held in memory.
//
// Every answer has nosniff, a Content-Security-Policy that forbids scripts, and a
// Content-Disposition of attachment unless browsers can show the type safely: the objects share
// their origin with the console.
func (s *Store) Handler() fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
		c.Set(fiber.HeaderContentSecurityPolicy, "sandbox; default-src 'none'")
		c.Set("Cross-Origin-Resource-Policy", "cross-origin")
		c.Set(fiber.HeaderContentDisposition, "attachment")
		c.Set(fiber.HeaderCacheControl, "no-store")
		put := c.Method() == fiber.MethodPut
		method := fiber.MethodGet
		if put {
			method = fiber.MethodPut
		}
		id := c.Params("id")
		g, err := s.verifyRequest(method, id, string(c.Request().URI().QueryString()))
		switch {
		case errors.Is(err, errExpired):
			return apperr.Forbidden("This URL has expired; ask for a new one.")
		case err != nil:
			return apperr.Forbidden("This URL was not signed here, or not for this method.")
		case put:
			return s.receiveUpload(c, id, g)
		}
		return s.sendObject(c, id, g)
	}
}

// sendObject answers GET and HEAD.
func (s *Store) sendObject(c *fiber.Ctx, id string, g signedRules) error {
	if err := s.checkMayGet(id); err != nil {
		return toClientError(err)
	}
	o, err := s.openByID(id)
	if err != nil {
		return toClientError(err)
	}
	etag := `"` + o.entityTag() + `"`
	conditions := readConditions(c)
	result := conditions.Evaluate(etag, o.modified)
	if result == conditional.PreconditionFailed {
		o.Close()
		return apperr.PreconditionFailed()
	}
	s.setHeaders(c, g, o, etag)
	if result == conditional.NotModified {
		o.Close()
		c.Status(http.StatusNotModified)
		return nil
	}
	part := conditional.Part{Length: o.meta.Size}
	if header := c.Get(fiber.HeaderRange); header != "" && c.Method() == fiber.MethodGet && conditions.AllowsRange(etag, o.modified) {
		asked, result := conditional.ParseRange(header, o.meta.Size)
		switch result {
		case conditional.RangeUnsatisfiable:
			o.Close()
			return newRangeError(c, o.meta.Size)
		case conditional.RangeSatisfiable:
			part = asked
			c.Status(http.StatusPartialContent)
			c.Set(fiber.HeaderContentRange, part.ContentRange(o.meta.Size))
		}
	}
	return s.streamContent(c, o, part)
}

// readConditions returns the conditional headers of a request.
func readConditions(c *fiber.Ctx) conditional.Conditions {
	return conditional.Conditions{
		IfMatch:           c.Get(fiber.HeaderIfMatch),
		IfNoneMatch:       c.Get(fiber.HeaderIfNoneMatch),
		IfRange:           c.Get(fiber.HeaderIfRange),
		IfModifiedSince:   c.Get(fiber.HeaderIfModifiedSince),
		IfUnmodifiedSince: c.Get(fiber.HeaderIfUnmodifiedSince),
	}
}

// setHeaders sets the headers that describe an object.
func (s *Store) setHeaders(c *fiber.Ctx, g signedRules, o *object, etag string) {
	contentType := g.query.Get(qType)
	if contentType == "" {
		contentType = o.meta.Type
	}
	c.Set(fiber.HeaderContentType, contentType)
	shown := blob.ContentDisposition(contentType, g.query.Get(qDisposition), g.query.Get(qFilename))
	c.Set(fiber.HeaderContentDisposition, shown)
	c.Set(fiber.HeaderETag, etag)
	c.Set(fiber.HeaderLastModified, o.modified.UTC().Format(http.TimeFormat))
	c.Set(fiber.HeaderAcceptRanges, "bytes")
	// A cached copy must not live longer than the URL.
	left := int64(g.expires.Sub(s.now()) / time.Second)
	c.Set(fiber.HeaderCacheControl, "private, max-age="+strconv.FormatInt(left, 10))
}

// newRangeError answers a range that the object does not have.
func newRangeError(c *fiber.Ctx, size int64) error {
	c.Set(fiber.HeaderContentRange, conditional.UnsatisfiedRange(size))
	c.Set(fiber.HeaderContentDisposition, "attachment")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return apperr.ProblemRangeNotSatisfiable.New("The object has " + strconv.FormatInt(size, 10) + " bytes.")
}

// streamContent passes the content to the server, which sends it after the handler has returned and
// closes it.
func (s *Store) streamContent(c *fiber.Ctx, o *object, part conditional.Part) error {
	if c.Method() == fiber.MethodHead {
		o.Close()
		c.Context().SetBodyStream(bytes.NewReader(nil), int(part.Length))
		return nil
	}
	c.Context().SetBodyStream(&downloadBody{
		Reader: io.NewSectionReader(o, part.Start, part.Length), object: o, conn: c.Context(), stallTimeout: s.stallTimeout,
	}, int(part.Length))
	return nil
}

// receiveUpload answers PUT.
func (s *Store) receiveUpload(c *fiber.Ctx, id string, g signedRules) error {
	in, err := g.parseUpload(id)
	if err != nil {
		return apperr.Forbidden("This URL was not signed here.")
	}
	if err := checkLength(int64(c.Request().Header.ContentLength()), in.size); err != nil {
		return err
	}
	if c.Get(fiber.HeaderContentType) != in.contentType {
		return apperr.Forbidden("This URL is for an upload with Content-Type: " + in.contentType)
	}
	if err := s.checkMayPut(id); err != nil {
		c.Context().SetConnectionClose() // the body stays unread
		return toClientError(err)
	}
	if expect.AskForBody(c.Context()) {
		return nil
	}
	in.allowed = func() error { return s.checkMayPut(id) }
	end, ok := s.beginUpload(id)
	if !ok {
		c.Context().SetConnectionClose()
		busy := apperr.Unavailable("This object is being sent several times already.")
		busy.RetryAfter = s.stallTimeout
		return busy
	}
	defer end()
	meta, err := s.writeObject(context.Background(), s.uploadBody(c), in)
	if err != nil {
		return toClientError(err)
	}
	c.Set(fiber.HeaderETag, `"`+meta.SHA256[:32]+`"`)
	c.Status(http.StatusOK)
	return nil
}

// checkLength returns an error if the length of a body is unknown or not the signed one.
func checkLength(got, want int64) error {
	switch {
	case got < 0:
		return apperr.ProblemLengthRequired.New("An upload must say its Content-Length.")
	case got > want:
		return apperr.ProblemBodyTooLarge.New("This URL is for " + strconv.FormatInt(want, 10) + " bytes.")
	case got < want:
		return apperr.Malformed("This URL is for " + strconv.FormatInt(want, 10) + " bytes.")
	}
	return nil
}

// uploadBody returns the body of an upload as it arrives.
func (s *Store) uploadBody(c *fiber.Ctx) io.Reader {
	stream := c.Context().RequestBodyStream()
	if stream == nil {
		return bytes.NewReader(c.Request().Body())
	}
	return &uploadReader{stream, c.Context(), s.stallTimeout}
}

// toClientError returns what the client is told about an error of the store.
func toClientError(err error) error {
	var source *blob.SourceError
	if told, ok := apperr.As(err); ok {
		return told
	}
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return apperr.NotFound("There is no such object.")
	case errors.Is(err, blob.ErrFull):
		return apperr.StorageFull().WithCause(err)
	case errors.Is(err, blob.ErrExists):
		return apperr.ProblemPreconditionFailed.New("The object is there already; this URL does not replace it.")
	case errors.Is(err, blob.ErrMismatch):
		return apperr.Malformed("The body is not what the URL was signed for.").WithCause(err)
	case errors.As(err, &source) && errors.Is(err, os.ErrDeadlineExceeded):
		return apperr.ProblemRequestTimeout.New("The upload stopped arriving.")
	case errors.As(err, &source):
		return apperr.Malformed("The upload broke off.").WithCause(err)
	}
	return apperr.Unavailable("The object store can't be used now.").WithCause(err)
}

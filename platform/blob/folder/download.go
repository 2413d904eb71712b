package folder

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/httpx/conditional"
)

// sendObject answers GET and HEAD with an object, a range of it or 304. It returns an *apperr.Error
// for 403, 404, 412 and 416.
func (s *Store) sendObject(c *fiber.Ctx, id string, rules signedRules) error {
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
	s.setHeaders(c, rules, o, etag)
	if result == conditional.NotModified {
		o.Close()
		c.Status(http.StatusNotModified)
		return nil
	}
	part := conditional.Part{Length: o.meta.Size}
	header := c.Get(fiber.HeaderRange)
	if header != "" && c.Method() == fiber.MethodGet && conditions.AllowsRange(etag, o.modified) {
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

// setHeaders sets the headers that describe an object: those of the signed rules, else those that
// were stored.
func (s *Store) setHeaders(c *fiber.Ctx, rules signedRules, o *object, etag string) {
	contentType := rules.query.Get(qType)
	if contentType == "" {
		contentType = o.meta.Type
	}
	c.Set(fiber.HeaderContentType, contentType)
	shown := blob.ContentDisposition(contentType, rules.query.Get(qDisposition), rules.query.Get(qFilename))
	c.Set(fiber.HeaderContentDisposition, shown)
	c.Set(fiber.HeaderETag, etag)
	c.Set(fiber.HeaderLastModified, o.modified.UTC().Format(http.TimeFormat))
	c.Set(fiber.HeaderAcceptRanges, "bytes")
	// A cached copy must not live longer than the URL.
	left := int64(rules.expires.Sub(s.now()) / time.Second)
	c.Set(fiber.HeaderCacheControl, "private, max-age="+strconv.FormatInt(left, 10))
}

// newRangeError returns the error for a range that the object does not have, and sets its headers:
// the answer is a problem document, not the object.
func newRangeError(c *fiber.Ctx, size int64) error {
	c.Set(fiber.HeaderContentRange, conditional.UnsatisfiedRange(size))
	c.Set(fiber.HeaderContentDisposition, "attachment")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return apperr.ProblemRangeNotSatisfiable.New("The object has " + strconv.FormatInt(size, 10) + " bytes.")
}

// streamContent passes a part of the content to the server, which sends it after the handler has
// returned and then closes the object.
func (s *Store) streamContent(c *fiber.Ctx, o *object, part conditional.Part) error {
	if c.Method() == fiber.MethodHead {
		o.Close()
		c.Context().SetBodyStream(bytes.NewReader(nil), int(part.Length))
		return nil
	}
	body := &downloadBody{
		Reader: io.NewSectionReader(o, part.Start, part.Length),
		object: o, conn: c.Context(), stallTimeout: s.stallTimeout,
	}
	c.Context().SetBodyStream(body, int(part.Length))
	return nil
}

package folder

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/expect"
)

// receiveUpload answers PUT. It checks the headers and the guard before it asks for the body, so
// that a client with "Expect: 100-continue" does not send gigabytes in vain.
func (s *Store) receiveUpload(c *fiber.Ctx, id string, rules signedRules) error {
	in, err := rules.parseUpload(id)
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
		return toClientError(err)
	}
	if expect.AskForBody(c.Context()) {
		return nil
	}
	in.checkAllowed = func() error { return s.checkMayPut(id) }
	end, ok := s.beginUpload(id)
	if !ok {
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

// checkLength returns an error unless the announced length of a body is the signed one: 411, 413 or
// 400.
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

// uploadBody returns a reader of the body while it arrives.
func (s *Store) uploadBody(c *fiber.Ctx) io.Reader {
	stream := c.Context().RequestBodyStream()
	if stream == nil {
		return bytes.NewReader(c.Request().Body())
	}
	return &uploadReader{stream, c.Context(), s.stallTimeout}
}

// maxActiveUploads is how many uploads of one object may be under way. A client that tries again
// needs a second one until the server notices that the first broke off. Each takes the room of the
// whole object on the disk.
const maxActiveUploads = 3

// beginUpload counts one more upload of an object until end is called. It returns false if
// maxActiveUploads are under way.
func (s *Store) beginUpload(id string) (end func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.activeUploads[id] >= maxActiveUploads {
		return nil, false
	}
	s.activeUploads[id]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.activeUploads[id]--; s.activeUploads[id] == 0 {
			delete(s.activeUploads, id)
		}
	}, true
}

package folder

import (
	"lyceum/platform/blob"
	"lyceum/platform/httpx/expect"

	"errors"
	"os"

	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
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
		id := c.Params("id")
		if c.Method() != fiber.MethodPut {
			rules, err := s.verifyURL(fiber.MethodGet, id, c) // its URLs answer HEAD, too
			if err != nil {
				return err
			}
			return s.sendObject(c, id, rules)
		}
		rules, err := s.verifyURL(fiber.MethodPut, id, c)
		if err == nil {
			err = s.receiveUpload(c, id, rules)
		}
		if err != nil && !expect.DrainBody(c.Context()) {
			c.Context().SetConnectionClose()
		}
		return err
	}
}

// verifyURL returns what the URL of a request was signed for. It returns 403 if it was not signed for the
// method, or has expired.
func (s *Store) verifyURL(method, id string, c *fiber.Ctx) (signedRules, error) {
	rules, err := s.verifyRequest(method, id, string(c.Request().URI().QueryString()))
	switch {
	case errors.Is(err, errExpired):
		return rules, apperr.Forbidden("This URL has expired; ask for a new one.")
	case err != nil:
		return rules, apperr.Forbidden("This URL was not signed here, or not for this method.")
	}
	return rules, nil
}

// toClientError returns the answer to an error of the store or of the guard. It keeps an
// *apperr.Error as it is.
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
		return apperr.Malformed("The upload ended early. Send the file again.").WithCause(err)
	}
	return apperr.Unavailable("The object store can't be used now.").WithCause(err)
}

package problem

import (
	"net/http"

	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
)

// Write answers a request of Fiber with the problem of err. It is Fiber's error handler, for errors
// of routing, middleware and raw routes.
func Write(c *fiber.Ctx, err error) error {
	p := FromError(c.UserContext(), err)
	c.Response().ResetBody()
	p.SetHeaders(c.Set)
	c.Status(p.Status)
	raw, err := p.MarshalJSON()
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, ContentType)
	return c.Send(raw)
}

// fromFiber returns the error for a request that the framework refuses. The text of the framework
// is dropped, as it repeats parts of the request.
func fromFiber(f *fiber.Error) *apperr.Error {
	switch f.Code {
	case http.StatusNotFound:
		return apperr.NotFound("There is nothing at this path.")
	case http.StatusMethodNotAllowed:
		return apperr.ProblemMethodNotAllowed.New(
			"This path does not have this method. The header Allow lists those that it has.")
	case http.StatusRequestEntityTooLarge:
		return apperr.ProblemBodyTooLarge.New("The body is larger than this route takes.")
	case http.StatusRequestHeaderFieldsTooLarge:
		return apperr.ProblemHeaderTooLarge.New("The headers exceed 16 KiB.")
	case http.StatusRequestTimeout:
		return apperr.ProblemRequestTimeout.New("The request took too long to arrive.")
	case http.StatusUpgradeRequired:
		return apperr.ProblemUpgradeRequired.New("This path is a WebSocket. Send an upgrade request.")
	case http.StatusUnsupportedMediaType:
		return apperr.ProblemUnsupportedMediaType.New("The Content-Type does not fit.")
	default:
		return apperr.Malformed("The request could not be read.")
	}
}

// Package expect lets a request be judged by its headers before its body comes (RFC 9110 §10.1.1).
//
// The server calls the handler of a request twice when its client waits for "100 Continue", or
// announces a body that is larger than any that is taken. The first call has no body: it ends with
// an answer, or at AskForBody. Then the body is asked for and the handler is called again.
package expect

import (
	"errors"
	"io"
	"time"

	"github.com/valyala/fasthttp"
)

// stateKey finds the state among the user values of a request.
type stateKey struct{}

// state belongs to the first call of a request's handler.
type state struct{ asked bool }

// BeginFirstCall marks the call of the handler that follows as the one without a body.
func BeginFirstCall(ctx *fasthttp.RequestCtx) { ctx.SetUserValue(stateKey{}, &state{}) }

// EndFirstCall removes the mark of BeginFirstCall. It reports whether the handler asked for the
// body, so that it must be called again.
func EndFirstCall(ctx *fasthttp.RequestCtx) (asked bool) {
	s, ok := ctx.UserValue(stateKey{}).(*state)
	ctx.RemoveUserValue(stateKey{})
	return ok && s.asked
}

// IsFirstCall reports whether this is the call without a body. Middleware that reads bodies or
// counts answers does nothing then.
func IsFirstCall(ctx *fasthttp.RequestCtx) bool {
	_, ok := ctx.UserValue(stateKey{}).(*state)
	return ok
}

// WillCallAgain reports whether the handler has asked for the body, so that this call has no
// answer.
func WillCallAgain(ctx *fasthttp.RequestCtx) bool {
	s, ok := ctx.UserValue(stateKey{}).(*state)
	return ok && s.asked
}

// AskForBody is called by a handler before it reads the body, once the headers are accepted. If it
// returns true, the handler must return without an answer: it is called again with the body.
func AskForBody(ctx *fasthttp.RequestCtx) bool {
	s, ok := ctx.UserValue(stateKey{}).(*state)
	if ok {
		s.asked = true
	}
	return ok
}

// drainTime and drainPause bound how long a refused body is read on, in all and between two pieces.
const (
	drainTime  = 2 * time.Second
	drainPause = 500 * time.Millisecond
)

// DrainBody reads on the body of a refused request for a moment. A client that is still sending would find its
// connection reset before it has read the answer. It returns whether nothing of the body is left, so that the
// connection can serve another request. In the first call, which has no body, it returns false.
func DrainBody(c *fasthttp.RequestCtx) bool {
	if IsFirstCall(c) {
		return false
	}
	body := c.RequestBodyStream()
	if body == nil {
		return true
	}
	buf, end := make([]byte, 64<<10), time.Now().Add(drainTime)
	for time.Now().Before(end) {
		if err := c.SetReadDeadline(time.Now().Add(drainPause)); err != nil {
			return false
		}
		if _, err := body.Read(buf); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
	return false
}

// Package expect lets a request be judged by its headers before its body comes (RFC 9110 10.1.1).
//
// The server calls the handler of a request twice when its client waits for "100 Continue", or
// announces a body that is larger than any that is taken. The first call has no body: it ends with
// an answer, or at AskForBody. Then the body is asked for and the handler is called again.
package expect

import "github.com/valyala/fasthttp"

type stateKey struct{}

// state of the first call.
type state struct{ asked bool }

// BeginFirstCall marks the first call.
func BeginFirstCall(ctx *fasthttp.RequestCtx) { ctx.SetUserValue(stateKey{}, &state{}) }

// EndFirstCall unmarks the first call and reports whether it ended at AskForBody.
func EndFirstCall(ctx *fasthttp.RequestCtx) (asked bool) {
	s, ok := ctx.UserValue(stateKey{}).(*state)
	ctx.RemoveUserValue(stateKey{})
	return ok && s.asked
}

// IsFirstCall reports whether this is the call without a body.
func IsFirstCall(ctx *fasthttp.RequestCtx) bool {
	_, ok := ctx.UserValue(stateKey{}).(*state)
	return ok
}

// WillCallAgain reports whether the handler is called again, as AskForBody was called in this call.
func WillCallAgain(ctx *fasthttp.RequestCtx) bool {
	s, ok := ctx.UserValue(stateKey{}).(*state)
	return ok && s.asked
}

// AskForBody is what a handler calls before it reads the body, once the headers are fine. When it
// returns true, the handler must return without an answer: it is called again with the body.
func AskForBody(ctx *fasthttp.RequestCtx) bool {
	s, ok := ctx.UserValue(stateKey{}).(*state)
	if ok {
		s.asked = true
	}
	return ok
}

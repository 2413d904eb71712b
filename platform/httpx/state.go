// Package httpx is Lyceum's way to speak HTTP: Fiber carries it, Huma types and documents it, and
// the conventions of the contract (problems, strict JSON, paging, ETag, Idempotency-Key) live here once.
package httpx

import (
	"context"
	"sync/atomic"
	"time"

	"lyceum/platform/apperr"
	"lyceum/platform/identity"
)

// state is what is known of one request; it travels in the context.
type state struct {
	requestID string
	method    string
	path      string
	uri       string
	// host is what the caller calls this server, to be believed through origins only.
	host      string
	origins   *origins
	route     string
	ip        string
	userAgent string
	started   time.Time
	caller    identity.Caller
	// network is what limits by address count: the address, or the /64 that an IPv6 host owns.
	network string
	// faults are rules that the body as a text breaks; they are told together with those that its fields break.
	faults []apperr.Field
	// version of the answered resource; what makes an ETag.
	version int64
	tagged  bool
	// wants is the type that the caller asks for in place of JSON; stream is what answers instead of the body, if anything.
	wants  string
	stream *Streamed
	// queries counts the statements that the answer took.
	queries *atomic.Int64
}

type stateKey struct{}

var noState = &state{}

func stateOf(ctx context.Context) *state {
	if s, ok := ctx.Value(stateKey{}).(*state); ok {
		return s
	}
	return noState
}

// Package requestinfo holds what the server knows of one request. The middleware fills an Info at
// the beginning and puts it into the context; every later part reads it with FromContext or one of
// the functions beside it, so that none of them needs the HTTP framework.
package requestinfo

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/identity"
	"lyceum/platform/telemetry"
)

// Info describes one request and what its answer needs beside the body. One goroutine at a time
// uses it.
type Info struct {
	// ID is the request id: the client's own X-Request-Id where that is well-formed, else a new
	// one.
	ID string
	// Method is the method of the request line. A method that the server does not know appears as
	// "other".
	Method string
	// Path is the path without the query, in valid UTF-8. URI is the request target as it was sent.
	Path, URI string
	// Route is the path template of the operation, or "" before a route was found.
	Route string
	// Host is the Host header. Clients choose it, so it is used only by OriginOf.
	Host string
	// Origins are the names that this server may give itself.
	Origins *Origins
	// IP is the client's address behind trusted proxies. Network is what rate limits count: the
	// address, or the /64 that an IPv6 host owns.
	IP, Network string
	// UserAgent has at most 300 bytes, without control characters.
	UserAgent string
	// Started is when the first middleware saw the request.
	Started time.Time
	// Caller is the account that the request's token stands for, or the zero Caller.
	Caller identity.Caller
	// Queries counts the database statements of the request.
	Queries *atomic.Int64

	// ProblemCode is the code of the last problem that was made an answer, or "".
	ProblemCode string
	// PreferredType is the media type that the client prefers over JSON, or "".
	PreferredType string
	// TextFaults are rules that the query and the body break as texts. They are reported together
	// with the rules that the fields break.
	TextFaults []apperr.Field
	// UnreadFields are the absolute locations of fields that have no value because of one of
	// TextFaults. That they are missing is not reported.
	UnreadFields []string
	// BodyDigest is the SHA-256 of a body that was written to a file; nil for every other.
	BodyDigest []byte

	// HasETag says that the answer gets an ETag, made of Version and the body.
	HasETag bool
	// Version is the version of the resource in the answer; 0 for resources without one.
	Version int64
	// Stream replaces the JSON body of the answer; nil for nearly every answer.
	Stream *huma.StreamResponse
}

// Annotator is implemented by answers that say more than their body.
type Annotator interface {
	// Annotate writes into info whether the answer has an ETag or is a stream.
	Annotate(info *Info)
}

// RequestID implements telemetry.Request.
func (i *Info) RequestID() string { return i.ID }

// unknown is the Info outside of requests.
var unknown = &Info{}

// NewContext returns a context that carries info.
func NewContext(ctx context.Context, info *Info) context.Context {
	return telemetry.WithRequest(ctx, info)
}

// FromContext returns the Info of the request that ctx belongs to. Outside of a request it returns
// an empty one, which is shared and must not be changed; see IsRequest.
func FromContext(ctx context.Context) *Info {
	if info, ok := telemetry.RequestFrom(ctx).(*Info); ok {
		return info
	}
	return unknown
}

// IsRequest reports whether ctx belongs to a request.
func IsRequest(ctx context.Context) bool { return FromContext(ctx) != unknown }

// NoteProblem notes the code of the problem that a request is about to be answered with.
func NoteProblem(ctx context.Context, code string) {
	if info := FromContext(ctx); info != unknown {
		info.ProblemCode = code
	}
}

// IsHead reports whether the request is HEAD, which asks for the headers of an answer only.
func IsHead(ctx context.Context) bool { return FromContext(ctx).Method == http.MethodHead }

// PrefersType reports whether the client prefers mediaType over JSON.
func PrefersType(ctx context.Context, mediaType string) bool {
	return FromContext(ctx).PreferredType == mediaType
}

// OriginOf returns the origin that the request was sent to: PUBLIC_URL, one of CORS_ORIGINS or, in
// development, a name of this machine with the port that the client used. It returns "" for every
// other Host header and outside of a request.
func OriginOf(ctx context.Context) string {
	info := FromContext(ctx)
	if info.Origins == nil {
		return ""
	}
	return info.Origins.FindOrigin(info.Host)
}

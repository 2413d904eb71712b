package httpx

import (
	"net/http"

	"lyceum/platform/httpx/conditional"
	"lyceum/platform/httpx/requestinfo"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
)

// Response is an answer with a JSON body.
type Response[T any] struct {
	Status   int
	Location string `header:"Location" doc:"Where the new resource is"`
	Body     T

	version int64
	hasETag bool
}

// Empty is an answer without a body: 204.
type Empty struct{}

// None is the input of an operation that takes nothing.
type None struct{}

// OK answers 200.
func OK[T any](body T) *Response[T] { return &Response[T]{Body: body} }

// Created answers 201 with the address of the new resource, or "" if it has none.
func Created[T any](location string, body T) *Response[T] {
	return &Response[T]{Status: 201, Location: location, Body: body}
}

// WithStatus sets another status than the default of the route.
func (r *Response[T]) WithStatus(status int) *Response[T] { r.Status = status; return r }

// WithVersion gives the answer an ETag of the resource's version and a digest of the body.
func (r *Response[T]) WithVersion(v int64) *Response[T] { r.version, r.hasETag = v, true; return r }

// WithETag gives the answer an ETag of its body alone, for resources without a version.
func (r *Response[T]) WithETag() *Response[T] { r.hasETag = true; return r }

// Annotate passes on what the answer says beside its body.
func (r *Response[T]) Annotate(info *requestinfo.Info) {
	info.Version, info.HasETag = r.version, r.hasETag
}

var _ requestinfo.Annotator = (*Response[None])(nil)

// finishResponse is the innermost middleware. It replaces the body with the stream of an answer that has one,
// sets the ETag of an answer that wants one, and turns the answer to a GET that knows the ETag into 304.
func finishResponse(ctx huma.Context, next func(huma.Context)) {
	next(ctx)
	info := requestinfo.FromContext(ctx.Context())
	c := humafiber.Unwrap(ctx)
	if info.Stream != nil {
		c.Response().ResetBody()
		info.Stream.Body(ctx)
		return
	}
	if !info.HasETag || c.Response().StatusCode() >= 300 {
		return
	}
	etag := conditional.VersionedETag(info.Version, c.Response().Body())
	c.Set(fiber.HeaderETag, etag)
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	isRead := ctx.Operation().Method == http.MethodGet || ctx.Operation().Method == http.MethodHead
	if isRead && conditional.MatchesWeakly(c.Get(fiber.HeaderIfNoneMatch), etag) {
		c.Response().ResetBody()
		c.Response().Header.Del(fiber.HeaderContentType)
		c.Status(http.StatusNotModified)
	}
}

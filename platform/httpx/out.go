package httpx

import (
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/stream"
)

// Out is an answer with a JSON body.
type Out[T any] struct {
	Status   int
	Location string `header:"Location" doc:"Where the new resource is"`
	Link     string `header:"Link" doc:"The next page, with rel=next; absent on the last"`
	Body     T

	version int64
	tagged  bool
	stream  *stream.Response
}

// Empty is an answer without a body: 204.
type Empty struct{}

// None is the input of an operation that takes nothing.
type None struct{}

// OK answers 200.
func OK[T any](body T) *Out[T] { return &Out[T]{Body: body} }

// Created answers 201 with the place of the new resource.
func Created[T any](location string, body T) *Out[T] {
	return &Out[T]{Status: 201, Location: location, Body: body}
}

// WithStatus sets another status than the route's default.
func (o *Out[T]) WithStatus(status int) *Out[T] { o.Status = status; return o }

// WithVersion gives the answer an ETag made of the resource's version and a digest of the body.
func (o *Out[T]) WithVersion(v int64) *Out[T] { o.version, o.tagged = v, true; return o }

// Tagged gives the answer an ETag of its body alone, for what has no version.
func (o *Out[T]) Tagged() *Out[T] { o.tagged = true; return o }

// Instead answers with a stream in place of the JSON body, where the caller may choose.
func Instead[T any](s *stream.Response) *Out[T] { return &Out[T]{stream: s} }

// Annotate passes on what the answer says beside its body.
func (o *Out[T]) Annotate(info *requestinfo.Info) {
	info.Version, info.HasETag, info.Stream = o.version, o.tagged, o.stream
}

var _ requestinfo.Annotator = (*Out[None])(nil)

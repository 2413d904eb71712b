// Package httpx is Lyceum's HTTP server: Fiber carries it, Huma types and documents it. Modules declare their
// routes as a Table; the server binds them, checks who calls, and keeps the conventions that all answers share.
//
// A request passes, in this order:
//
//	serve.go          prepareBody bounds the body by its route; judgeHeaders answers "Expect: 100-continue", which
//	                  runs everything below once without the body
//	request.go        markUnknownMethod; handleRequest, the first middleware: Info, deadline, trace, panics, framing,
//	                  CORS, headers of all answers
//	operation.go      middlewareOf lists what runs before the handler of a typed route:
//	  authorize.go      authorizeRequest: the caller, the rate limit, the AccessRule
//	  body.go           checkBody: type, size, syntax; uploads: receiveUpload
//	  operation.go      extendDeadline, for routes that may take longer
//	  idempotency       one run for each Idempotency-Key; the commit waits for the answer
//	  response.go       finishResponse: ETag, 304, streams
//	Huma              decodes the body (strictjson), checks the schema and the rules of CheckRules
//	route.go          finishAnswer: the handler of the module, its errors as problems
//
// The packages below know nothing of this one. A module needs these for its handlers:
//
//	pagination   lists, page by page            validation    rules that a schema can't express
//	jsonfield    fields of a PATCH              jsonappend    JSON of measured hot paths
//	stream       exports                        csvrows       tables in both directions
//	upload       large bodies                   idempotency   OperationID of a repeated POST
//	strictjson   JSON inside of other files     requestinfo   what is known of the request
//
// The others serve the server: problem (errors as answers), conditional (ETags, ranges), openapi (the
// document), expect (requests that are judged by their headers).
package httpx

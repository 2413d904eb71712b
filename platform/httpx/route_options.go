package httpx

import (
	"context"
	"strings"
	"time"

	"lyceum/platform/httpx/csvrows"
	"lyceum/platform/httpx/openapi"
	"lyceum/platform/httpx/upload"
	"lyceum/platform/httpx/validation"

	"github.com/danielgtaylor/huma/v2"
)

// CheckRules makes a route check rules that a schema can't express and that need no data. One answer reports them
// together with broken types and bounds. check gets the input as far as it could be read: it must skip empty
// fields, which are optional or which the schema has refused already. The input type needs the method
//
//	func (in *createInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }
func CheckRules[I any](check func(ctx context.Context, in *I) validation.Faults) Option {
	return func(r *Route) { validation.AttachRules(&r.op, check) }
}

// CSVRows makes a route with a body of {rows: […], …} take it as a table, too: see csvrows.Body.
func CSVRows() Option {
	return func(r *Route) { r.takesCSV, r.bodyTypes = true, append(r.bodyTypes, csvrows.ContentType) }
}

// WithIdempotency makes a POST honor Idempotency-Key, see package idempotency. With a key or without, the handler has one
// transaction: its first InTx stays open until the answer is known, later ones are savepoints of it, and an answer that
// is an error undoes all of it, audit entries included. What must be kept then uses db.WithoutTx.
func WithIdempotency() Option { return func(r *Route) { r.isIdempotent = true } }

// OnForbidden makes a route call fn with the parameters of its path before a signed-in caller whose role is too
// low gets 403.
func OnForbidden(fn func(ctx context.Context, param func(name string) string)) Option {
	return func(r *Route) { r.onForbidden = fn }
}

// RepeatsWithOK documents that a repeated POST answers 200 with what is there.
func RepeatsWithOK() Option { return func(r *Route) { r.answer.IsRepeatable = true } }

// ETagged documents that the answer has an ETag. The handler adds it with WithVersion or WithETag.
func ETagged() Option { return func(r *Route) { r.answer.HasETag = true } }

// WithoutLocation documents that a 201 has no Location, as what was created has no address.
func WithoutLocation() Option { return func(r *Route) { r.answer.HasLocation = false } }

// QueryParameter documents a query parameter of a raw route.
func QueryParameter(name, doc string) Option {
	return func(r *Route) {
		r.op.Parameters = append(r.op.Parameters, &huma.Param{
			Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: huma.TypeString},
		})
	}
}

// DefaultStatus sets the documented default status.
func DefaultStatus(code int) Option { return func(r *Route) { r.op.DefaultStatus = code } }

// DescribeOperation sets the description in the document.
func DescribeOperation(text string) Option { return func(r *Route) { r.op.Description = text } }

// ProducesStream documents an answer that is streamed: its media type and what it is.
func ProducesStream(contentType, doc string) Option {
	return func(r *Route) { r.answer.ContentType, r.answer.Description = contentType, doc }
}

// OrCSV documents that Accept: text/csv gets all of a list as a table with these columns.
func OrCSV(columns ...string) Option { return func(r *Route) { r.answer.CSVColumns = columns } }

// OrLines documents that Accept: application/x-ndjson gets all of a list, one item a line.
func OrLines() Option { return func(r *Route) { r.answer.HasLines = true } }

// AnswerWithin sets how long an answer may take in place of answerTime, for work that grows with the site.
func AnswerWithin(d time.Duration) Option { return func(r *Route) { r.timeout = d } }

// HideOperation keeps a route out of the document.
func HideOperation() Option { return func(r *Route) { r.op.Hidden = true } }

// SwitchesTo documents that a raw route answers 101 and continues in another protocol.
func SwitchesTo(doc string) Option { return func(r *Route) { r.answer.SwitchesTo = doc } }

// ObjectBytes gives a raw route the time that large objects need, up to a day in each direction. A body whose
// length is more than maxBytes is refused by its headers. One path prefix of a server takes objects.
func ObjectBytes(maxBytes int64) Option { return func(r *Route) { r.maxObjectBytes = maxBytes } }

// Answers documents the codes of the problems that a route may answer with beside those that follow from its
// access, its parameters and its body. A code may belong to another module; while that is off, it is left out.
func Answers(codes ...string) Option {
	return func(r *Route) { r.problems = append(r.problems, codes...) }
}

// jsonType is the media type of bodies, unless a route says otherwise.
const jsonType = "application/json"

// formTypes are the forms that mail programs send (RFC 8058).
var formTypes = []string{"application/x-www-form-urlencoded", "multipart/form-data"}

// IgnoresForm lets a POST without a body come with a form, as mail programs send it. Its fields are not read.
func IgnoresForm() Option {
	return func(r *Route) { r.ignoresForm, r.bodyTypes = true, append(r.bodyTypes, formTypes...) }
}

// TakesUpload makes a route take one file of a media type as its body, up to maxBytes: see package upload. The
// handler finds it with upload.BodyFromContext and has an hour. TakesUpload panics for a path with parameters, as
// the server knows the route of a body by its path alone.
func TakesUpload(contentType string, maxBytes int64) Option {
	return func(r *Route) {
		if strings.Contains(r.op.Path, "{") {
			panic("httpx: an upload has no parameters in its path: " + r.op.Path)
		}
		r.upload = &upload.Spec{ContentType: contentType, MaxBytes: maxBytes}
		r.op.RequestBody = r.upload.RequestBody()
	}
}

// CountAgainst makes requests count against the named budget, by network address, in place of BudgetAPI.
func CountAgainst(name string) Option { return func(r *Route) { r.budget = name } }

// CountAgainstNothing makes requests count against no budget, for what balancers and developers ask all the time.
func CountAgainstNothing() Option { return func(r *Route) { r.isUnlimited = true } }

// QueryEnum bounds a query parameter to values that are known only when the program is built, as modules
// declare them. Another value is answered with 422.
func QueryEnum(name string, values ...string) Option {
	return func(r *Route) {
		r.queryValues = append(r.queryValues, openapi.QueryValues{Name: name, Values: values, IsComplete: true})
	}
}

// QueryExamples documents values of a query parameter that takes others, too.
func QueryExamples(name string, values ...string) Option {
	return func(r *Route) {
		r.queryValues = append(r.queryValues, openapi.QueryValues{Name: name, Values: values})
	}
}

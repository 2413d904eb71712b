package httpx

import (
	"github.com/danielgtaylor/huma/v2"
)

// QueryEnum bounds a query parameter to values that are known only when the program is built, as modules declare them.
// Another value is answered with 422.
func QueryEnum(name string, values ...string) Option {
	return func(r *Route) {
		r.queryValues = append(r.queryValues, queryValues{name: name, values: values, only: true})
	}
}

// QueryExamples documents values of a query parameter that takes others, too.
func QueryExamples(name string, values ...string) Option {
	return func(r *Route) { r.queryValues = append(r.queryValues, queryValues{name: name, values: values}) }
}

// queryValues are values of one query parameter.
type queryValues struct {
	name   string
	values []string
	// only says that no other value is accepted.
	only bool
}

// applyTo changes the parameter's schema, which Huma both documents and validates requests with.
func (q queryValues) applyTo(op *huma.Operation) {
	for _, p := range op.Parameters {
		if p.In != "query" || p.Name != q.name {
			continue
		}
		values := make([]any, len(q.values))
		for i, v := range q.values {
			values[i] = v
		}
		if q.only {
			p.Schema.Enum = values
			p.Schema.PrecomputeMessages()
		} else {
			p.Schema.Examples = values
		}
	}
}

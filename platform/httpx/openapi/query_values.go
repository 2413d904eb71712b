package openapi

import (
	"github.com/danielgtaylor/huma/v2"
)

// QueryValues are values of one query parameter that are known only at the start, such as names
// that modules declare.
type QueryValues struct {
	Name   string
	Values []string
	// IsComplete says that no other value is accepted. Otherwise the values are examples.
	IsComplete bool
}

// ApplyTo changes the schema of the parameter in op. Huma documents and validates requests with it.
func (q QueryValues) ApplyTo(op *huma.Operation) {
	for _, p := range op.Parameters {
		if p.In != "query" || p.Name != q.Name {
			continue
		}
		values := make([]any, len(q.Values))
		for i, v := range q.Values {
			values[i] = v
		}
		if q.IsComplete {
			p.Schema.Enum = values
			p.Schema.PrecomputeMessages()
		} else {
			p.Schema.Examples = values
		}
	}
}

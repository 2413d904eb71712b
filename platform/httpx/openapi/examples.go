package openapi

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Example is one call of an operation as it was sent and answered. Ids, times and secrets in it are made up.
type Example struct {
	// Path is the path with its query.
	Path string `json:"path"`
	// Request is the body that was sent, if there was one.
	Request json.RawMessage `json:"request,omitempty"`
	Status  int             `json:"status"`
	// Answer is the body of the answer, if there was one.
	Answer json.RawMessage `json:"answer,omitempty"`
}

// Examples are the examples of one module by method and path template, as in "POST /notes/{id}/copies".
type Examples map[string]Example

// ParseExamples reads the examples.json of a module. Nothing stands for none.
func ParseExamples(raw []byte) (Examples, error) {
	examples := Examples{}
	if len(raw) == 0 {
		return examples, nil
	}
	if err := json.Unmarshal(raw, &examples); err != nil {
		return nil, fmt.Errorf("examples of operations: %w", err)
	}
	return examples, nil
}

// ApplyTo adds the example of an operation to its document: to the bodies and to the parameters.
func (examples Examples) ApplyTo(op *huma.Operation) {
	e, ok := examples[op.Method+" "+op.Path]
	if !ok {
		return
	}
	if op.RequestBody != nil && e.Request != nil {
		if media := op.RequestBody.Content[jsonType]; media != nil {
			media.Example = e.Request
		}
	}
	if response := op.Responses[strconv.Itoa(e.Status)]; response != nil && e.Answer != nil {
		if media := response.Content[jsonType]; media != nil {
			media.Example = e.Answer
		}
	}
	e.applyToParameters(op)
}

// applyToParameters adds the values of the path and of the query to the documented parameters.
func (e Example) applyToParameters(op *huma.Operation) {
	path, query, _ := strings.Cut(e.Path, "?")
	values := map[string]string{}
	parts := strings.Split(path, "/")
	for i, part := range strings.Split(op.Path, "/") {
		if strings.HasPrefix(part, "{") && i < len(parts) {
			values["path "+strings.Trim(part, "{}")] = parts[i]
		}
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		values["query "+name] = value
	}
	for i, p := range op.Parameters {
		value, ok := values[p.In+" "+p.Name]
		if !ok {
			continue
		}
		withExample := *p // parameters may be shared between operations
		withExample.Example = exampleValue(p.Schema, value)
		op.Parameters[i] = &withExample
	}
}

// exampleValue returns a value of a path or query in the type of its schema.
func exampleValue(s *huma.Schema, value string) any {
	if s == nil {
		return value
	}
	switch s.Type {
	case huma.TypeInteger, huma.TypeNumber, huma.TypeBoolean:
		return json.RawMessage(value)
	case huma.TypeArray:
		return strings.Split(value, ",")
	}
	return value
}

package openapi

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/problem"
)

// Problems documents the error answers of operations. Each problem has an example, and each set of problems
// that share a status has a response, both in the components; operations refer to them. Make one with
// NewProblems.
type Problems struct {
	components *huma.Components
	schema     *huma.Schema
}

// NewProblems returns the documentation of errors in o.
func NewProblems(o *huma.OpenAPI) *Problems {
	schema := o.Components.Schemas.Schema(reflect.TypeFor[problem.Problem](), true, "problem")
	return &Problems{components: o.Components, schema: schema}
}

// Document adds the answers for the problems to an operation, one for each status.
func (p *Problems) Document(op *huma.Operation, problems []apperr.Problem) {
	byStatus := map[int][]apperr.Problem{}
	for _, each := range problems {
		status := problem.StatusOf(each.Kind)
		byStatus[status] = append(byStatus[status], each)
	}
	for status, group := range byStatus {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Ref: p.shareResponse(status, group)}
	}
}

// NewDefault returns the default answer, which operations share, for the problems that any of them may answer with.
func (p *Problems) NewDefault(problems []apperr.Problem) *huma.Response {
	return p.newResponse("Any other problem (RFC 9457): "+p.describeCodes(problems), problems)
}

// newResponse returns an answer with an example of each problem.
func (p *Problems) newResponse(description string, problems []apperr.Problem) *huma.Response {
	return &huma.Response{Description: description, Content: map[string]*huma.MediaType{
		problem.ContentType: {Schema: p.schema, Examples: p.shareExamples(problems)},
	}}
}

// shareResponse adds the answer for problems of one status to the components and returns a reference to it.
func (p *Problems) shareResponse(status int, group []apperr.Problem) (ref string) {
	slices.SortFunc(group, func(a, b apperr.Problem) int { return strings.Compare(a.Code, b.Code) })
	name := "problem-" + strconv.Itoa(status)
	for _, each := range group {
		name += "-" + each.Code
	}
	if p.components.Responses == nil {
		p.components.Responses = map[string]*huma.Response{}
	}
	if p.components.Responses[name] == nil {
		p.components.Responses[name] = p.newResponse(p.describeCodes(group), group)
	}
	return "#/components/responses/" + name
}

// describeCodes returns one line of Markdown with the codes and titles of problems.
func (p *Problems) describeCodes(problems []apperr.Problem) string {
	lines := make([]string, len(problems))
	for i, each := range problems {
		lines[i] = "`" + each.Code + "` (" + each.Title + ")"
	}
	return strings.Join(lines, ", ")
}

// shareExamples adds an example of each problem to the components and returns references to them, by code.
func (p *Problems) shareExamples(problems []apperr.Problem) map[string]*huma.Example {
	if p.components.Examples == nil {
		p.components.Examples = map[string]*huma.Example{}
	}
	refs := map[string]*huma.Example{}
	for _, each := range problems {
		refs[each.Code] = &huma.Example{Ref: "#/components/examples/" + each.Code}
		if p.components.Examples[each.Code] == nil {
			p.components.Examples[each.Code] = &huma.Example{Summary: each.Title, Value: exampleOf(each)}
		}
	}
	return refs
}

// exampleOf returns a body as the problem is answered with.
func exampleOf(p apperr.Problem) map[string]any {
	example := map[string]any{
		"type": "/problems/" + p.Code, "code": p.Code, "title": p.Title, "status": problem.StatusOf(p.Kind),
		"detail": p.Meaning, "request_id": "01990000-0000-7000-8000-00000000aaaa",
	}
	if p.Code == apperr.ProblemValidationFailed.Code {
		example["errors"] = []map[string]string{{"location": "body.email", "message": "is not a mail address"}}
	}
	return example
}

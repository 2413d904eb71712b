package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// methods are the methods of operations in the order in which a reader looks for them.
var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

// RenderMarkdown returns the API reference: each operation of o with its parameters, its fields, an example and
// the codes of its problems, below the tag that it belongs to.
func RenderMarkdown(o *huma.OpenAPI) []byte {
	w := &markdownWriter{document: o}
	w.line("# API reference")
	w.line("")
	w.line("Every operation, by subject. [The API](api.md) explains what they have in common: how to sign in, pages,")
	w.line("versions, repeated requests. [Error codes](errors.md) says what each code means. Any operation may also answer")
	w.line("with a code of its default answer: " + w.listOthers() + ".")
	w.line("")
	for _, tag := range o.Tags {
		w.line("- [" + titleOf(tag.Name) + "](#" + tag.Name + "): " + tag.Description)
	}
	for _, tag := range o.Tags {
		w.line("")
		w.line("## " + titleOf(tag.Name))
		w.line("")
		w.line(tag.Description)
		w.writeOperations(tag.Name)
	}
	return w.out.Bytes()
}

// titleOf returns a name with a capital first letter.
func titleOf(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// markdownWriter writes the reference of a document.
type markdownWriter struct {
	document *huma.OpenAPI
	out      bytes.Buffer
}

// line writes one line.
func (w *markdownWriter) line(text string) {
	w.out.WriteString(text)
	w.out.WriteByte('\n')
}

// listOthers returns the codes that any operation may answer with.
func (w *markdownWriter) listOthers() (codes string) {
	w.operations(func(op *huma.Operation) bool {
		codes = joinCodes(op.Responses["default"].Content)
		return false // all operations share it
	})
	return codes
}

// joinCodes returns the codes of the examples of a problem answer.
func joinCodes(content map[string]*huma.MediaType) string {
	var codes []string
	for _, media := range content {
		for code := range media.Examples {
			codes = append(codes, "`"+code+"`")
		}
	}
	slices.Sort(codes)
	return strings.Join(codes, ", ")
}

// writeOperations writes the operations of a tag, by path and method.
func (w *markdownWriter) writeOperations(tag string) {
	for op := range w.operations {
		if slices.Contains(op.Tags, tag) {
			w.writeOperation(op)
		}
	}
}

// operations yields all operations, by path and method.
func (w *markdownWriter) operations(yield func(*huma.Operation) bool) {
	for _, path := range slices.Sorted(maps.Keys(w.document.Paths)) {
		for _, method := range methods {
			if op := OperationOf(w.document.Paths[path], method); op != nil && !yield(op) {
				return
			}
		}
	}
}

// writeOperation writes one operation.
func (w *markdownWriter) writeOperation(op *huma.Operation) {
	w.line("")
	w.line("### " + op.Summary)
	w.line("")
	w.line("`" + op.Method + " " + op.Path + "` · " + describeAccess(op))
	w.line("")
	w.line(strings.TrimSpace(op.Description))
	w.writeParameters(op)
	if op.RequestBody != nil {
		for _, kind := range slices.Sorted(maps.Keys(op.RequestBody.Content)) {
			w.writeBody("Body, `"+kind+"`", op.RequestBody.Content[kind], true)
		}
	}
	var problems []string
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		response := op.Responses[status]
		if response.Ref != "" {
			shared := w.document.Components.Responses[response.Ref[strings.LastIndex(response.Ref, "/")+1:]]
			problems = append(problems, status+" "+joinCodes(shared.Content))
			continue
		}
		if status != "default" {
			w.writeAnswer(status, response)
		}
	}
	w.line("")
	w.line("Problems: " + strings.Join(problems, " · "))
}

// describeAccess says who may call an operation.
func describeAccess(op *huma.Operation) string {
	role, permission := op.Extensions["x-role"], op.Extensions["x-permission"]
	if permission == "public" {
		return "everybody"
	}
	if role == "anonymous" {
		return fmt.Sprintf("everybody, permission `%s`", permission)
	}
	return fmt.Sprintf("role `%s` and above, permission `%s`", role, permission)
}

// writeParameters writes the table of path, query and header parameters.
func (w *markdownWriter) writeParameters(op *huma.Operation) {
	if len(op.Parameters) == 0 {
		return
	}
	w.line("")
	w.line("| parameter | in | type | meaning |")
	w.line("| --- | --- | --- | --- |")
	for _, p := range op.Parameters {
		about := p.Description
		if about == "" && p.Schema != nil {
			about = p.Schema.Description
		}
		if p.Required && p.In != "path" {
			about = strings.TrimSpace("Required. " + about)
		}
		w.line("| `" + p.Name + "` | " + p.In + " | " + w.describeType(p.Schema) + " | " + inCell(about) + " |")
	}
}

// writeBody writes the fields of a body and an example of it. Of requests it says which fields are required.
func (w *markdownWriter) writeBody(title string, media *huma.MediaType, isRequest bool) {
	w.line("")
	w.line(title + ":")
	w.writeFields(media.Schema, isRequest)
	if media.Example != nil {
		w.writeExample(media.Example)
	}
}

// writeAnswer writes an answer of success.
func (w *markdownWriter) writeAnswer(status string, response *huma.Response) {
	headers := slices.Sorted(maps.Keys(response.Headers))
	with := ""
	if len(headers) > 0 {
		with = ", with `" + strings.Join(headers, "`, `") + "`"
	}
	if len(response.Content) == 0 {
		w.line("")
		w.line("Answer " + status + with + ": " + strings.TrimSuffix(response.Description, ".") + ".")
		return
	}
	for _, kind := range slices.Sorted(maps.Keys(response.Content)) {
		w.writeBody("Answer "+status+", `"+kind+"`"+with, response.Content[kind], false)
	}
}

// writeExample writes a body as JSON.
func (w *markdownWriter) writeExample(value any) {
	raw, ok := value.(json.RawMessage)
	if !ok {
		return
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, raw, "", "  ") != nil {
		return
	}
	w.line("")
	w.line("```json")
	w.line(pretty.String())
	w.line("```")
}

// writeFields writes the table of an object's fields, those of inner objects with their path.
func (w *markdownWriter) writeFields(s *huma.Schema, isRequest bool) {
	fields := w.collectFields("", s, nil)
	if len(fields) == 0 {
		if s = w.resolve(s); s != nil && s.Description != "" {
			w.line("")
			w.line(strings.TrimSuffix(s.Description, ".") + ".")
		}
		return
	}
	w.line("")
	w.line("| field | type | meaning |")
	w.line("| --- | --- | --- |")
	for _, f := range fields {
		about := f.about
		if isRequest && f.isRequired {
			about = strings.TrimSpace("Required. " + about)
		}
		w.line("| `" + f.path + "` | " + w.describeType(f.schema) + " | " + inCell(about) + " |")
	}
}

// documentedField is a row of a table of fields.
type documentedField struct {
	path, about string
	schema      *huma.Schema
	isRequired  bool
}

// collectFields returns the fields of an object and of the objects inside, in the order of their names.
func (w *markdownWriter) collectFields(prefix string, s *huma.Schema, within []*huma.Schema) (fields []documentedField) {
	if s = w.resolve(s); s == nil || slices.Contains(within, s) {
		return nil
	}
	if s.Type == huma.TypeArray {
		return w.collectFields(strings.TrimSuffix(prefix, ".")+"[].", s.Items, within)
	}
	within = append(within, s)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		about := property.Description
		if inner := w.resolve(property); about == "" && inner != nil {
			about = inner.Description
		}
		fields = append(fields, documentedField{prefix + name, about, property, slices.Contains(s.Required, name)})
		fields = append(fields, w.collectFields(prefix+name+".", property, within)...)
	}
	return fields
}

// resolve follows a reference to a schema of the components.
func (w *markdownWriter) resolve(s *huma.Schema) *huma.Schema {
	if s == nil || s.Ref == "" {
		return s
	}
	return w.document.Components.Schemas.SchemaFromRef(s.Ref)
}

// describeType returns the type of a value with its bounds.
func (w *markdownWriter) describeType(s *huma.Schema) string {
	if s = w.resolve(s); s == nil {
		return ""
	}
	text := s.Type
	switch {
	case s.Format == "date-time" || s.Format == "uri":
		text = s.Format
	case s.Type == huma.TypeArray:
		text = "array of " + w.describeType(s.Items)
	}
	if len(s.Enum) > 0 {
		values := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			values[i] = fmt.Sprintf("`%v`", v)
		}
		text = strings.Join(values, ", ")
	}
	if bounds := describeBounds(s); bounds != "" {
		text += ", " + bounds
	}
	if s.Nullable {
		text += " or null"
	}
	return inCell(text)
}

// describeBounds returns the bounds of a value: its length, number of items, or size.
func describeBounds(s *huma.Schema) string {
	var bounds []string
	add := func(least, most string, unit string) {
		switch {
		case least != "" && most != "":
			bounds = append(bounds, least+" to "+most+unit)
		case most != "":
			bounds = append(bounds, "at most "+most+unit)
		case least != "":
			bounds = append(bounds, "at least "+least+unit)
		}
	}
	add(formatCount(s.MinLength), formatCount(s.MaxLength), " characters")
	add(formatCount(s.MinItems), formatCount(s.MaxItems), " items")
	add(formatNumber(s.Minimum), formatNumber(s.Maximum), "")
	return strings.Join(bounds, ", ")
}

func formatCount(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func formatNumber(n *float64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(*n, 'f', -1, 64)
}

// inCell returns a text for a cell of a Markdown table.
func inCell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}

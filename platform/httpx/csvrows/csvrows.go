package csvrows

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/valyala/fasthttp"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/validation"
)

// ContentType is the media type of a table.
const ContentType = "text/csv"

// PrefersCSV reports whether the client prefers a table over JSON.
func PrefersCSV(ctx context.Context) bool { return requestinfo.PrefersType(ctx, ContentType) }

// Body describes the JSON body of an operation that takes a table as well. Its field "rows" is a
// list of objects whose required fields are the columns. Its other fields become query parameters
// beside a table.
type Body struct {
	schema  *huma.Schema
	schemas huma.Registry
}

// BodyOf returns the body of op, whose JSON schema is in schemas.
func BodyOf(op *huma.Operation, schemas huma.Registry) Body {
	return Body{resolveSchema(op.RequestBody.Content["application/json"].Schema, schemas), schemas}
}

// DocumentTable adds the table and the query parameters to op, the operation that b is of.
func (b Body) DocumentTable(op *huma.Operation) {
	op.RequestBody.Content[ContentType] = &huma.MediaType{Schema: &huma.Schema{
		Type: huma.TypeString,
		Description: "A table as spreadsheets write it, in UTF-8 or UTF-16, at most 1 MiB: a header line with " +
			strings.Join(b.requiredColumns(), ", ") + ", then a line for each row. " +
			"Commas, semicolons or tabs separate, or what a first line such as sep=; names. " +
			"Other columns and rows without text are ignored. " +
			"Name <address> and mailto:address are their address",
	}}
	for _, name := range b.fieldNames() {
		field := b.schema.Properties[name]
		schema := &huma.Schema{Type: field.Type, Enum: field.Enum, Default: field.Default}
		doc := "With a CSV body only: what `" + name + "` is in JSON"
		if field.Type == huma.TypeArray {
			schema, doc = &huma.Schema{Type: huma.TypeString}, doc+", separated by commas"
		}
		op.Parameters = append(op.Parameters,
			&huma.Param{Name: name, In: "query", Schema: schema, Description: doc})
	}
}

// fieldNames returns the names of the fields beside "rows", sorted. They are the query parameters.
func (b Body) fieldNames() []string {
	names := slices.Sorted(maps.Keys(b.schema.Properties))
	return slices.DeleteFunc(names, func(name string) bool { return name == "rows" })
}

// resolveSchema returns the schema that s refers to, or s if it is no reference.
func resolveSchema(s *huma.Schema, schemas huma.Registry) *huma.Schema {
	if s.Ref != "" {
		return schemas.SchemaFromRef(s.Ref)
	}
	return s
}

// requiredColumns returns the names of the columns that a table must have.
func (b Body) requiredColumns() []string {
	return append([]string{}, resolveSchema(b.schema.Properties["rows"].Items, b.schemas).Required...)
}

// CheckQuery returns a fault for each parameter of a table that query has beside a JSON body. It
// would have no effect: the client would take a real run for a dry one.
func (b Body) CheckQuery(query *fasthttp.Args) (faults validation.Faults) {
	for _, name := range slices.Sorted(maps.Keys(b.schema.Properties)) {
		if query.Has(name) {
			faults = append(faults, apperr.FieldAt("query."+name, "stands in the body when that is JSON"))
		}
	}
	return faults
}

// Converted is the JSON body that a table and its query parameters stand for. Faults are what is
// wrong with columns and parameters; Unread are the absolute locations of the fields that the JSON
// lacks because of them. The schema of the JSON is still to be checked, so that one answer reports
// everything.
type Converted struct {
	JSON   []byte
	Faults validation.Faults
	Unread []string
}

// ToJSON converts a table and its query parameters. It returns a malformed-request error for what
// is not a table.
func (b Body) ToJSON(table []byte, query *fasthttp.Args) (out Converted, err error) {
	out.Faults = b.checkQueryNames(query)
	fields := map[string]any{}
	rows, err := readRows(table, b.requiredColumns(), b.schema.Properties["rows"].MaxItems)
	if e, ok := apperr.As(err); ok && len(e.Fields) > 0 {
		out.Faults = append(out.Faults, e.Fields...)
		out.Unread = append(out.Unread, "body.rows")
	} else if err != nil {
		return Converted{}, err
	} else {
		fields["rows"] = rows
	}
	for _, name := range b.fieldNames() {
		given := query.Peek(name)
		if given == nil {
			continue
		}
		value, err := parseParameter(name, string(given), b.schema.Properties[name])
		if err != nil {
			out.Faults.Add("query."+name, err)
			out.Unread = append(out.Unread, "body."+name)
			continue
		}
		fields[name] = value
	}
	out.JSON, err = json.Marshal(fields)
	return out, err
}

// checkQueryNames returns a fault for each query parameter that stands for no field of the body or
// comes twice. A mistyped dry_run must not make a real run.
func (b Body) checkQueryNames(query *fasthttp.Args) (faults validation.Faults) {
	seen := map[string]bool{}
	for k := range query.All() {
		name := string(k)
		if _, known := b.schema.Properties[name]; !known || name == "rows" {
			faults = append(faults, apperr.FieldAt("query."+requestinfo.CleanText(name, 50),
				"there is no such field of the body that this parameter could stand for"))
			continue
		}
		if seen[name] {
			faults = append(faults, apperr.FieldAt("query."+name, "comes twice; lists are separated by commas"))
		}
		seen[name] = true
	}
	return faults
}

// parseParameter returns the JSON value of a query parameter whose field has the schema s. It
// returns a validation error for a text that is not of that type.
func parseParameter(name, given string, s *huma.Schema) (v any, err error) {
	switch s.Type {
	case huma.TypeBoolean:
		if given != "true" && given != "false" {
			return nil, validation.InvalidAt("query."+name, "true or false")
		}
		return given == "true", nil
	case huma.TypeInteger:
		if v, err = strconv.ParseInt(given, 10, 64); err != nil {
			return nil, validation.InvalidAt("query."+name, "a whole number")
		}
		return v, nil
	case huma.TypeArray:
		return strings.FieldsFunc(given, func(r rune) bool { return r == ',' }), nil
	}
	return given, nil
}

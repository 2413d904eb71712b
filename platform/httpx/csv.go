package httpx

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
)

const csvType = "text/csv"

// CSVRows makes a route with a body of {rows: […], …} take its rows as CSV, too (RFC 4180): UTF-8, with a header
// line. The body's other fields are then query parameters of the same names.
func CSVRows() Option {
	return func(r *Route) { r.csvRows, r.bodyTypes = true, append(r.bodyTypes, csvType) }
}

// documentCSV writes down what CSVRows takes.
func documentCSV(op *huma.Operation, schemas huma.Registry) {
	body := resolve(op.RequestBody.Content["application/json"].Schema, schemas)
	op.RequestBody.Content[csvType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString,
		Description: "RFC 4180 in UTF-8, at most 1 MiB: a header line with " + strings.Join(columnsOf(body, schemas), ", ") +
			", then a line for each row; columns are separated by commas (or, where the header line has none, by semicolons or tabs), others than these are ignored"}}
	for name, p := range body.Properties {
		if name == "rows" {
			continue
		}
		s, doc := &huma.Schema{Type: p.Type, Enum: p.Enum, Default: p.Default}, "With a CSV body only: what `"+name+"` is in JSON"
		if p.Type == huma.TypeArray {
			s, doc = &huma.Schema{Type: huma.TypeString}, doc+", separated by commas"
		}
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "query", Schema: s, Description: doc})
	}
}

func resolve(s *huma.Schema, schemas huma.Registry) *huma.Schema {
	if s.Ref != "" {
		return schemas.SchemaFromRef(s.Ref)
	}
	return s
}

func columnsOf(body *huma.Schema, schemas huma.Registry) []string {
	row := resolve(body.Properties["rows"].Items, schemas)
	return append([]string{}, row.Required...)
}

// notBeside refuses the parameters of a CSV body beside a JSON one, whose sender would believe in a dry run that is none.
func notBeside(c *fiber.Ctx, op *huma.Operation, schemas huma.Registry) error {
	for name := range resolve(op.RequestBody.Content["application/json"].Schema, schemas).Properties {
		if c.Context().QueryArgs().Has(name) {
			return apperr.Invalid("query."+name, "stands in the body when that is JSON")
		}
	}
	return nil
}

// rowsToJSON turns a CSV body and its query parameters into the JSON body that they stand for, so that one set of
// rules judges both.
func rowsToJSON(c *fiber.Ctx, raw []byte, op *huma.Operation, schemas huma.Registry) ([]byte, error) {
	body := resolve(op.RequestBody.Content["application/json"].Schema, schemas)
	if err := onlyOnce(c, body); err != nil {
		return nil, err
	}
	rows, err := readRows(raw, columnsOf(body, schemas), body.Properties["rows"].MaxItems)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"rows": rows}
	for name, p := range body.Properties {
		given := c.Context().QueryArgs().Peek(name)
		if name == "rows" || given == nil {
			continue
		}
		if out[name], err = queryValue(name, string(given), p); err != nil {
			return nil, err
		}
	}
	return json.Marshal(out)
}

// onlyOnce holds the parameters to what fields of a body are held to: each is known and comes once. Whoever mistypes
// dry_run must not be taken at less than his word.
func onlyOnce(c *fiber.Ctx, body *huma.Schema) error {
	seen := map[string]bool{}
	for k := range c.Context().QueryArgs().All() {
		name := string(k)
		if _, known := body.Properties[name]; !known || name == "rows" {
			return apperr.Invalid("query."+clean(name, 50), "there is no such field of the body that this parameter could stand for")
		}
		if seen[name] {
			return apperr.Invalid("query."+name, "comes twice; lists are separated by commas")
		}
		seen[name] = true
	}
	return nil
}

func queryValue(name, given string, s *huma.Schema) (v any, err error) {
	switch s.Type {
	case huma.TypeBoolean:
		if given != "true" && given != "false" {
			return nil, apperr.Invalid("query."+name, "true or false")
		}
		return given == "true", nil
	case huma.TypeInteger:
		if v, err = strconv.ParseInt(given, 10, 64); err != nil {
			return nil, apperr.Invalid("query."+name, "a whole number")
		}
		return v, nil
	case huma.TypeArray:
		return strings.FieldsFunc(given, func(r rune) bool { return r == ',' }), nil
	}
	return given, nil
}

// readRows reads the named columns; a line that ends early has empty cells. It stops beyond the most rows that there may be.
func readRows(raw []byte, columns []string, most *int) ([]map[string]string, error) {
	if !utf8.Valid(raw) {
		return nil, apperr.Malformed("The body is not UTF-8.")
	}
	if bytes.IndexByte(raw, 0) >= 0 {
		return nil, apperr.Invalid("body", "U+0000 is not accepted")
	}
	raw = bytes.TrimPrefix(raw, []byte("\uFEFF"))
	r := csv.NewReader(bytes.NewReader(raw))
	r.FieldsPerRecord, r.ReuseRecord, r.Comma = -1, true, separator(raw)
	at, err := header(r, columns)
	if err != nil {
		return nil, err
	}
	rows := []map[string]string{}
	for most == nil || len(rows) <= *most {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if fault := (*csv.ParseError)(nil); errors.As(err, &fault) {
			return nil, apperr.Malformed(fmt.Sprintf("Line %d of the body is not valid CSV.", fault.Line))
		}
		if err != nil {
			return nil, err
		}
		row := map[string]string{}
		for name, i := range at {
			row[name] = ""
			if i < len(record) {
				row[name] = record[i]
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// separator is the comma, unless the header line has none and shows what a spreadsheet has taken in its place.
func separator(raw []byte) rune {
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	for _, r := range ",;\t" {
		if bytes.ContainsRune(line, r) {
			return r
		}
	}
	return ','
}

// header says where the columns stand; case and outer space don't matter.
func header(r *csv.Reader, columns []string) (map[string]int, error) {
	line, err := r.Read()
	if err != nil {
		return nil, apperr.Malformed("The body is not valid CSV with a header line.")
	}
	at := map[string]int{}
	for i, cell := range line {
		name := strings.ToLower(strings.TrimSpace(cell))
		if _, twice := at[name]; !twice {
			at[name] = i
		}
	}
	out := map[string]int{}
	for _, name := range columns {
		i, ok := at[name]
		if !ok {
			return nil, apperr.Invalid("body", "the header line lacks the column "+name+"; it has "+clean(strings.Join(line, ", "), 200))
		}
		out[name] = i
	}
	return out, nil
}

// WantsCSV says whether the caller asks for CSV rather than JSON.
func WantsCSV(ctx context.Context) bool { return stateOf(ctx).wants == csvType }

// CSV answers with rows as a file of that name, as it is written; fn gets what writes one row. Cells that a
// spreadsheet would take for a formula are made text (ASVS 1.2.10).
func CSV(name string, fn func(ctx context.Context, row func(cells ...string) error) error) *Streamed {
	return Stream(csvType+"; charset=utf-8; header=present", name, func(ctx context.Context, w io.Writer) error {
		out := csv.NewWriter(w)
		out.UseCRLF = true
		err := fn(ctx, func(cells ...string) error {
			for i := range cells {
				cells[i] = cell(cells[i])
			}
			return out.Write(cells)
		})
		out.Flush()
		return errors.Join(err, out.Error())
	})
}

// cell puts an apostrophe before what a spreadsheet would compute, and before an apostrophe, so that it can be taken off again.
func cell(s string) string {
	if s == "" {
		return s
	}
	switch r, _ := utf8.DecodeRuneInString(s); r {
	case '\'', '=', '+', '-', '@', '\t', '\r', '\n', 0, '＝', '＋', '－', '＠':
		return "'" + s
	}
	return s
}

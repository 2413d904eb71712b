package httpx

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/requestinfo"
)

const csvType = "text/csv"

// CSVRows makes a route with a body of {rows: […], …} take its rows as CSV, too, as spreadsheets and mail programs write
// it, with a header line. The body's other fields are then query parameters of the same names.
func CSVRows() Option {
	return func(r *Route) { r.csvRows, r.bodyTypes = true, append(r.bodyTypes, csvType) }
}

// documentCSV writes down what CSVRows takes.
func documentCSV(op *huma.Operation, schemas huma.Registry) {
	body := resolve(op.RequestBody.Content["application/json"].Schema, schemas)
	op.RequestBody.Content[csvType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString,
		Description: "A table as spreadsheets write it, in UTF-8 or UTF-16, at most 1 MiB: a header line with " + strings.Join(columnsOf(body, schemas), ", ") +
			", then a line for each row. Commas, semicolons or tabs separate, or what a first line such as sep=; names. Other columns and rows without text are ignored. " +
			"Name <address> and mailto:address are their address"}}
	for _, name := range csvFields(body) {
		p := body.Properties[name]
		s, doc := &huma.Schema{Type: p.Type, Enum: p.Enum, Default: p.Default}, "With a CSV body only: what `"+name+"` is in JSON"
		if p.Type == huma.TypeArray {
			s, doc = &huma.Schema{Type: huma.TypeString}, doc+", separated by commas"
		}
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "query", Schema: s, Description: doc})
	}
}

// csvFields are the fields of a body that become query parameters beside a table, always in one order.
func csvFields(body *huma.Schema) []string {
	names := slices.Sorted(maps.Keys(body.Properties))
	return slices.DeleteFunc(names, func(name string) bool { return name == "rows" })
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
	var faults Faults
	for _, name := range slices.Sorted(maps.Keys(resolve(op.RequestBody.Content["application/json"].Schema, schemas).Properties)) {
		if c.Context().QueryArgs().Has(name) {
			faults = append(faults, apperr.FieldAt("query."+name, "stands in the body when that is JSON"))
		}
	}
	return faults.err()
}

// rowsToJSON turns a CSV body and its query parameters into the JSON body that they stand for, so that one set of
// rules judges both.
func rowsToJSON(c *fiber.Ctx, raw []byte, op *huma.Operation, schemas huma.Registry) ([]byte, error) {
	body := resolve(op.RequestBody.Content["application/json"].Schema, schemas)
	faults := onlyOnce(c, body)
	rows, err := readRows(raw, columnsOf(body, schemas), body.Properties["rows"].MaxItems)
	if e, ok := apperr.As(err); ok && len(e.Fields) > 0 {
		faults = append(faults, e.Fields...)
	} else if err != nil {
		return nil, err
	}
	out := map[string]any{"rows": rows}
	for _, name := range csvFields(body) {
		given := c.Context().QueryArgs().Peek(name)
		if given == nil {
			continue
		}
		out[name], err = queryValue(name, string(given), body.Properties[name])
		faults.Add("query."+name, err)
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// onlyOnce holds the parameters to what fields of a body are held to: each is known and comes once. Whoever mistypes
// dry_run must not be taken at less than his word.
func onlyOnce(c *fiber.Ctx, body *huma.Schema) (faults Faults) {
	seen := map[string]bool{}
	for k := range c.Context().QueryArgs().All() {
		name := string(k)
		if _, known := body.Properties[name]; !known || name == "rows" {
			faults = append(faults, apperr.FieldAt("query."+requestinfo.CleanText(name, 50), "there is no such field of the body that this parameter could stand for"))
			continue
		}
		if seen[name] {
			faults = append(faults, apperr.FieldAt("query."+name, "comes twice; lists are separated by commas"))
		}
		seen[name] = true
	}
	return faults
}

func queryValue(name, given string, s *huma.Schema) (v any, err error) {
	switch s.Type {
	case huma.TypeBoolean:
		if given != "true" && given != "false" {
			return nil, invalidAt("query."+name, "true or false")
		}
		return given == "true", nil
	case huma.TypeInteger:
		if v, err = strconv.ParseInt(given, 10, 64); err != nil {
			return nil, invalidAt("query."+name, "a whole number")
		}
		return v, nil
	case huma.TypeArray:
		return strings.FieldsFunc(given, func(r rune) bool { return r == ',' }), nil
	}
	return given, nil
}

// emailColumn is the column whose cells are mail addresses, as mail programs write them.
const emailColumn = "email"

// readRows reads the named columns of a table; a row that ends early has empty cells, and rows without text are none. It
// stops beyond the most rows that there may be.
func readRows(raw []byte, columns []string, most *int) ([]map[string]string, error) {
	text, err := decodeTable(raw, columns)
	if err != nil {
		return nil, err
	}
	if strings.ContainsRune(text, 0) {
		return nil, invalidAt("body", "U+0000 is not accepted")
	}
	t := newTable(text)
	header, err := t.header(columns)
	if err != nil {
		return nil, err
	}
	at, err := placesOf(header, columns)
	if err != nil {
		return nil, err
	}
	isList := len(at) == 1 && header.isList()
	rows := []map[string]string{}
	for t.rest != "" && (most == nil || len(rows) <= *most) {
		r, err := t.next()
		if err != nil {
			return nil, err
		}
		if r.isBlank() {
			continue
		}
		if isList {
			for _, address := range t.addresses(r, at[emailColumn]) {
				if most != nil && len(rows) > *most {
					break
				}
				rows = append(rows, map[string]string{emailColumn: address})
			}
			continue
		}
		row := map[string]string{}
		for name, i := range at {
			if row[name] = ""; i < len(r.cells) {
				row[name] = r.cells[i]
			}
			if name == emailColumn {
				row[name] = r.addressOf(row[name])
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// placesOf says where the columns stand in the header; case and outer space don't matter.
func placesOf(header record, columns []string) (map[string]int, error) {
	out := map[string]int{}
	for i, cell := range header.cells {
		name := columnName(cell)
		if !slices.Contains(columns, name) {
			continue
		}
		if _, twice := out[name]; twice {
			return nil, invalidAt("body", "the header line has the column "+name+" twice")
		}
		out[name] = i
	}
	for _, name := range columns {
		if _, ok := out[name]; !ok {
			return nil, invalidAt("body", "the header line lacks the column "+name+"; it has "+requestinfo.CleanText(strings.Join(header.cells, ", "), 200))
		}
	}
	return out, nil
}

// WantsCSV says whether the caller asks for CSV rather than JSON.
func WantsCSV(ctx context.Context) bool { return requestinfo.Prefers(ctx, csvType) }

// CSV answers with rows as a file of that name, as it is written; fn gets what writes one row. Cells that a
// spreadsheet would take for a formula are made text (ASVS 1.2.10).
func CSV(name string, fn func(ctx context.Context, row func(cells ...string) error) error) *Streamed {
	return Stream(csvType+"; charset=utf-8; header=present", name, func(ctx context.Context, w io.Writer) error {
		// Without the byte order mark Excel takes the text for the system's old charset.
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return err
		}
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

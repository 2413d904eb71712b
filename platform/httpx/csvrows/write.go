package csvrows

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"unicode/utf8"

	"lyceum/platform/httpx/stream"
)

// StreamTable answers with a table as a file of that name. write gets a function that writes one
// row, the header first. Cells that a spreadsheet would compute become text (ASVS 1.2.10).
func StreamTable(name string, write func(ctx context.Context, row func(cells ...string) error) error) *stream.Response {
	return stream.New(ContentType+"; charset=utf-8; header=present", name, func(ctx context.Context, w io.Writer) error {
		// Without the byte order mark Excel takes the text for the system's old charset.
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return err
		}
		out := csv.NewWriter(w)
		out.UseCRLF = true
		err := write(ctx, func(cells ...string) error {
			for i := range cells {
				cells[i] = escapeFormula(cells[i])
			}
			return out.Write(cells)
		})
		out.Flush()
		return errors.Join(err, out.Error())
	})
}

// escapeFormula puts an apostrophe before a cell that a spreadsheet would compute, and before an
// apostrophe, so that it can be removed again.
func escapeFormula(s string) string {
	if s == "" {
		return s
	}
	switch r, _ := utf8.DecodeRuneInString(s); r {
	case '\'', '=', '+', '-', '@', '\t', '\r', '\n', 0, '＝', '＋', '－', '＠':
		return "'" + s
	}
	return s
}

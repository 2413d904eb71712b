package csvrows

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"unicode/utf8"

	"lyceum/platform/httpx/stream"
)

// StreamTable returns an answer that is a table, as a file of that name. write gets a function that
// writes one row, and writes the header first. Cells that a spreadsheet would compute become text
// (ASVS 1.2.10).
func StreamTable(name string, write func(ctx context.Context, row func(cells ...string) error) error) *stream.Response {
	return stream.New(ContentType+"; charset=utf-8; header=present", name, func(ctx context.Context, w io.Writer) error {
		// Without the byte order mark, Excel reads the text in the old charset of the system.
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

// escapeFormula returns a cell with an apostrophe before it if a spreadsheet would compute it. It
// puts one before an apostrophe, too, so that a reader can remove the first in any case.
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

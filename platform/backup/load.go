package backup

import (
	"context"
	"strings"

	"lyceum/platform/db"
)

// maxArgs bounds the values of one statement. Both databases take more; larger statements are not faster.
const maxArgs = 4000

// maxStatementBytes is from how many bytes on rows wait for no others, whatever a statement could hold.
const maxStatementBytes = 4 << 20

// loader inserts rows, many in one statement.
type loader struct {
	db *db.DB
	// head is the beginning of the statement, and row the places for the values of one row.
	head, row string
	// atOnce is how many rows a full statement has, and full its text.
	atOnce int
	full   string
	args   []any
	rows   int
	// bytes is the size of the values that wait.
	bytes int
}

func newLoader(d *db.DB, t TablePart) *loader {
	l := &loader{
		db:     d,
		head:   "INSERT INTO " + db.QuoteName(t.Name) + " (" + quoteColumns(t.Columns) + ") VALUES ",
		row:    "(?" + strings.Repeat(", ?", len(t.Columns)-1) + ")",
		atOnce: max(1, maxArgs/len(t.Columns)),
	}
	l.full = l.statement(l.atOnce)
	return l
}

// statement returns the text for a number of rows.
func (l *loader) statement(rows int) string {
	return l.head + l.row + strings.Repeat(", "+l.row, rows-1)
}

// add inserts a row, now or together with later ones.
func (l *loader) add(ctx context.Context, row []any) error {
	l.args = append(l.args, row...)
	for _, value := range row {
		switch v := value.(type) {
		case string:
			l.bytes += len(v)
		case []byte:
			l.bytes += len(v)
		}
	}
	if l.rows++; l.rows < l.atOnce && l.bytes < maxStatementBytes {
		return nil
	}
	return l.flush(ctx)
}

// flush inserts the rows that wait.
func (l *loader) flush(ctx context.Context) error {
	if l.rows == 0 {
		return nil
	}
	statement := l.full
	if l.rows < l.atOnce {
		statement = l.statement(l.rows)
	}
	_, err := l.db.Exec(ctx, statement, l.args...)
	l.args, l.rows, l.bytes = l.args[:0], 0, 0
	return err
}

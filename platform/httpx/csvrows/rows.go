package csvrows

import (
	"slices"
	"strings"

	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/validation"
)

// emailColumn is the column whose cells are mail addresses, as mail programs write them.
const emailColumn = "email"

// readRows returns the rows of a table with the named columns. A row that ends early has empty
// cells; rows without text are left out. Reading stops one row beyond most, so that the schema
// refuses the body without the whole table in memory. most is nil for no bound. readRows returns a
// malformed-request error for what is not a table and a validation error for wrong columns.
func readRows(raw []byte, columns []string, most *int) ([]map[string]string, error) {
	text, err := decodeTable(raw, columns)
	if err != nil {
		return nil, err
	}
	if strings.ContainsRune(text, 0) {
		return nil, validation.InvalidAt("body", "U+0000 is not accepted")
	}
	t := newTable(text)
	header, err := t.readHeader(columns)
	if err != nil {
		return nil, err
	}
	indexes, err := findColumns(header, columns)
	if err != nil {
		return nil, err
	}

	isList := len(indexes) == 1 && header.isList()
	isFull := func(rows []map[string]string) bool { return most != nil && len(rows) > *most }
	rows := []map[string]string{}
	for t.rest != "" && !isFull(rows) {
		r, err := t.readRecord()
		if err != nil {
			return nil, err
		}
		if r.isBlank() {
			continue
		}
		if !isList {
			rows = append(rows, r.toRow(indexes))
			continue
		}
		for _, address := range t.splitAddresses(r, indexes[emailColumn]) {
			if isFull(rows) {
				break
			}
			rows = append(rows, map[string]string{emailColumn: address})
		}
	}
	return rows, nil
}

// toRow returns the cells of the record under the names of their columns.
func (r record) toRow(indexes map[string]int) map[string]string {
	row := map[string]string{}
	for name, i := range indexes {
		cell := ""
		if i < len(r.cells) {
			cell = r.cells[i]
		}
		if name == emailColumn {
			cell = r.findAddress(cell)
		}
		row[name] = cell
	}
	return row
}

// findColumns returns the index of each column in the header, without regard to case and outer
// space. It returns a validation error for a column that is absent or comes twice.
func findColumns(header record, columns []string) (map[string]int, error) {
	indexes := map[string]int{}
	for i, cell := range header.cells {
		name := columnName(cell)
		if !slices.Contains(columns, name) {
			continue
		}
		if _, isTaken := indexes[name]; isTaken {
			return nil, validation.InvalidAt("body", "the header line has the column "+name+" twice")
		}
		indexes[name] = i
	}
	for _, name := range columns {
		if _, ok := indexes[name]; !ok {
			found := requestinfo.CleanText(strings.Join(header.cells, ", "), 200)
			return nil, validation.InvalidAt("body", "the header line lacks the column "+name+"; it has "+found)
		}
	}
	return indexes, nil
}

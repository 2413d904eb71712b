package db

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kind is what the values of a column are, on every database.
type Kind string

// The kinds of columns. A UUID is a text.
const (
	KindText    Kind = "text"
	KindInteger Kind = "integer"
	KindBoolean Kind = "boolean"
	KindBytes   Kind = "bytes"
)

// Column is one column of a table.
type Column struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
}

// Table describes a table as the database knows it.
type Table struct {
	Name    string
	Columns []Column
	// Order are the columns of the primary key, as ORDER BY takes them. They sort equal rows in one order on every
	// database.
	Order []string
	// Parents are the other tables that a foreign key of this one refers to.
	Parents []string
}

// DescribeTables returns those of the named tables that exist, parents before their children, else in the order
// of their names. It returns an error for a column whose type has no Kind, and for tables that refer to each
// other in a circle.
func (d *DB) DescribeTables(ctx context.Context, names []string) ([]Table, error) {
	var tables []Table
	for _, name := range slices.Sorted(slices.Values(names)) {
		table, err := d.describeTable(ctx, name)
		if err != nil {
			return nil, err
		}
		if len(table.Columns) > 0 {
			tables = append(tables, table)
		}
	}
	return sortByParents(tables)
}

// describeTable returns one table. It has no columns if it does not exist.
func (d *DB) describeTable(ctx context.Context, name string) (Table, error) {
	queries := postgresCatalog
	if d.dialect == SQLite {
		queries = sqliteCatalog
	}
	table := Table{Name: name}
	err := d.Query(ctx, queries.columns, []any{name}, func(scan func(...any) error) error {
		var column, typeName string
		if err := scan(&column, &typeName); err != nil {
			return err
		}
		kind, err := kindOf(typeName)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", name, column, err)
		}
		table.Columns = append(table.Columns, Column{column, kind})
		return nil
	})
	if err != nil {
		return Table{}, err
	}
	if table.Order, err = d.queryTexts(ctx, queries.order, name); err != nil {
		return Table{}, err
	}
	table.Parents, err = d.queryTexts(ctx, queries.parents, name, name)
	return table, err
}

// catalog holds the queries for what a database knows about a table.
type catalog struct {
	// columns returns the name and the type of each column, in the order of the table.
	columns string
	// order returns the columns of the primary key, in its order, quoted and with the collation of bytes.
	order string
	// parents returns the other tables that foreign keys refer to. It takes the name of the table twice.
	parents string
}

var postgresCatalog = catalog{
	columns: `SELECT column_name, data_type FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position`,
	order: `SELECT quote_ident(a.attname) || CASE WHEN l.collname <> 'C' THEN ' COLLATE "C"' ELSE '' END FROM pg_index i
		CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (number, place)
		JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
		LEFT JOIN pg_collation l ON l.oid = a.attcollation
		WHERE i.indisprimary AND i.indrelid = to_regclass(quote_ident(?)) ORDER BY k.place`,
	parents: `SELECT DISTINCT c.relname::text FROM pg_constraint f JOIN pg_class c ON c.oid = f.confrelid
		WHERE f.contype = 'f' AND f.conrelid = to_regclass(quote_ident(?)) AND c.relname <> ? ORDER BY 1`,
}

var sqliteCatalog = catalog{
	columns: "SELECT name, lower(type) FROM pragma_table_info(?) ORDER BY cid",
	order:   `SELECT '"' || name || '"' FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk`,
	parents: `SELECT DISTINCT "table" FROM pragma_foreign_key_list(?) WHERE "table" <> ? ORDER BY 1`,
}

// queryTexts returns the only column of a query.
func (d *DB) queryTexts(ctx context.Context, query string, args ...any) (texts []string, err error) {
	err = d.Query(ctx, query, args, func(scan func(...any) error) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		texts = append(texts, text)
		return nil
	})
	return texts, err
}

// kindOf returns the kind of a column by the name of its type, in lower case.
func kindOf(typeName string) (Kind, error) {
	switch typeName {
	case "text", "uuid", "character varying":
		return KindText, nil
	case "bigint", "integer", "smallint":
		return KindInteger, nil
	case "boolean":
		return KindBoolean, nil
	case "bytea", "blob":
		return KindBytes, nil
	}
	return "", fmt.Errorf("the type %q is none that every database has", typeName)
}

// sortByParents puts parents before their children.
func sortByParents(tables []Table) ([]Table, error) {
	sorted := make([]Table, 0, len(tables))
	isPlaced := map[string]bool{}
	isThere := func(parent string) bool {
		return slices.ContainsFunc(tables, func(t Table) bool { return t.Name == parent })
	}
	for len(sorted) < len(tables) {
		before := len(sorted)
		for _, t := range tables {
			waits := slices.ContainsFunc(t.Parents, func(p string) bool { return isThere(p) && !isPlaced[p] })
			if !isPlaced[t.Name] && !waits {
				sorted, isPlaced[t.Name] = append(sorted, t), true
			}
		}
		if len(sorted) == before {
			return nil, errors.New("tables refer to each other in a circle")
		}
	}
	return sorted, nil
}

// QuoteName returns a name as SQL writes it, whatever characters it has.
func QuoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// ExecSchema runs a statement that changes the schema. It takes no arguments, so a ? in it stays what it is.
func (d *DB) ExecSchema(ctx context.Context, statement string) error {
	countStatement(ctx)
	_, err := d.driverConn(ctx).ExecContext(ctx, statement)
	return err
}

// UpdateStatistics tells the planner of queries what the tables hold, after many rows have changed at once.
func (d *DB) UpdateStatistics(ctx context.Context) error { return d.ExecSchema(ctx, "ANALYZE") }

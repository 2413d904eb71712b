package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// fileForm matches the name of a file with one direction of a migration: ID.up.sql or ID.down.sql
// for both databases, or ID.up.postgres.sql and the like for one of them.
var fileForm = regexp.MustCompile(`^(\d{12}_[a-z0-9_]+)\.(up|down)(?:\.(postgres|sqlite))?\.sql$`)

// LoadFiles reads migrations from the .sql files in the folder "migrations" of files and returns them
// sorted by id. Each file begins with a comment that says why the migration exists; its statements
// end with a semicolon at the end of a line. If a direction has a file for both databases and one for
// a single database, the former runs first.
//
// It returns an error for another file name, for a file without a comment or without statements, and
// for a migration that lacks one direction.
func LoadFiles(files fs.FS) ([]Migration, error) {
	entries, err := fs.ReadDir(files, "migrations")
	if err != nil {
		return nil, err
	}
	var all []Migration
	for _, entry := range entries {
		if all, err = appendFile(all, files, entry.Name()); err != nil {
			return nil, fmt.Errorf("migration file %q: %w", entry.Name(), err)
		}
	}
	for _, m := range all {
		if len(m.Up) == 0 || len(m.Down) == 0 {
			return nil, fmt.Errorf("migration %q lacks its up or its down file", m.ID)
		}
	}
	return all, nil
}

// appendFile adds the statements of one file to the last migration, or to a new one. Files come in
// the order of their names, so those of a migration follow each other.
func appendFile(all []Migration, files fs.FS, fileName string) ([]Migration, error) {
	parts := fileForm.FindStringSubmatch(fileName)
	if parts == nil {
		return nil, errors.New("accepted are ID.up.sql and ID.down.sql, with .postgres or .sqlite before .sql")
	}
	id, direction, dialect := parts[1], parts[2], parts[3]
	text, err := fs.ReadFile(files, path.Join("migrations", fileName))
	if err != nil {
		return nil, err
	}
	statements, err := splitStatements(string(text), dialect)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 || all[len(all)-1].ID != id {
		all = append(all, Migration{ID: id})
	}
	m := &all[len(all)-1]
	target := &m.Up
	if direction == "down" {
		target = &m.Down
	}
	if dialect == "" {
		// Statements for both databases come first, though ".postgres" sorts before ".sql".
		*target = slices.Concat(statements, *target)
	} else {
		*target = append(*target, statements...)
	}
	return all, nil
}

// MustLoadFiles is LoadFiles for embedded files, which tests have loaded. It panics instead of
// returning an error.
func MustLoadFiles(files fs.FS) []Migration {
	all, err := LoadFiles(files)
	if err != nil {
		panic(err)
	}
	return all
}

// splitStatements returns the statements of a file without comment lines. It marks them with the
// dialect if that is not empty. Semicolons inside of a line, of the body of a trigger (BEGIN … END)
// and of a quoted body ($$ … $$) do not end a statement.
func splitStatements(text, dialect string) (statements []string, err error) {
	if !strings.HasPrefix(text, "-- ") {
		return nil, fmt.Errorf("the first line must be a comment that says why")
	}
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			lines = append(lines, line)
		}
	}
	open := ""
	for part := range strings.SplitSeq(strings.Join(lines, ""), ";\n") {
		open += part
		statement := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(open), ";"))
		if hasOpenBody(statement) {
			open += ";\n"
			continue
		}
		open = ""
		switch {
		case statement == "":
		case dialect != "":
			statements = append(statements, dialect+":"+statement)
		default:
			statements = append(statements, statement)
		}
	}
	if strings.TrimSpace(open) != "" {
		return nil, fmt.Errorf("the last body has no end")
	}
	if len(statements) == 0 {
		return nil, fmt.Errorf("there is no statement")
	}
	return statements, nil
}

// triggerBody matches a trigger whose statements stand between BEGIN and END, as in SQLite.
var triggerBody = regexp.MustCompile(`(?s)^CREATE TRIGGER\b.*\bBEGIN\b`)

// hasOpenBody reports whether a text is the beginning of a statement whose body goes on.
func hasOpenBody(statement string) bool {
	if strings.Count(statement, "$$")%2 == 1 {
		return true
	}
	return triggerBody.MatchString(statement) && !strings.HasSuffix(statement, "END")
}

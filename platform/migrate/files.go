package migrate

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// fileForm is the name of a file with one direction of a migration: ID.up.sql or ID.down.sql for both databases, or
// ID.up.postgres.sql and the like for one of them.
var fileForm = regexp.MustCompile(`^(\d{12}_[a-z0-9_]+)\.(up|down)(?:\.(postgres|sqlite))?\.sql$`)

// Load reads migrations from .sql files in the folder migrations of files, sorted by their ids. Each file begins
// with a comment that says why the migration exists; its statements end with a semicolon at the end of a line. If a
// migration has files for both databases and for one of them, the former run first.
//
// Load returns an error for another name, for a file without a comment or without statements, and for a migration that
// lacks one direction.
func Load(files fs.FS) ([]Migration, error) {
	entries, err := fs.ReadDir(files, "migrations")
	if err != nil {
		return nil, err
	}
	var all []Migration
	for _, entry := range entries {
		name := fileForm.FindStringSubmatch(entry.Name())
		if name == nil {
			return nil, fmt.Errorf("migration file %q: accepted are ID.up.sql and ID.down.sql, "+
				"with .postgres or .sqlite before .sql", entry.Name())
		}
		text, err := fs.ReadFile(files, path.Join("migrations", entry.Name()))
		if err != nil {
			return nil, err
		}
		statements, err := splitStatements(string(text), name[3])
		if err != nil {
			return nil, fmt.Errorf("migration file %q: %w", entry.Name(), err)
		}
		// Files of one migration follow each other, those for both databases after those for one ("." sorts before "s").
		if len(all) == 0 || all[len(all)-1].ID != name[1] {
			all = append(all, Migration{ID: name[1]})
		}
		m := &all[len(all)-1]
		direction := &m.Up
		if name[2] == "down" {
			direction = &m.Down
		}
		if name[3] == "" {
			*direction = slices.Concat(statements, *direction)
		} else {
			*direction = append(*direction, statements...)
		}
	}
	for _, m := range all {
		if len(m.Up) == 0 || len(m.Down) == 0 {
			return nil, fmt.Errorf("migration %q lacks its up or its down file", m.ID)
		}
	}
	return all, nil
}

// MustLoad is Load for embedded files, which a test has checked. It panics where Load returns an error.
func MustLoad(files fs.FS) []Migration {
	all, err := Load(files)
	if err != nil {
		panic(err)
	}
	return all
}

// splitStatements returns the statements of a file, marked with the database if they are for one.
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
	for _, statement := range strings.Split(strings.Join(lines, ""), ";\n") {
		statement = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(statement), ";"))
		switch {
		case statement == "":
		case dialect != "":
			statements = append(statements, dialect+":"+statement)
		default:
			statements = append(statements, statement)
		}
	}
	if len(statements) == 0 {
		return nil, fmt.Errorf("there is no statement")
	}
	return statements, nil
}

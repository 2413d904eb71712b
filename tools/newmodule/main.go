// Command newmodule writes a small complete module, in the shape that all modules have:
//
//	go tool task new:module -- badges
//
// The module works and passes its tests as it is. Its author replaces the items by the things that the
// module is about.
package main

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
	"time"
)

//go:embed templates/*.tmpl
var templateFiles embed.FS

var templates = template.Must(template.ParseFS(templateFiles, "templates/*.tmpl"))

// moduleName matches names that are valid as a Go package, a path and a table.
var moduleName = regexp.MustCompile(`^[a-z]{3,20}$`)

// values are the values that the templates use.
type values struct {
	Name, Title, Upper string
	// Stamp begins the id of the migration: YYYYMMDDHHMM.
	Stamp string
}

func main() {
	if len(os.Args) != 2 || !moduleName.MatchString(os.Args[1]) {
		fmt.Fprintln(os.Stderr, "usage: go tool task new:module -- NAME (3 to 20 lower-case letters)")
		os.Exit(2)
	}
	name := os.Args[1]
	if err := writeModule(filepath.Join("modules", name), name, time.Now()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("modules/%s is there. Add %s.Module to app/modules/modules.go; then go tool task golden:update "+
		"and go tool task test.\n", name, name)
}

// writeModule writes the files of a module into dir, which must not exist yet.
func writeModule(dir, name string, now time.Time) error {
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("%s exists already", dir)
	}
	files, err := renderFiles(name, now)
	if err != nil {
		return err
	}
	for file, text := range files {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// renderFiles returns the files of a module by their paths inside of its folder.
func renderFiles(name string, now time.Time) (map[string][]byte, error) {
	v := values{
		Name: name, Title: strings.ToUpper(name[:1]) + name[1:], Upper: strings.ToUpper(name),
		Stamp: now.UTC().Format("200601021504"),
	}
	files := map[string][]byte{}
	for _, t := range templates.Templates() {
		var source bytes.Buffer
		if err := t.Execute(&source, v); err != nil {
			return nil, err
		}
		file, text := strings.TrimSuffix(t.Name(), ".tmpl"), source.Bytes()
		if filepath.Ext(file) == ".go" {
			var err error
			if text, err = format.Source(text); err != nil {
				return nil, fmt.Errorf("%s: %w", t.Name(), err)
			}
		}
		files[v.placeOf(file)] = text
	}
	return files, nil
}

// placeOf returns the path of the file of a template. The leaf package, the fakes, the migrations and
// the panel have folders of their own.
func (v values) placeOf(file string) string {
	migration := filepath.Join("migrations", v.Stamp+"_"+v.Name+"_create_"+v.Name)
	switch {
	case file == "api.go":
		return filepath.Join(v.Name+"api", v.Name+"api.go")
	case file == "fake.go":
		return filepath.Join(v.Name+"test", v.Name+"test.go")
	case file == "migration_up.sql":
		return migration + ".up.sql"
	case file == "migration_down.sql":
		return migration + ".down.sql"
	case filepath.Ext(file) == ".js":
		return filepath.Join("console", file)
	}
	return file
}

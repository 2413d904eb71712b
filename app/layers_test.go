package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The layers of a module: handler → service → store. These tests read the source of the modules and report what belongs
// into another layer. Each rule is shown to fail on planted source.

// moduleFile is a parsed Go file below modules/, without tests.
type moduleFile struct {
	// Path is slash-separated and relative to modules/, such as "chat/http_channels.go".
	Path string
	Set  *token.FileSet
	AST  *ast.File
}

// at returns the place of a node as "chat/http_channels.go:12".
func (f moduleFile) at(n ast.Node) string {
	return f.Path + ":" + strconv.Itoa(f.Set.Position(n.Pos()).Line)
}

// isHandler returns whether the file holds handlers or routes: http_*.go and routes.go.
func (f moduleFile) isHandler() bool {
	name := path.Base(f.Path)
	return strings.HasPrefix(name, "http_") || name == "routes.go"
}

// isStore returns whether the file may hold SQL: store*.go and migrations*.go.
func (f moduleFile) isStore() bool {
	name := path.Base(f.Path)
	return strings.HasPrefix(name, "store") || strings.HasPrefix(name, "migrations")
}

// parseModules parses the product files of all modules below dir, in the order of their paths.
func parseModules(t *testing.T, dir string) (out []moduleFile) {
	t.Helper()
	set, root := token.NewFileSet(), filepath.Join(dir, "modules")
	for _, depth := range []string{"*/*.go", "*/*/*.go", "*/*/*/*.go"} {
		files, err := filepath.Glob(filepath.Join(root, depth))
		require.NoError(t, err)
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			rel, err := filepath.Rel(root, file)
			require.NoError(t, err)
			out = append(out, moduleFile{filepath.ToSlash(rel), set, parsed})
		}
	}
	slices.SortFunc(out, func(a, b moduleFile) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// layerFaults lists what a rule reports of the modules below dir.
func layerFaults(t *testing.T, dir string, rule func(moduleFile) []string) (out []string) {
	t.Helper()
	for _, f := range parseModules(t, dir) {
		out = append(out, rule(f)...)
	}
	return out
}

// storesInHandlers reports each use of the name "store" in a handler: "chat/http_sockets.go:34: h.service.store.presentIn".
func storesInHandlers(f moduleFile) (out []string) {
	if !f.isHandler() {
		return nil
	}
	ast.Inspect(f.AST, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if slices.Contains(chainOf(n), "store") {
				out = append(out, f.at(n)+": "+types.ExprString(n))
				return false
			}
		case *ast.Ident:
			if n.Name == "store" {
				out = append(out, f.at(n)+": "+n.Name)
			}
		}
		return true
	})
	return out
}

// chainOf returns the names of a chain of selectors: h, service and store of h.service.store. It ends at a call, an index
// or parentheses.
func chainOf(e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		return append(chainOf(e.X), e.Sel.Name)
	case *ast.Ident:
		return []string{e.Name}
	}
	return nil
}

// databasesInHandlers reports each import of GORM or of platform/db in a handler. There are no exceptions.
func databasesInHandlers(f moduleFile) (out []string) {
	if !f.isHandler() {
		return nil
	}
	for _, spec := range f.AST.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil || strings.HasPrefix(imported, "gorm.io/") || imported == root+"platform/db" {
			out = append(out, f.at(spec)+": imports "+imported)
		}
	}
	return out
}

// TestHandlersAskServices holds handlers to convert requests and answers, and to leave the database to services.
func TestHandlersAskServices(t *testing.T) {
	for name, rule := range map[string]func(moduleFile) []string{
		"no handler uses a store":         storesInHandlers,
		"no handler imports the database": databasesInHandlers,
	} {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, layerFaults(t, "..", rule))
		})
	}
}

// eventPayloads returns the names of the types in a file that are events: they have a method EventName, and their rows in
// the outbox are JSON.
func eventPayloads(f moduleFile) map[string]bool {
	out := map[string]bool{}
	for _, d := range f.AST.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil && fn.Name.Name == "EventName" {
			out[strings.TrimPrefix(types.ExprString(fn.Recv.List[0].Type), "*")] = true
		}
	}
	return out
}

// viewsOutsideHandlers reports each type with json tags that is not in a handler's file, a leaf package, a file of the
// data export (holdings.go, store_holdings.go) or an event.
func viewsOutsideHandlers(f moduleFile) (out []string) {
	name := path.Base(f.Path)
	if f.isHandler() || isLeaf("modules/"+path.Dir(f.Path)) || name == "holdings.go" || name == "store_holdings.go" {
		return nil
	}
	events := eventPayloads(f)
	ast.Inspect(f.AST, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if !events[spec.Name.Name] && hasJSONTag(spec) {
			out = append(out, f.Path+": "+spec.Name.Name)
		}
		return false
	})
	return out
}

// hasJSONTag returns whether any field below a node has a json tag.
func hasJSONTag(n ast.Node) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok && field.Tag != nil {
			tag, err := strconv.Unquote(field.Tag.Value)
			_, has := reflect.StructTag(tag).Lookup("json")
			found = found || err == nil && has
		}
		return true
	})
	return found
}

// formats are JSON that is no view: it is stored, sealed, packed into an archive or sent over a socket. The keys are
// files, or types of a file.
var formats = map[string]string{
	"audit/head.go: logBreak":                     "stored in the head of the log, and covered by its seal",
	"chat/internal/live/frames.go":                "the frames of sockets",
	"courses/internal/archive/manifest.go":        "course.json of an archive",
	"courses/internal/course/caption.go: Caption": "stored with a lesson, and shown as it is stored",
	"notifications/notify.go: notice":             "a part of the event partDue",
	"users/export.go: accountRecord":              "the data export's part of the account itself",
}

// TestViewsStandWithHandlers keeps types with json tags in the files of handlers.
func TestViewsStandWithHandlers(t *testing.T) {
	used := map[string]bool{}
	var misplaced []string
	for _, fault := range layerFaults(t, "..", viewsOutsideHandlers) {
		file, _, _ := strings.Cut(fault, ": ")
		if formats[fault] == "" && formats[file] == "" {
			misplaced = append(misplaced, fault)
		}
		used[fault], used[file] = true, true
	}
	t.Run("no view is misplaced", func(t *testing.T) {
		require.Empty(t, misplaced)
	})
	for format := range formats {
		t.Run(format+" has json tags", func(t *testing.T) {
			require.True(t, used[format], "take it off the list of formats")
		})
	}
}

// sql matches what only a statement of SQL, or a part of one, says.
var sql = regexp.MustCompile(`\bSELECT\s|\bUPDATE\s[\s\S]*\sSET\s|\bINSERT INTO\b|\bDELETE FROM\b|\sFOR (UPDATE|SHARE)\b`)

// sqlOutsideStores reports each string that holds SQL, and each lock suffix, outside store*.go and migrations*.go.
func sqlOutsideStores(f moduleFile) (out []string) {
	if f.isStore() {
		return nil
	}
	ast.Inspect(f.AST, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil && sql.MatchString(text) {
				out = append(out, f.Path+": "+sql.FindString(text))
			}
		case *ast.SelectorExpr:
			if n.Sel.Name == "ForUpdate" {
				out = append(out, f.Path+": "+types.ExprString(n))
			}
		}
		return true
	})
	return out
}

// TestSQLStandsInStores keeps statements, their fragments and lock suffixes in stores. There are no exceptions.
func TestSQLStandsInStores(t *testing.T) {
	require.Empty(t, layerFaults(t, "..", sqlOutsideStores))
}

// plantedLayerFault is a file with what a rule must report of it; nil if nothing.
type plantedLayerFault struct {
	name, file, source string
	rule               func(moduleFile) []string
	want               []string
}

var plantedLayerFaults = []plantedLayerFault{
	{"a store behind a service", "chat/http_x.go", "func f() { h.service.store.list(ctx) }", storesInHandlers,
		[]string{"chat/http_x.go:3: h.service.store.list"}},
	{"a store as an argument", "chat/http_x.go", "func f() { g(h.service.store) }", storesInHandlers,
		[]string{"chat/http_x.go:3: h.service.store"}},
	{"a store behind a call", "chat/http_x.go", "func f() { s().store.list().len() }", storesInHandlers,
		[]string{"chat/http_x.go:3: s().store.list"}},
	{"a variable store", "chat/routes.go", "func f() { store.list() }", storesInHandlers,
		[]string{"chat/routes.go:3: store.list"}},
	{"a field of a store's type", "chat/http_x.go", "type h struct { rows *store }", storesInHandlers,
		[]string{"chat/http_x.go:3: store"}},
	{"a store in an inner package", "chat/internal/live/http_x.go", "func f() { store.list() }", storesInHandlers,
		[]string{"chat/internal/live/http_x.go:3: store.list"}},
	{"a store in a service", "chat/service.go", "func f() { s.store.list() }", storesInHandlers, nil},
	{"a store in a test of handlers", "chat/http_x_test.go", "func f() { s.store.list() }", storesInHandlers, nil},
	{"GORM in a handler", "chat/http_x.go", `import "gorm.io/gorm"`, databasesInHandlers,
		[]string{"chat/http_x.go:3: imports gorm.io/gorm"}},
	{"the database in routes", "chat/routes.go", `import "lyceum/platform/db"`, databasesInHandlers,
		[]string{"chat/routes.go:3: imports lyceum/platform/db"}},
	{"the database in a store", "chat/store.go", `import "lyceum/platform/db"`, databasesInHandlers, nil},
	{"a view in a service", "chat/service.go", "type view struct { ID string `json:\"id\"` }", viewsOutsideHandlers,
		[]string{"chat/service.go: view"}},
	{
		"a view in a list of types", "chat/service.go",
		"type (\n a struct{}\n b struct { C struct { ID string `json:\"id\"` } }\n)",
		viewsOutsideHandlers, []string{"chat/service.go: b"},
	},
	{
		"a view in a handler", "chat/http_x.go", "type view struct { ID string `json:\"id\"` }",
		viewsOutsideHandlers, nil,
	},
	{
		"an event", "chat/post.go",
		"type posted struct { ID string `json:\"id\"` }\nfunc (posted) EventName() string { return \"\" }",
		viewsOutsideHandlers, nil,
	},
	{
		"a leaf package", "chat/chatapi/chatapi.go", "type x struct { ID string `json:\"id\"` }",
		viewsOutsideHandlers, nil,
	},
	{
		"the data export", "chat/store_holdings.go", "type x struct { ID string `json:\"id\"` }",
		viewsOutsideHandlers, nil,
	},
	{"another tag", "chat/service.go", "type x struct { ID string `gorm:\"json:id\"` }", viewsOutsideHandlers, nil},
	{"a query", "chat/service.go", `const q = "SELECT 1"`, sqlOutsideStores, []string{"chat/service.go: SELECT "}},
	{"a change", "chat/service.go", "const q = `UPDATE x\n\tSET y = 1`", sqlOutsideStores,
		[]string{"chat/service.go: UPDATE x\n\tSET "}},
	{
		"an insertion", "chat/http_x.go", `const q = "INSERT INTO x"`, sqlOutsideStores,
		[]string{"chat/http_x.go: INSERT INTO"},
	},
	{
		"a deletion", "chat/service.go", `const q = "DELETE FROM x"`, sqlOutsideStores,
		[]string{"chat/service.go: DELETE FROM"},
	},
	{
		"a lock", "chat/service.go", `const q = " FOR UPDATE"`, sqlOutsideStores,
		[]string{"chat/service.go:  FOR UPDATE"},
	},
	{"a dialect's lock", "chat/service.go", "func f() { g(s.db.ForUpdate()) }", sqlOutsideStores,
		[]string{"chat/service.go: s.db.ForUpdate"}},
	{"a query in a store", "chat/store_x.go", `const q = "SELECT 1"`, sqlOutsideStores, nil},
	{
		"a sentence", "chat/service.go", `const q = "Select a file to update or delete from the set"`,
		sqlOutsideStores, nil,
	},
}

// The rules must be able to fail, and must let through what is right.
func TestPlantedLayerFaultsAreFound(t *testing.T) {
	for _, c := range plantedLayerFaults {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "modules", filepath.FromSlash(c.file))
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
			require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "package planted\n\n%s\n", c.source), 0o600))
			require.Equal(t, c.want, layerFaults(t, dir, c.rule))
		})
	}
}

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The words of the source: the platform names nothing of the domain, and every exported name says what it is for. Each
// rule is shown to fail on planted source.

// productFiles returns the Go files below the folders of dir, without tests and generated code, in the order of their
// paths.
func productFiles(t *testing.T, dir string, folders ...string) (out []string) {
	t.Helper()
	for _, folder := range folders {
		require.NoError(t, filepath.WalkDir(filepath.Join(dir, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && d.Name() == "testdata" {
				return fs.SkipDir
			}
			if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				out = append(out, path)
			}
			return nil
		}))
	}
	return out
}

// domainWord matches a word of the domain, alone or as a part of a longer one. Words that Go or HTTP use in another
// meaning, such as channel and message, are left out.
var domainWord = regexp.MustCompile(
	`(?i)\w*(course|lesson|enroll|invit|announcement|learner|instructor|quiz|badge|rubric|teacher|student)\w*`,
)

// domainWords reports each line of platform/ that names something of the domain, in an identifier, a string or a
// comment: "platform/config/docs.go:19: courses".
func domainWords(t *testing.T, dir string) (out []string) {
	t.Helper()
	for _, path := range productFiles(t, dir, "platform") {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		rel, err := filepath.Rel(dir, path)
		require.NoError(t, err)
		for i, line := range strings.Split(string(content), "\n") {
			if word := domainWord.FindString(line); word != "" {
				out = append(out, filepath.ToSlash(rel)+":"+strconv.Itoa(i+1)+": "+word)
			}
		}
	}
	return out
}

// TestThePlatformNamesNoDomain keeps words of the modules out of the platform, so that it can serve any program.
func TestThePlatformNamesNoDomain(t *testing.T) {
	require.Empty(t, domainWords(t, ".."))
}

// undocumented reports each exported name of product code without a doc comment that begins with the name:
// "platform/text/text.go:12: FoldCase". The names of a group of constants or variables may share the comment of the
// group.
func undocumented(t *testing.T, dir string) (out []string) {
	t.Helper()
	set := token.NewFileSet()
	for _, path := range productFiles(t, dir, "platform", "modules", "app") {
		file, err := parser.ParseFile(set, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		rel, err := filepath.Rel(dir, path)
		require.NoError(t, err)
		for _, name := range undocumentedIn(file) {
			out = append(out, filepath.ToSlash(rel)+":"+strconv.Itoa(set.Position(name.Pos()).Line)+": "+name.Name)
		}
	}
	return out
}

// undocumentedIn returns the exported names of a file that lack their comment.
func undocumentedIn(file *ast.File) (out []*ast.Ident) {
	check := func(name *ast.Ident, comments ...*ast.CommentGroup) {
		begins := func(c *ast.CommentGroup) bool { return strings.HasPrefix(c.Text(), name.Name+" ") }
		if name.IsExported() && !slices.ContainsFunc(comments, begins) {
			out = append(out, name)
		}
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			check(d.Name, d.Doc)
		case *ast.GenDecl:
			isGroup := d.Lparen.IsValid()
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					check(s.Name, s.Doc, d.Doc)
				case *ast.ValueSpec:
					if isGroup && d.Doc != nil {
						continue
					}
					for _, name := range s.Names {
						check(name, s.Doc, d.Doc)
					}
				}
			}
		}
	}
	return out
}

// TestExportedNamesAreDocumented holds product code to Go's convention for doc comments.
func TestExportedNamesAreDocumented(t *testing.T) {
	require.Empty(t, undocumented(t, ".."))
}

// plantedWord is a file with what a rule must report of it; nil if nothing.
type plantedWord struct {
	name, file, source string
	rule               func(*testing.T, string) []string
	want               []string
}

var plantedWords = []plantedWord{
	{
		"a word in a name", "platform/x/x.go", "type myCourseID string", domainWords,
		[]string{"platform/x/x.go:3: myCourseID"},
	},
	{
		"a word in a string", "platform/x/x.go", `const path = "/lessons/{id}"`, domainWords,
		[]string{"platform/x/x.go:3: lessons"},
	},
	{
		"a word in a comment", "platform/x/y/x.go", "// It is for instructors.", domainWords,
		[]string{"platform/x/y/x.go:3: instructors"},
	},
	{"a word in a test", "platform/x/x_test.go", `const path = "/lessons/{id}"`, domainWords, nil},
	{"a word in a module", "modules/x/x.go", "type course struct{}", domainWords, nil},
	{"another word", "platform/x/x.go", "// Close closes the channel of messages of a member.", domainWords, nil},

	{"a function", "platform/x/x.go", "func Open() {}", undocumented, []string{"platform/x/x.go:3: Open"}},
	{
		"a method", "modules/x/x.go", "// It opens.\nfunc (t *thing) Open() {}", undocumented,
		[]string{"modules/x/x.go:4: Open"},
	},
	{"a type", "app/x.go", "// The thing.\ntype Thing struct{}", undocumented, []string{"app/x.go:4: Thing"}},
	{
		"the name of another one", "app/x.go", "// Things are many.\ntype Thing struct{}", undocumented,
		[]string{"app/x.go:4: Thing"},
	},
	{
		"a type of a group", "app/x.go", "// The types.\ntype (\n\tThing struct{}\n)", undocumented,
		[]string{"app/x.go:5: Thing"},
	},
	{"a constant", "app/x.go", "const Most, least = 1, 0", undocumented, []string{"app/x.go:3: Most"}},
	{
		"a variable of a group", "app/x.go", "var (\n\t// ErrX is x.\n\tErrX error\n\tErrY error\n)",
		undocumented, []string{"app/x.go:6: ErrY"},
	},
	{"a group with a comment", "app/x.go", "// Errors of x.\nvar (\n\tErrX error\n\tErrY error\n)", undocumented, nil},
	{
		"names with their comments", "app/x.go",
		"// Open opens.\nfunc Open() {}\n\n// Thing is one.\ntype Thing struct{ Name string }", undocumented,
		nil,
	},
	{
		"names that are not exported", "app/x.go", "func open() {}\n\ntype thing struct{}\n\nvar most = 1",
		undocumented, nil,
	},
	{"a test", "app/x_test.go", "func Open() {}", undocumented, nil},
}

// The rules must be able to fail, and must let through what is right.
func TestPlantedWordsAreFound(t *testing.T) {
	for _, c := range plantedWords {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, folder := range []string{"platform", "modules", "app"} {
				require.NoError(t, os.MkdirAll(filepath.Join(dir, folder), 0o700))
			}
			file := filepath.Join(dir, filepath.FromSlash(c.file))
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
			require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "package planted\n\n%s\n", c.source), 0o600))
			require.Equal(t, c.want, c.rule(t, dir))
		})
	}
}

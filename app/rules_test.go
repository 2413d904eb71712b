package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lyceum/platform/module"

	"github.com/stretchr/testify/require"
)

const root = "lyceum/"

// mayImport returns whether a package may import another. A module's fakes (<name>test) are for the tests of other
// modules, and app/sitetest is for the tests of all modules; in everything else tests follow the same rule as the code.
func mayImport(importer, imported string, inTest bool) bool {
	from, to := strings.TrimPrefix(importer, root), strings.TrimPrefix(imported, root)
	switch {
	case !strings.HasPrefix(imported, root), from == to:
		return true
	case strings.HasPrefix(from, "app"):
		return true
	case to == "templates":
		return moduleOf(from) == "modules/mail"
	case to == "public":
		return strings.HasPrefix(from, "platform/")
	case to == "app/sitetest" && inTest:
		return strings.HasPrefix(from, "modules/")
	case strings.HasPrefix(to, "app"), to == "migrations":
		return false
	case strings.HasPrefix(from, "platform/"), strings.HasPrefix(from, "migrations"):
		return strings.HasPrefix(to, "platform/")
	case strings.HasPrefix(from, "tools/"):
		return strings.HasPrefix(to, "platform/") || strings.HasPrefix(to, "tools/")
	case strings.HasPrefix(from, "docker"), strings.HasPrefix(from, "templates"), strings.HasPrefix(from, "public"):
		return strings.HasPrefix(to, "platform/")
	case isLeaf(from):
		return strings.HasPrefix(to, "platform/") || inTest && isFake(to) && moduleOf(from) == moduleOf(to)
	case strings.HasPrefix(from, "modules/"):
		return strings.HasPrefix(to, "platform/") || isLeaf(to) || moduleOf(from) == moduleOf(to) || inTest && isFake(to)
	}
	return false
}

// isLeaf returns whether a package is modules/<name>/<name>api.
func isLeaf(pkg string) bool { return isInnerPackage(pkg, "api") }

// isFake returns whether a package is modules/<name>/<name>test.
func isFake(pkg string) bool { return isInnerPackage(pkg, "test") }

func isInnerPackage(pkg, suffix string) bool {
	parts := strings.Split(pkg, "/")
	return len(parts) == 3 && parts[0] == "modules" && parts[2] == parts[1]+suffix
}

// moduleOf returns the first two parts of a package's path, such as "modules/chat" of "modules/chat/chatapi".
func moduleOf(pkg string) string {
	parts := strings.Split(pkg, "/")
	return strings.Join(parts[:min(len(parts), 2)], "/")
}

// violations lists the imports below dir that are against the rule.
func violations(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "node_modules" {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		importer := root + filepath.ToSlash(filepath.Dir(rel))
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if !mayImport(importer, imported, strings.HasSuffix(file, "_test.go")) {
				out = append(out, importer+" imports "+imported)
			}
		}
		return nil
	})
	require.NoError(t, err)
	return out
}

func TestPackagesImportOnlyWhatTheyMay(t *testing.T) {
	require.Empty(t, violations(t, ".."))
}

// The rule must be able to fail: each planted file breaks it in another way.
func TestPlantedImportsAreFound(t *testing.T) {
	for name, planted := range map[string][2]string{
		"another module's root":                 {"modules/chat", "lyceum/modules/users"},
		"a module from platform":                {"platform/httpx", "lyceum/modules/users/usersapi"},
		"a module from a leaf":                  {"modules/chat/chatapi", "lyceum/modules/users/usersapi"},
		"the composition root":                  {"modules/chat", "lyceum/app"},
		"a whole site outside a test":           {"modules/chat", "lyceum/app/sitetest"},
		"the migrations from a module":          {"modules/chat", "lyceum/migrations"},
		"the developer tools":                   {"platform/testkit", "lyceum/tools/services"},
		"the console from a module":             {"modules/chat", "lyceum/public"},
		"the mail templates from module":        {"modules/chat", "lyceum/templates"},
		"the mail templates from platform":      {"platform/smtp", "lyceum/templates"},
		"the mail module's root":                {"modules/auth", "lyceum/modules/mail"},
		"another module's fakes outside a test": {"modules/chat", "lyceum/modules/mail/mailtest"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, planted[0], "planted.go")
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
			require.NoError(t, os.WriteFile(file, []byte("package planted\n\nimport _ \""+planted[1]+"\"\n"), 0o600))
			require.Equal(t, []string{root + planted[0] + " imports " + planted[1]}, violations(t, dir))
		})
	}
}

// uncomposed lists folders under modules that the list does not name, and names without a folder.
func uncomposed(t *testing.T, dir string, all module.List) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "modules"))
	require.NoError(t, err)
	var folders, names []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	for _, m := range all {
		names = append(names, m.Name)
	}
	for _, f := range folders {
		if !slices.Contains(names, f) {
			out = append(out, "not composed: "+path.Join("modules", f))
		}
	}
	for _, n := range names {
		if !slices.Contains(folders, n) {
			out = append(out, "no folder: "+n)
		}
	}
	if !slices.IsSorted(names) {
		out = append(out, "the list is not alphabetical")
	}
	return out
}

func TestEveryModuleIsComposed(t *testing.T) {
	require.Empty(t, uncomposed(t, "..", modules))
	// Planted: a list without the last module, and a folder that nobody composed.
	require.Equal(t, []string{"not composed: modules/" + modules[len(modules)-1].Name},
		uncomposed(t, "..", modules[:len(modules)-1]))
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "modules", "badges"), 0o700))
	require.Equal(t, []string{"not composed: modules/badges"}, uncomposed(t, dir, nil))
}

// Nothing else stands at the top level, so that a newcomer finds the way.
func TestTheTopLevelIsTheHouse(t *testing.T) {
	entries, err := os.ReadDir("..")
	require.NoError(t, err)
	allowed := []string{"app", "modules", "platform", "migrations", "templates", "public", "docker", "docs", "tools",
		"Taskfile.yml", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "go.mod", "go.sum",
		"LICENSE", "data", "lyceum"}
	for _, e := range entries {
		require.True(t, strings.HasPrefix(e.Name(), ".") || slices.Contains(allowed, e.Name()),
			"%s stands at the top level", e.Name())
	}
}

package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxProductFiles is how many files without tests a package may have.
const maxProductFiles = 20

// platformPackage is one package below platform/.
type platformPackage struct {
	files   int
	imports map[string]bool
	// modules are the modules whose api packages it imports.
	modules map[string]bool
}

// platformPackages returns the packages below dir by their paths relative to it, with what they import of one another.
func platformPackages(t *testing.T, dir string) map[string]*platformPackage {
	t.Helper()
	packages := map[string]*platformPackage{}
	require.NoError(t, filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		rel, err := filepath.Rel(dir, filepath.Dir(file))
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if packages[name] == nil {
			packages[name] = &platformPackage{imports: map[string]bool{}, modules: map[string]bool{}}
		}
		packages[name].files++
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if inside, ok := strings.CutPrefix(imported, root+"platform/"); ok {
				packages[name].imports[inside] = true
			}
			if inside, ok := strings.CutPrefix(imported, root+"modules/"); ok && strings.HasSuffix(inside, "api") {
				module, _, _ := strings.Cut(inside, "/")
				packages[name].modules[module] = true
			}
		}
		return nil
	}))
	return packages
}

// oversized lists the packages with more files than they may have.
func oversized(packages map[string]*platformPackage) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		if packages[name].files > maxProductFiles {
			names = append(names, fmt.Sprintf("%s has %d files", name, packages[name].files))
		}
	}
	return names
}

func TestPackagesAreSmall(t *testing.T) {
	require.Empty(t, oversized(platformPackages(t, "../platform")))
	require.Empty(t, oversized(platformPackages(t, "../app")))
	require.Empty(t, oversized(platformPackages(t, "../tools")))
	require.Empty(t, oversized(platformPackages(t, "../modules")))

	t.Run("planted", func(t *testing.T) {
		dir := t.TempDir()
		for i := range maxProductFiles + 1 {
			file := filepath.Join(dir, fmt.Sprintf("file%d.go", i))
			require.NoError(t, os.WriteFile(file, []byte("package big\n"), 0o600))
		}
		require.Equal(t, []string{". has 21 files"}, oversized(platformPackages(t, dir)))
	})
}

// TestLayersPage draws the packages of the platform in layers: each imports only packages of lower layers.
func TestLayersPage(t *testing.T) {
	packages := platformPackages(t, "../platform")
	layers := map[string]int{}
	var layerOf func(name string) int
	layerOf = func(name string) int {
		layer, known := layers[name]
		if known {
			return layer
		}
		for imported := range packages[name].imports {
			layer = max(layer, layerOf(imported)+1)
		}
		layers[name] = layer
		return layer
	}
	highest := 0
	for name := range packages {
		highest = max(highest, layerOf(name))
	}
	var b strings.Builder
	b.WriteString(generatedNote + "# Layers of the platform\n\nA package imports only packages of lower layers. Packages of layer 0 import nothing " +
		"of the platform.\n")
	for layer := highest; layer >= 0; layer-- {
		fmt.Fprintf(&b, "\n## Layer %d\n\n", layer)
		for _, name := range slices.Sorted(maps.Keys(packages)) {
			if layers[name] != layer {
				continue
			}
			line := "- `" + name + "`"
			if imports := slices.Sorted(maps.Keys(packages[name].imports)); len(imports) > 0 {
				line += " → " + strings.Join(imports, ", ")
			}
			b.WriteString(line + "\n")
		}
	}
	goldenFile(t, "../docs/platform.md", b.String())
}

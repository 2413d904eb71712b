package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tutorialFile is the tutorial, relative to the root of the project.
const tutorialFile = "docs/adding-a-module.md"

// step is a block of the tutorial that a reader carries out.
type step struct {
	// kind is bash for commands to run, file for a file to write and change for lines of a file to replace.
	kind string
	// path is that of the file. It may have a * where a name has the time of its making.
	path, text string
}

// tutorialBlock matches commands, and files and changes with the comment that names their path. Blocks without
// either, such as those of type console, are not carried out.
var tutorialBlock = regexp.MustCompile(
	"(?s)(?:<!-- (file|change): (\\S+) -->\n\n```[a-z]+|\n```(bash))\n(.*?)\n```\n")

// parseTutorial returns the steps of each section of a tutorial. Sections begin with a heading of level two.
func parseTutorial(markdown string) (sections [][]step) {
	for _, section := range strings.Split(markdown, "\n## ")[1:] {
		var steps []step
		for _, found := range tutorialBlock.FindAllStringSubmatch(section, -1) {
			steps = append(steps, step{kind: found[1] + found[3], path: found[2], text: found[4]})
		}
		sections = append(sections, steps)
	}
	return sections
}

// readTutorial returns the steps of each section of the tutorial.
func readTutorial(t *testing.T) [][]step {
	t.Helper()
	markdown, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(tutorialFile)))
	require.NoError(t, err)
	sections := parseTutorial(string(markdown))
	require.GreaterOrEqual(t, len(sections), 7)
	return sections
}

// follow carries out steps of the tutorial in a copy of the project.
func (p copiedProject) follow(t *testing.T, steps []step) {
	t.Helper()
	for _, s := range steps {
		switch s.kind {
		case "bash":
			p.run(t, "bash", "-euc", s.text)
		case "file":
			require.NoError(t, os.WriteFile(filepath.Join(p.root, s.path), []byte(s.text+"\n"), 0o644))
		case "change":
			p.change(t, s)
		}
	}
}

// change replaces lines of a file as a diff shows it. The lines before the change must stand in the file once.
func (p copiedProject) change(t *testing.T, s step) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.root, s.path))
	require.NoError(t, err)
	require.Len(t, files, 1, s.path)
	content, err := os.ReadFile(files[0])
	require.NoError(t, err)
	text := string(content)
	for _, hunk := range strings.Split(s.text, "\n@@\n") {
		before, after := splitHunk(hunk)
		require.Equal(t, 1, strings.Count(text, before), "%s has once:\n%s", s.path, before)
		text = strings.Replace(text, before, after, 1)
	}
	require.NoError(t, os.WriteFile(files[0], []byte(text), 0o644))
}

// splitHunk returns the lines of a diff before and after the change.
func splitHunk(hunk string) (before, after string) {
	for line := range strings.SplitSeq(hunk, "\n") {
		text := "\n" // an empty line needs no mark
		if line != "" {
			text = line[1:] + "\n"
		}
		if !strings.HasPrefix(line, "+") {
			before += text
		}
		if !strings.HasPrefix(line, "-") {
			after += text
		}
	}
	return before, after
}

func TestParseTutorial(t *testing.T) {
	sections := parseTutorial("# T\n\n```bash\nbefore the first section\n```\n\n## 1\n\n```bash\na\nb\n```\n\n" +
		"<!-- file: x/y.go -->\n\n```go\npackage y\n```\n\n## 2\n\n```console\nnot run\n```\n\n" +
		"<!-- change: x/*_y.sql -->\n\n```diff\n a\n-b\n+c\n```\n")
	require.Equal(t, [][]step{
		{{kind: "bash", text: "a\nb"}, {kind: "file", path: "x/y.go", text: "package y"}},
		{{kind: "change", path: "x/*_y.sql", text: " a\n-b\n+c"}},
	}, sections)
}

func TestSplitHunk(t *testing.T) {
	before, after := splitHunk(" a\n\n-\tb\n+\tc\n+\td\n e")
	require.Equal(t, "a\n\n\tb\ne\n", before)
	require.Equal(t, "a\n\n\tc\n\td\ne\n", after)
}

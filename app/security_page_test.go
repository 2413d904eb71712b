package main

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requirement is the pattern of the project's own ids. The letters are explained in CONTRIBUTING.md.
const requirement = `[PJSAVHRIFWMLODCXZ][1-9]`

var (
	commentLine    = regexp.MustCompile(`(?m)//(.*)$`)
	commentBreak   = regexp.MustCompile(`\n\s*// ?`)
	requirementID  = regexp.MustCompile(`(?:^|[ (–])(` + requirement + `)\b`)
	requirementDef = regexp.MustCompile(`(?m)^func Test(` + requirement + `)[A-Z]`)
	standardID     = regexp.MustCompile(`\b(?:CVE-\d+-\d+|CWE-\d+|NIST SP [0-9A-Z-]+|RFC \d{4,})`)
	asvsIDs        = regexp.MustCompile(`\bASVS (\d+(?:\.\d+)+(?:(?:, | and )\d+(?:\.\d+)+)*)`)
	asvsID         = regexp.MustCompile(`\d+(?:\.\d+)+`)
	testFunction   = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

// citedIDs returns the ids of requirements and standards that a Go file cites in comments and names of tests.
func citedIDs(source string) (ids []string) {
	for _, comment := range commentLine.FindAllStringSubmatch(source, -1) {
		for _, id := range requirementID.FindAllStringSubmatch(comment[1], -1) {
			ids = append(ids, id[1])
		}
	}
	for _, test := range requirementDef.FindAllStringSubmatch(source, -1) {
		ids = append(ids, test[1])
	}
	flowing := commentBreak.ReplaceAllString(source, " ")
	ids = append(ids, standardID.FindAllString(flowing, -1)...)
	for _, list := range asvsIDs.FindAllStringSubmatch(flowing, -1) {
		for _, id := range asvsID.FindAllString(list[1], -1) {
			ids = append(ids, "ASVS "+id)
		}
	}
	return ids
}

// sources are what the page on security is compared with: the ids that Go files cite, with one of the files, and the
// names of all tests.
type sources struct {
	cited map[string]string
	tests map[string]bool
}

// readSources reads all Go files of the project.
func readSources(t *testing.T) sources {
	t.Helper()
	s := sources{cited: map[string]string{}, tests: map[string]bool{}}
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return skipUnless(err)
		}
		if filepath.Ext(path) != ".go" || d.Name() == "security_page_test.go" {
			return nil
		}
		raw, err := os.ReadFile(path)
		for _, id := range citedIDs(string(raw)) {
			s.cited[id] = path
		}
		for _, test := range testFunction.FindAllStringSubmatch(string(raw), -1) {
			s.tests[test[1]] = true
		}
		return err
	}))
	return s
}

// skipUnless returns err, or fs.SkipDir if there is none.
func skipUnless(err error) error {
	if err == nil {
		return fs.SkipDir
	}
	return err
}

var (
	tableRow = regexp.MustCompile(`(?m)^\| ([A-Z][^|]*?) \|(.*)\|$`)
	codeSpan = regexp.MustCompile("`([^`]+)`")
)

// checkSecurityPage returns what is wrong with a page on security: ids that have no line or several, lines that nothing
// cites, and files and tests that do not exist.
func checkSecurityPage(page string, s sources) (faults []string) {
	lines := map[string]bool{}
	for _, row := range tableRow.FindAllStringSubmatch(page, -1) {
		id, cells := row[1], strings.Split(row[2], " | ")
		if lines[id] {
			faults = append(faults, "two lines: "+id)
		}
		lines[id] = true
		if s.cited[id] == "" {
			faults = append(faults, "not cited: "+id)
		}
		for i, cell := range cells[1:] {
			for _, name := range codeSpan.FindAllStringSubmatch(cell, -1) {
				faults = append(faults, checkPlace(id, name[1], i == 0, s)...)
			}
		}
		if len(cells) == 3 && !strings.Contains(cells[2], "`Test") {
			faults = append(faults, "no test: "+id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.cited)) {
		if !lines[id] {
			faults = append(faults, "no line: "+id+" of "+s.cited[id])
		}
	}
	return faults
}

// checkPlace returns a fault if the file, or the test, that a line names does not exist.
func checkPlace(id, name string, isPath bool, s sources) []string {
	if !isPath {
		if !s.tests[name] {
			return []string{id + " names no test: " + name}
		}
		return nil
	}
	if _, err := os.Stat(filepath.Join("..", filepath.FromSlash(name))); err != nil {
		return []string{id + " names no file: " + name}
	}
	return nil
}

// docs/security.md has a line for every requirement that the code cites, and no others.
func TestTheSecurityPageHasEveryRequirement(t *testing.T) {
	s := readSources(t)
	require.Greater(t, len(s.cited), 120)
	require.Empty(t, checkSecurityPage(readFile(t, "docs/security.md"), s))

	planted := "| id | demands | kept in | proved by |\n| P1 | a | `app` | `TestA` |\n| P1 | a | `nowhere` | `TestB` |\n" +
		"| Z9 | b | `app` | nothing |\n| RFC 1 | c | `app` |\n"
	s = sources{cited: map[string]string{"P1": "x.go", "S1": "y.go"}, tests: map[string]bool{"TestA": true}}
	require.Equal(t, []string{
		"two lines: P1", "P1 names no file: nowhere", "P1 names no test: TestB", "not cited: Z9", "no test: Z9", "not cited: RFC 1",
		"no line: S1 of y.go",
	}, checkSecurityPage(planted, s))
}

func TestCitedIDs(t *testing.T) {
	require.ElementsMatch(t, []string{"J1", "W3", "S7", "ASVS 6.5.1", "ASVS 6.5.5", "RFC 9110", "CVE-2026-1"}, citedIDs(
		"// W3, S7: what ends.\nfunc TestJ1OneAlgorithm(t) {\n\tx := \"P1\"\n// it is hashed (ASVS 6.5.1,\n"+
			"// 6.5.5, RFC\n// 9110 §13, CVE-2026-1).\n"))
}

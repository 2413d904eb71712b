package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// documented compares what a server answers with what its document says of statuses and headers.
type documented struct {
	t     *testing.T
	paths map[string]map[string]documentedOperation
	// faults are told once each.
	faults map[string]bool
	// seen are the operations that answered with success.
	seen map[string]bool
}

type documentedOperation struct {
	Responses map[string]struct {
		Headers map[string]any `json:"headers"`
		Content map[string]any `json:"content"`
	} `json:"responses"`
}

func readDocument(t *testing.T, s *sitetest.Site) *documented {
	t.Helper()
	d := &documented{t: t, faults: map[string]bool{}, seen: map[string]bool{}}
	var doc struct {
		Paths map[string]map[string]documentedOperation `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(s.Want(200, "GET", "/openapi.json", "", nil).Raw, &doc))
	d.paths = doc.Paths
	return d
}

// operation finds the operation of a request; static paths win over parameters.
func (d *documented) operation(method, path string) (name string, op documentedOperation, ok bool) {
	path, _, _ = strings.Cut(path, "?")
	best := -1
	for template, methods := range d.paths {
		found, there := methods[strings.ToLower(method)]
		if static, fits := matchTemplate(template, path); fits && there && static > best {
			name, op, ok, best = method+" "+template, found, true, static
		}
	}
	return name, op, ok
}

// matchTemplate reports whether a path fits a template, and how many of its parts are not parameters.
func matchTemplate(template, path string) (static int, fits bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return 0, false
	}
	for i := range want {
		if strings.HasPrefix(want[i], "{") {
			continue
		}
		if want[i] != got[i] {
			return 0, false
		}
		static++
	}
	return static, true
}

// hear judges one answer.
func (d *documented) hear(method, path, _ string, _ any, a sitetest.Answer) {
	if method == http.MethodHead || a.Status >= 400 {
		return
	}
	name, op, ok := d.operation(method, path)
	if !ok {
		return
	}
	d.seen[name] = true
	response, ok := op.Responses[fmt.Sprint(a.Status)]
	if !ok {
		d.faults[fmt.Sprintf("%s answers %d, which the document does not list", name, a.Status)] = true
		return
	}
	if kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";"); len(a.Raw) > 0 && response.Content[kind] == nil {
		d.faults[fmt.Sprintf("%s answers %d with %q, which the document does not list", name, a.Status, kind)] = true
	}
	for _, header := range []string{"ETag", "Location", "Link"} {
		listed, sent := response.Headers[header] != nil, a.Header.Get(header) != ""
		if sent && !listed {
			d.faults[fmt.Sprintf("%s answers %d with %s, which the document does not list", name, a.Status, header)] = true
		}
		if listed && !sent && header != "Link" { // the last page has none
			d.faults[fmt.Sprintf("%s answers %d without %s, which the document lists", name, a.Status, header)] = true
		}
	}
}

func (d *documented) verify() {
	d.t.Helper()
	var all []string
	for fault := range d.faults {
		all = append(all, fault)
	}
	slices.Sort(all)
	require.Empty(d.t, all)
	require.Greater(d.t, len(d.seen), 60, "operations that were judged")
}

// The document is the same at every start, byte for byte.
func TestTheDocumentIsTheSameAtEveryStart(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"DATA_DIR": t.TempDir()}
	_, first := lyceum(t, vars, "", "openapi")
	_, yaml := lyceum(t, vars, "", "openapi", "--yaml")
	for range 12 {
		_, again := lyceum(t, vars, "", "openapi")
		require.Equal(t, first, again)
	}
	_, again := lyceum(t, vars, "", "openapi", "--yaml")
	require.Equal(t, yaml, again)
}

// What client generators need: sockets say that they switch, files are bodies, lists link, and nothing else does.
func TestTheDocumentSaysWhatAnswersHave(t *testing.T) {
	t.Parallel()
	d := readDocument(t, sitetest.Start(t, nil))
	require.Contains(t, d.paths["/ws/channels/{slug}"]["get"].Responses, "101")
	require.NotNil(t, d.paths["/ws/channels/{slug}"]["get"].Responses["default"].Content["application/problem+json"])
	require.Contains(t, d.paths["/courses"]["get"].Responses["200"].Headers, "Link")
	require.Contains(t, d.paths["/courses"]["get"].Responses, "304")
	require.Contains(t, d.paths["/courses"]["post"].Responses["201"].Headers, "Location")
	require.NotContains(t, d.paths["/users/me"]["get"].Responses["200"].Headers, "Link")
	require.NotContains(t, d.paths["/users/me"]["get"].Responses["200"].Headers, "Location")
	require.Contains(t, d.paths["/users/me"]["get"].Responses["200"].Headers, "ETag")
}

// verbsOfSummaries are the verbs that a summary of an operation may begin with.
var verbsOfSummaries = []string{
	"Add", "Announce", "Begin", "Change", "Check", "Clone", "Complete", "Confirm", "Count", "Create", "Delete", "Edit",
	"End", "Enroll", "Export", "Get", "Import", "List", "Log", "Mark", "Open", "Post", "Redeem", "Refresh", "Register",
	"Remove", "Reorder", "Replace", "Report", "Request", "Reset", "Restore", "Retry", "Revoke", "Send", "Set", "Show",
	"Sign", "Switch", "Update", "Verify",
}

// Each operation has a summary that says what it does to what, such as "Redeem an invite code".
func TestSummariesAreImperative(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	var doc struct {
		Paths map[string]map[string]struct {
			Summary, Description string
			Tags                 []string
		}
		Tags []struct{ Name, Description string }
	}
	require.NoError(t, json.Unmarshal(s.Want(200, "GET", "/openapi.json", "", nil).Raw, &doc))
	seen := map[string]string{}
	for path, operations := range doc.Paths {
		for method, o := range operations {
			verb, rest, _ := strings.Cut(o.Summary, " ")
			require.Contains(t, verbsOfSummaries, verb, "%s %s: %s", method, path, o.Summary)
			require.NotEmpty(t, rest, "%s %s", method, path)
			require.Less(t, len(o.Summary), 60, o.Summary)
			require.Regexp(t, `(?s)^[A-Z].*[.:)]$`, o.Description, "%s %s needs a description in sentences", method, path)
			require.NotContains(t, o.Summary, ".")
			require.Empty(t, seen[o.Summary], "%s: two operations with one summary", o.Summary)
			seen[o.Summary] = path
		}
	}
	require.Greater(t, len(seen), 80)
	described := map[string]string{}
	for _, tag := range doc.Tags {
		described[tag.Name] = tag.Description
	}
	for path, operations := range doc.Paths {
		for method, o := range operations {
			require.NotEmpty(t, described[o.Tags[0]], "%s %s: the tag %s", method, path, o.Tags[0])
		}
	}
}

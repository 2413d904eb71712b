package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/httpx/openapi"
)

// exampleBook collects the examples of the API document: one call of each operation, sent to a running site and
// answered by it.
type exampleBook struct {
	*sitetest.Site
	t       *testing.T
	owners  map[string]string
	entries []exampleEntry
}

// exampleEntry is one example with its operation, as in "POST /courses".
type exampleEntry struct {
	operation string
	openapi.Example
}

// firefox is what the examples' callers use.
var firefox = sitetest.Header{
	"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
}

// newExampleBook returns an empty book for the operations of a site's document.
func newExampleBook(t *testing.T, s *sitetest.Site) *exampleBook {
	t.Helper()
	b := &exampleBook{Site: s, t: t, owners: map[string]string{}}
	for path, operations := range readOperations(t, s) {
		for method, o := range operations {
			b.owners[strings.ToUpper(method)+" "+path] = o.Tags[0]
		}
	}
	return b
}

// documentedExample is an operation of the document, as far as examples and problems go.
type documentedExample struct {
	Tags        []string
	RequestBody struct {
		Content map[string]struct{ Example json.RawMessage }
	}
	Responses map[string]struct {
		Content map[string]struct {
			Example  json.RawMessage
			Examples map[string]struct {
				Ref string `json:"$ref"`
			}
		}
	}
}

// readOperations returns the operations of a site's document by path and method.
func readOperations(t *testing.T, s *sitetest.Site) map[string]map[string]documentedExample {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]documentedExample
	}
	require.NoError(t, json.Unmarshal(s.Want(200, "GET", "/openapi.json", "", nil).Raw, &doc))
	return doc.Paths
}

// show makes a call that must succeed and keeps it as the example of an operation. body is JSON or "".
func (b *exampleBook) show(operation, path, token, body string) sitetest.Answer {
	b.t.Helper()
	require.Contains(b.t, b.owners, operation)
	method, _, _ := strings.Cut(operation, " ")
	var sent any
	if body != "" {
		sent = body
	}
	a := b.Call(method, path, token, sent, firefox)
	require.Less(b.t, a.Status, 300, "%s: %s", operation, a.Raw)
	b.keep(operation, path, body, a)
	return a
}

// keep adds an example to the book.
func (b *exampleBook) keep(operation, path, body string, a sitetest.Answer) {
	e := openapi.Example{Path: path, Status: a.Status}
	if json.Valid([]byte(body)) && body != "" {
		e.Request = json.RawMessage(body)
	}
	if json.Valid(a.Raw) && len(a.Raw) > 0 {
		e.Answer = json.RawMessage(a.Raw)
	}
	b.entries = append(b.entries, exampleEntry{operation, e})
}

// Values that differ from run to run, by the names of their fields. What stands in the document instead has the same
// form.
var variableFields = map[string]string{
	"access_token":  "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMTk5In0.c2lnbmF0dXJl",
	"refresh_token": "uJ3vX0m2kQm8T7yqg4h5tS9w1nB6cD0eF2rLzPaKxVo",
	"ticket":        "Zk3nQ8pW5vT1yR7s",
	"code":          "7F2KQ-9XMB4-TRW8C-D3HJN-5PVSY-E6AGZ",
	"code_prefix":   "7F2K",
	"url": "https://learn.example.org/objects/01990000-0000-7000-8000-0000000000ff" +
		"?expires=1803805200&signature=c2lnbmF0dXJl",
	"secret":      "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
	"otpauth_url": "otpauth://totp/Lyceum:tom@example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Lyceum",
	"challenge":   "c2lnbmVkLWNoYWxsZW5nZQ",
	"token":       "c2VjcmV0LW9mLXRoZS1tYWls",
	"next_cursor": "bmV4dC1wYWdl",
	"ip":          "203.0.113.7",
	"kid":         "2027-01",
	"x":           "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
	"text":        "Hello Lea Lang,\\n\\nconfirm this address: …",
	"html":        "<p>Hello Lea Lang, confirm this address: …</p>",
}

var (
	uuidPattern  = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	timePattern  = regexp.MustCompile(`"(\w+)":\s*"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"`)
	hashPattern  = regexp.MustCompile(`\b[0-9a-f]{64}\b`)
	fieldPattern = regexp.MustCompile(`"(\w+)":\s*"((?:[^"\\]|\\.)*)"`)
	// oneTimeCode is what an authenticator app shows.
	oneTimeCode = regexp.MustCompile(`^\d{6}$`)
	// recoveryCode is one of the codes that take the place of the app.
	recoveryCode = regexp.MustCompile(`"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}"`)
)

// laterFields name times that lie ahead.
var laterFields = []string{"expires_at", "available_from", "available_at"}

// steady returns a text of the book with the same ids, times and secrets at each run.
func (b *exampleBook) steady(text string, ids map[string]string) string {
	text = fieldPattern.ReplaceAllStringFunc(text, func(field string) string {
		found := fieldPattern.FindStringSubmatch(field)
		value, varies := variableFields[found[1]]
		if !varies || oneTimeCode.MatchString(found[2]) {
			return field
		}
		return `"` + found[1] + `":"` + value + `"`
	})
	codes := 0
	text = recoveryCode.ReplaceAllStringFunc(text, func(code string) string {
		if code == `"`+variableFields["code"]+`"` {
			return code
		}
		codes++
		return fmt.Sprintf(`"K7QM-2XWD-9FTR-%04d"`, codes)
	})
	text = timePattern.ReplaceAllStringFunc(text, func(field string) string {
		name := timePattern.FindStringSubmatch(field)[1]
		if slices.Contains(laterFields, name) {
			return fmt.Sprintf("%q:%q", name, "2027-04-01T09:00:00Z")
		}
		return fmt.Sprintf("%q:%q", name, "2027-03-01T09:00:00Z")
	})
	text = uuidPattern.ReplaceAllStringFunc(text, func(id string) string {
		if ids[id] == "" {
			ids[id] = fmt.Sprintf("01990000-0000-7000-8000-%012x", len(ids)+1)
		}
		return ids[id]
	})
	text = hashPattern.ReplaceAllString(text, strings.Repeat("5e", 32))
	return strings.ReplaceAll(text, b.URL, "https://learn.example.org")
}

// byModule returns the examples of each module, with steady values.
func (b *exampleBook) byModule() map[string]openapi.Examples {
	out, ids := map[string]openapi.Examples{}, map[string]string{}
	for _, e := range b.entries {
		owner := b.owners[e.operation]
		if out[owner] == nil {
			out[owner] = openapi.Examples{}
		}
		kept := openapi.Example{Path: b.steady(e.Path, ids), Status: e.Status}
		if e.Request != nil {
			kept.Request = json.RawMessage(b.steady(string(e.Request), ids))
		}
		if e.Answer != nil {
			kept.Answer = json.RawMessage(b.steady(string(e.Answer), ids))
		}
		out[owner][e.operation] = kept
	}
	return out
}

// fileOfExamples returns where the examples of a module are kept.
func fileOfExamples(module string) string {
	switch module {
	case "platform":
		return "../platform/httpx/examples.json"
	case "dev":
		return "../platform/program/examples.json"
	}
	return "../modules/" + module + "/examples.json"
}

// The examples of the API document are calls of a running site: each is sent here, and its answer is compared with
// the one that the document shows.
func TestGoldenExamples(t *testing.T) {
	t.Parallel()
	vars := map[string]string{
		"RATE_LIMIT_ENABLED": "false", "DEMO": "false",
		"ADMIN_EMAIL": "ada@example.org", "ADMIN_PASSWORD": sitetest.AdminPassword,
	}
	b := newExampleBook(t, sitetest.Start(t, vars))
	b.tellStory()
	for module, examples := range b.byModule() {
		var text strings.Builder
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		require.NoError(t, encoder.Encode(examples))
		goldenFile(t, fileOfExamples(module), text.String())
	}
}

// withoutExample are operations whose bodies are no JSON.
var withoutExample = map[string]string{
	"GET /courses/{id}/export":                "answers with an archive",
	"POST /courses/import":                    "takes an archive",
	"GET /ws/channels/{slug}":                 "becomes a WebSocket, whose frames are described",
	"POST /notifications/unsubscribe/{token}": "takes a form that nobody reads",
}

// Every operation that takes or answers with JSON shows an example of it. A module gets its first ones by a call in
// tellStory and an empty examples.json.
func TestEveryOperationHasExamples(t *testing.T) {
	t.Parallel()
	checked := map[string]bool{}
	for path, operations := range readOperations(t, sitetest.Start(t, nil)) {
		for method, o := range operations {
			name := strings.ToUpper(method) + " " + path
			if _, err := os.Stat(fileOfExamples(o.Tags[0])); err != nil || withoutExample[name] != "" {
				continue
			}
			checked[o.Tags[0]] = true
			if body, takesJSON := o.RequestBody.Content["application/json"]; takesJSON {
				require.NotEmpty(t, body.Example, "%s has no example of a request", name)
			}
			answers, shown := 0, 0
			for status, response := range o.Responses {
				body, isJSON := response.Content["application/json"]
				if strings.HasPrefix(status, "2") && isJSON {
					answers++
					if body.Example != nil {
						shown++
					}
				}
			}
			require.True(t, answers == 0 || shown > 0, "%s has no example of an answer", name)
		}
	}
	require.GreaterOrEqual(t, len(checked), 11, "the modules, the platform and the mailbox")
}

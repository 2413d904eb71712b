package templates

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// keysOf repeats the table of doc.go, so that a template asking for more fails here first.
var keysOf = map[string][]string{
	"verify_email":     {"DisplayName", "Link", "ExpiresIn"},
	"welcome":          {"DisplayName", "Link"},
	"password_reset":   {"DisplayName", "Link", "ExpiresIn"},
	"password_changed": {"DisplayName", "When"},
	"new_sign_in":      {"DisplayName", "When", "IP", "UserAgent"},
	"change_email":     {"DisplayName", "Link", "ExpiresIn"},
	"email_changed":    {"DisplayName", "When"},
	"email_in_use":     {"DisplayName", "When"},

	"email_change_requested": {"DisplayName", "When"},
	"invite":                 {"Code", "Role", "Link", "ExpiresAt", "Courses"},
	"course_published":       {"CourseTitle", "Link"},
	"course_completed":       {"CourseTitle", "Link"},
	"announcement":           {"CourseTitle", "Title", "Body", "Link"},
	"role_granted":           {"DisplayName", "Role", "Link"},
}

// sample fills every key of a kind with value; links stay links, as callers build those.
func sample(name string, value func(key string) string) map[string]any {
	data := map[string]any{"AppName": "Lyceum", "PublicURL": "http://localhost:8000"}
	for _, key := range keysOf[name] {
		data[key] = value(key)
	}
	if _, ok := data["Link"]; ok {
		data["Link"] = "http://localhost:8000/verify#token=abc_DEF-123"
	}
	return data
}

func TestEveryKindIsListed(t *testing.T) {
	want := slices.Sorted(maps.Keys(keysOf))
	if got := Names(); !slices.Equal(got, want) {
		t.Fatalf("Names() = %v, the table of doc.go says %v", got, want)
	}
}

func TestEveryKindRenders(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			got, err := Render(name, sample(name, func(key string) string { return "Value of " + key }))
			require.NoError(t, err)
			for _, key := range keysOf[name] {
				want := "Value of " + key
				if key == "Link" {
					want = "http://localhost:8000/verify#token=abc_DEF-123"
				}
				require.Contains(t, got.Text, want, "the text has no %s:\n%s", key, got.Text)
				require.Contains(t, got.HTML, want, "the HTML has no %s:\n%s", key, got.HTML)
			}
			require.NotEmpty(t, got.Subject)
			require.NotContains(t, got.HTML, "<no value>")
		})
	}
}

// Keeps M2: what users type arrives as text, in no part as markup, template or header.
func TestHostileValuesArriveAsText(t *testing.T) {
	const evil = "<img src=x onerror=alert(1)>{{.Code}}\r\nBcc: a@b.c\u2028\"'"
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			got, err := Render(name, sample(name, func(string) string { return evil }))
			require.NoError(t, err)
			require.NotContains(t, got.HTML, "<img", "markup came through:\n%s", got.HTML)
			require.False(t, strings.ContainsAny(got.Subject, "\r\n\x00\u2028"), "subject has a line break: %q",
				got.Subject)
			require.False(t, name != "announcement" && strings.Contains(got.Text, "\nBcc:"),
				"a value wrote a line of its own:\n%s", got.Text)
		})
	}
}

func TestHostileLinkIsDefused(t *testing.T) {
	data := sample("welcome", func(string) string { return "Ada" })
	data["Link"] = "javascript:alert(1)"
	got, err := Render("welcome", data)
	require.NoError(t, err)
	require.NotContains(t, got.HTML, `href="javascript:`, "a script became a link:\n%s", got.HTML)
}

func TestMissingKeyIsAnError(t *testing.T) {
	for _, name := range Names() {
		for _, key := range append(slices.Clone(keysOf[name]), "AppName", "PublicURL") {
			data := sample(name, func(string) string { return "x" })
			delete(data, key)
			if _, err := Render(name, data); err == nil {
				t.Errorf("%s without %s renders", name, key)
			}
		}
	}
	if _, err := Render("no_such_mail", nil); err == nil {
		t.Error("an unknown kind renders")
	}
}

func TestRenderLeavesDataAlone(t *testing.T) {
	data := sample("welcome", func(string) string { return "Ada\nLovelace" })
	_, err := Render("welcome", data)
	require.NoError(t, err)
	require.Equal(t, "Ada\nLovelace", data["DisplayName"])
	require.Nil(t, data["Subject"])
}

func TestHello(t *testing.T) {
	for name, want := range map[string]string{
		"Ada Lovelace":            "Hello Ada Lovelace,",
		"J. R. R. Tolkien":        "Hello J. R. R. Tolkien,",
		"":                        "Hello,",
		"win at evil.example now": "Hello,",
		"http://evil":             "Hello,",
		"boss@bank.example":       "Hello,",
	} {
		if got := hello(name); got != want {
			t.Errorf("hello(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestParagraphs(t *testing.T) {
	got := paragraphs("one\r\ntwo\n\n\nthree\n")
	require.Len(t, got, 2)
	require.Len(t, got[0], 2)
	require.Equal(t, "three", got[1][0])
}

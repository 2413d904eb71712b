package templates

import (
	"maps"
	"slices"
	"strings"
	"testing"
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
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range keysOf[name] {
				want := "Value of " + key
				if key == "Link" {
					want = "http://localhost:8000/verify#token=abc_DEF-123"
				}
				if !strings.Contains(got.Text, want) {
					t.Errorf("the text has no %s:\n%s", key, got.Text)
				}
				if !strings.Contains(got.HTML, want) {
					t.Errorf("the HTML has no %s:\n%s", key, got.HTML)
				}
			}
			if got.Subject == "" || strings.Contains(got.HTML, "<no value>") {
				t.Errorf("subject %q, HTML:\n%s", got.Subject, got.HTML)
			}
		})
	}
}

// Keeps M2: what users type arrives as text, in no part as markup, template or header.
func TestHostileValuesArriveAsText(t *testing.T) {
	const evil = "<img src=x onerror=alert(1)>{{.Code}}\r\nBcc: a@b.c\u2028\"'"
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			got, err := Render(name, sample(name, func(string) string { return evil }))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(got.HTML, "<img") {
				t.Errorf("markup came through:\n%s", got.HTML)
			}
			if strings.ContainsAny(got.Subject, "\r\n\x00\u2028") {
				t.Errorf("subject has a line break: %q", got.Subject)
			}
			if name != "announcement" && strings.Contains(got.Text, "\nBcc:") {
				t.Errorf("a value wrote a line of its own:\n%s", got.Text)
			}
		})
	}
}

func TestHostileLinkIsDefused(t *testing.T) {
	data := sample("welcome", func(string) string { return "Ada" })
	data["Link"] = "javascript:alert(1)"
	got, err := Render("welcome", data)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(got.HTML, `href="javascript:`) {
		t.Errorf("a script became a link:\n%s", got.HTML)
	}
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
	if _, err := Render("welcome", data); err != nil {
		t.Fatal(err)
	}
	if data["DisplayName"] != "Ada\nLovelace" || data["Subject"] != nil {
		t.Errorf("data changed: %v", data)
	}
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
	if len(got) != 2 || len(got[0]) != 2 || got[1][0] != "three" {
		t.Errorf("paragraphs = %q", got)
	}
}

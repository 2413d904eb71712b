package public

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testFolder is the folder of the unit tests beside the code. go:embed leaves out names that begin with _, so that
// nothing in it is served.
const testFolder = "_test"

// console returns the files of the browser's side by the path under which they are served: those of this folder, and
// those of the modules' panels.
func console(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	read := func(root fs.FS, folder, served string) {
		require.NoError(t, fs.WalkDir(root, folder, func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.Name() == testFolder {
				return fs.SkipDir // go:embed leaves it out
			}
			if err != nil || d.IsDir() || strings.Contains(name, "/vendor/") {
				return err
			}
			text, err := fs.ReadFile(root, name)
			out[path.Join(served, strings.TrimPrefix(name, folder))] = string(text)
			return err
		}))
	}
	read(files, ".", "")
	panels, err := filepath.Glob("../modules/*/console")
	require.NoError(t, err)
	require.NotEmpty(t, panels)
	for _, panel := range panels {
		module := filepath.Base(filepath.Dir(panel))
		read(os.DirFS(filepath.Dir(panel)), "console", "console/modules/"+module)
		require.Contains(t, out, "console/modules/"+module+"/panel.js")
	}
	return out
}

// sources returns those files that have one of the endings.
func sources(t *testing.T, endings ...string) map[string]string {
	t.Helper()
	out := console(t)
	maps.DeleteFunc(out, func(name, _ string) bool { return !slices.Contains(endings, path.Ext(name)) })
	require.NotEmpty(t, out)
	return out
}

func must(t *testing.T, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(files, name)
	require.NoError(t, err)
	return data
}

// Keeps H1: the pages live under a policy without 'unsafe-inline'.
var inline = map[string]*regexp.Regexp{
	"a script with a body": regexp.MustCompile(`(?is)<script\b[^>]*>\s*[^<\s]`),
	"a script without src": regexp.MustCompile(`(?i)<script(\s+(type|defer|async)(="[^"]*")?)*\s*>`),
	"a style element":      regexp.MustCompile(`(?i)<style\b`),
	"a style attribute":    regexp.MustCompile(`(?i)<[^>]*\sstyle\s*=`),
	"a handler attribute":  regexp.MustCompile(`(?i)<[^>]*\son[a-z]+\s*=`),
	"a javascript address": regexp.MustCompile(`(?i)["'=]\s*javascript:`),
	"a foreign asset":      regexp.MustCompile(`(?i)<(script|link|img|iframe)\b[^>]*(src|href)="(https?:)?//`),
}

func TestNothingInline(t *testing.T) {
	for name, text := range sources(t, ".html", ".svg") {
		for what, rule := range inline {
			if found := rule.FindString(text); found != "" {
				t.Errorf("%s has %s: %s", name, what, found)
			}
		}
	}
}

func TestInlineRulesCanFail(t *testing.T) {
	for what, text := range map[string]string{
		"a script with a body": `<script src="x">alert(1)</script>`,
		"a script without src": `<script type="module"></script>`,
		"a style element":      `<style>`, "a style attribute": `<p style="x">`, "a handler attribute": `<p onclick="x">`,
		"a javascript address": `href="javascript:x"`, "a foreign asset": `<img src="https://x/y">`,
	} {
		require.True(t, inline[what].MatchString(text), "the rule against %s lets %s pass", what, text)
	}
}

// Keeps V6: no string becomes markup or code. The one exception is the mailbox's sandboxed frame.
func TestNoMarkupFromStrings(t *testing.T) {
	bad := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\s*\(|new Function|DOMParser|` +
		`createContextualFragment|setHTMLUnsafe|\.srcdoc\b|createPolicy|set(Timeout|Interval)\(\s*["'` + "`" + `]`)
	for name, text := range sources(t, ".js") {
		for _, found := range bad.FindAllString(text, -1) {
			if name == "console/mailbox.js" && (found == ".srcdoc" || found == "createPolicy") {
				continue
			}
			t.Errorf("%s uses %s", name, found)
		}
	}
	if mailbox := string(must(t, "console/mailbox.js")); strings.Count(mailbox, ".srcdoc") != 1 || !strings.Contains(mailbox,
		`sandbox: ""`) {
		t.Error("the mailbox's frame is to be the only one, and sandboxed")
	}
}

func TestEveryReferenceExists(t *testing.T) {
	reference := regexp.MustCompile(`(?:src|href)="(/(?:console|docs)/[^"#]+)|"(/console/[^"#]+)#?|from "(\.[^"]+)"`)
	all := console(t)
	for name, text := range sources(t, ".html", ".js") {
		for _, found := range reference.FindAllStringSubmatch(text, -1) {
			file := strings.TrimPrefix(found[1]+found[2], "/")
			if found[3] != "" {
				file = path.Join(path.Dir(name), found[3])
			}
			if _, ok := all[file]; !ok && !isVendored(file) && file != "console/panels.json" { // the server makes that one
				t.Errorf("%s names %s, which is not here", name, file)
			}
		}
	}
}

// A panel must load when every other module is disabled.
func TestPanelsImportNothingOfOtherModules(t *testing.T) {
	for name, text := range sources(t, ".js") {
		require.NotContains(t, text, "/console/modules/", name)
	}
}

func isVendored(file string) bool {
	_, err := fs.Stat(files, file)
	return err == nil && strings.Contains(file, "/vendor/")
}

func TestIconsExist(t *testing.T) {
	icons := string(must(t, "console/icons.svg"))
	use := regexp.MustCompile(`icon\("([a-z]+)"\)|\bicon: "([a-z]+)"`)
	found := 0
	for name, text := range sources(t, ".js") {
		for _, match := range use.FindAllStringSubmatch(text, -1) {
			found++
			if id := match[1] + match[2]; !strings.Contains(icons, `id="`+id+`"`) {
				t.Errorf("%s uses the icon %s, which is not drawn", name, id)
			}
		}
	}
	require.Greater(t, found, 10)
}

// The page asks for all shared files at once, so that the browser need not find them one after the other.
func TestIndexPreloadsTheCore(t *testing.T) {
	shared, err := fs.Glob(files, "console/core/*.js")
	require.NoError(t, err)
	require.NotEmpty(t, shared)
	for _, file := range shared {
		require.Contains(t, string(Index()), `<link rel="modulepreload" href="/`+file+`">`)
	}
}

// A style sheet that belongs to no layer would win over all that do, and one that no page names would be missed.
func TestStyleSheetsHaveALayer(t *testing.T) {
	pages := string(Index()) + string(Mailbox())
	layer := regexp.MustCompile(`(?m)^@layer (tokens|base|components|utilities) \{$`)
	for name, text := range sources(t, ".css") {
		if !strings.HasPrefix(name, "console/styles/") {
			continue
		}
		require.Regexp(t, layer, text, name)
		require.Contains(t, pages, `<link rel="stylesheet" href="/`+name+`">`)
	}
	for _, page := range []string{string(Index()), string(Mailbox())} {
		first := regexp.MustCompile(`<link rel="stylesheet" href="([^"]+)"`).FindStringSubmatch(page)
		require.Equal(t, "/console/styles/tokens.css", first[1], "it sets the order of the layers")
	}
}

// The names in README.md are what browser tests hold on to.
func TestNamesForTestsExist(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var all strings.Builder
	for _, text := range sources(t, ".js", ".html") {
		all.WriteString(text)
	}
	_, list, _ := strings.Cut(string(readme), "| --- | --- | --- |\n| everywhere")
	spans := regexp.MustCompile("`([a-z_-]+)`")
	built := regexp.MustCompile(`^(nav-courses|lesson-(video|audio)|(edit-cover|edit-lesson)-file|course-list-more|x-[a-z]+|data-(slug|seq))$`)
	fields := map[string]bool{}
	for _, found := range regexp.MustCompile(`field\("([a-z-]+)", \{\s*name: "([a-z_]+)"`).FindAllStringSubmatch(all.String(), -1) {
		fields[found[1]+"-"+found[2]] = true
	}
	for _, row := range strings.Split(list, "\n") {
		for _, span := range spans.FindAllStringSubmatch(row, -1) {
			name := span[1]
			if strings.Contains(all.String(), `"`+name+`"`) || built.MatchString(name) || fields[name] {
				continue
			}
			t.Errorf("README.md names %q, which nothing in the console has", name)
		}
	}
}

func TestAccessors(t *testing.T) {
	if !strings.Contains(string(Index()), "/console/app.js") || !strings.Contains(string(DocsIndex()), "/docs/init.js") ||
		!strings.Contains(string(Mailbox()), "/console/mailbox.js") {
		t.Error("a page lacks its script")
	}
	for _, file := range []string{"app.js", "styles/tokens.css", "favicon.svg"} {
		_, err := fs.Stat(Console(), file)
		require.NoError(t, err)
	}
	for _, file := range []string{"init.js", "vendor/swagger-ui-bundle.js", "vendor/swagger-ui.css", "vendor/LICENSE"} {
		_, err := fs.Stat(Docs(), file)
		require.NoError(t, err)
	}
}

package templates

import (
	"bytes"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	texttemplate "text/template"
)

//go:embed mail
var files embed.FS

// Rendered is one mail, ready to be stored and sent.
type Rendered struct {
	Subject string // one line, never empty
	Text    string
	HTML    string
}

// kind is the parsed pair of files of one sort of mail.
type kind struct {
	html *htmltemplate.Template
	text *texttemplate.Template
}

// kinds is filled at init, so that a broken template stops the program before it serves anybody.
var kinds = mustParse(files)

// Names lists the kinds of mail there are, sorted.
func Names() []string {
	return slices.Sorted(maps.Keys(kinds))
}

// Render draws the mail called name. It fails for an unknown name and for a key of the table in
// this package's documentation that data lacks; data itself is left as it is.
func Render(name string, data map[string]any) (Rendered, error) {
	k, ok := kinds[name]
	if !ok {
		return Rendered{}, fmt.Errorf("templates: no mail is called %q", name)
	}
	values := flatten(data)
	var subject, text, html bytes.Buffer
	if err := k.text.ExecuteTemplate(&subject, "subject", values); err != nil {
		return Rendered{}, fmt.Errorf("templates: %s, subject: %w", name, err)
	}
	values["Subject"] = oneLine(subject.String())
	if err := k.text.ExecuteTemplate(&text, "layout", values); err != nil {
		return Rendered{}, fmt.Errorf("templates: %s, text: %w", name, err)
	}
	if err := k.html.ExecuteTemplate(&html, "layout", values); err != nil {
		return Rendered{}, fmt.Errorf("templates: %s, html: %w", name, err)
	}
	return Rendered{Subject: values["Subject"].(string), Text: text.String(), HTML: html.String()}, nil
}

// mustParse reads every mail/<kind>.txt with its <kind>.html beside it.
func mustParse(fsys fs.FS) map[string]kind {
	texts, err := fs.Glob(fsys, "mail/*.txt")
	if err != nil {
		panic(err)
	}
	parsed := make(map[string]kind, len(texts))
	for _, file := range texts {
		name := strings.TrimSuffix(path.Base(file), ".txt")
		if name == "layout" {
			continue
		}
		parsed[name] = kind{
			html: htmltemplate.Must(htmltemplate.New(name).Funcs(htmltemplate.FuncMap(funcs)).
				Option("missingkey=error").
				ParseFS(fsys, "mail/layout.html", "mail/"+name+".html")),
			text: texttemplate.Must(texttemplate.New(name).Funcs(funcs).
				Option("missingkey=error").
				ParseFS(fsys, "mail/layout.txt", file)),
		}
	}
	return parsed
}

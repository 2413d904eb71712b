package httpx

import (
	"encoding/json"
	"html/template"
	"strings"

	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
)

// problemPolicy is the content security policy of the pages about problems, which are text alone.
const problemPolicy = "default-src 'none'; frame-ancestors 'none'"

// htmlType is the media type of pages.
const htmlType = "text/html; charset=utf-8"

var problemTemplate = template.Must(template.New("problem").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Slug}}</title></head>
<body><h1>{{.Title}}</h1><p><code>{{.Slug}}</code></p><p>{{.Meaning}}</p><p><a href="/docs">API documentation</a></p></body></html>`))

// problemPage explains a code, in HTML or, for programs that ask for it, in JSON.
func (s *Server) problemPage(c *fiber.Ctx) error {
	slug := c.Params("slug")
	p, ok := s.o.Problems.FindProblem(slug)
	if !ok {
		return apperr.NotFound("There is no problem with this name.")
	}
	c.Append(fiber.HeaderVary, fiber.HeaderAccept)
	if c.Accepts("text/html", "application/json") == "application/json" {
		raw, err := json.Marshal(map[string]string{"code": slug, "title": p.Title, "meaning": p.Meaning})
		if err != nil {
			return err
		}
		return sendStatic(c, raw, "application/json", "")
	}
	var page strings.Builder
	values := map[string]string{"Slug": slug, "Title": p.Title, "Meaning": p.Meaning}
	if err := problemTemplate.Execute(&page, values); err != nil {
		return err
	}
	return sendStatic(c, []byte(page.String()), htmlType, problemPolicy)
}

// problemIndex lists every code with its title, as a page or as JSON.
func (s *Server) problemIndex(c *fiber.Ctx) error {
	c.Append(fiber.HeaderVary, fiber.HeaderAccept)
	type line struct {
		Code    string `json:"code"`
		Title   string `json:"title"`
		Meaning string `json:"meaning"`
	}
	all := s.o.Problems.List()
	lines := make([]line, len(all))
	for i, p := range all {
		lines[i] = line{p.Code, p.Title, p.Meaning}
	}
	if c.Accepts("text/html", "application/json") == "application/json" {
		raw, err := json.Marshal(map[string]any{"items": lines})
		if err != nil {
			return err
		}
		return sendStatic(c, raw, "application/json", "")
	}
	var page strings.Builder
	if err := problemIndexTemplate.Execute(&page, lines); err != nil {
		return err
	}
	return sendStatic(c, []byte(page.String()), htmlType, problemPolicy)
}

var problemIndexTemplate = template.Must(template.New("problems").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Problems</title></head>
<body><h1>Problems</h1><dl>
{{range .}}<dt><a href="/problems/{{.Code}}">{{.Title}}</a> (<code>{{.Code}}</code>)</dt><dd>{{.Meaning}}</dd>
{{end}}</dl></body></html>
`))

package httpx

import (
	"context"
	"encoding/json"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/conditional"
	"lyceum/public"
)

// Document gives the OpenAPI document as served.
func (s *Server) Document(yaml bool) []byte {
	if yaml {
		return s.rendered.YAML
	}
	return s.rendered.JSON
}

// platformTable holds the routes that no module owns.
func (s *Server) platformTable() Table {
	console := consolePolicy("'self'", s.o.StoreOrigin)
	return Table{Module: "platform", Routes: append(s.metricsRoutes(), []Route{
		Get("/readyz", Public, "Whether requests should be sent here", s.readyz, Unlimited()),
		Get("/modules", Public, "Modules of this server", s.modules, ETagged()),
		Get("/capabilities", Public, "Show what this server offers and accepts", s.showCapabilities, ETagged(), Describe(capabilitiesDoc)),
		Get("/healthz", Public, "Whether the process lives", s.healthz, Unlimited()),
		Raw(http.MethodGet, "/openapi.json", Public, "This document", s.static(func() []byte { return s.rendered.JSON }, "application/json", ""), Hidden()),
		Raw(http.MethodGet, "/openapi.yaml", Public, "This document", s.static(func() []byte { return s.rendered.YAML }, "application/yaml", ""), Hidden()),
		Raw(http.MethodGet, "/problems", Public, "Every error code", s.problemIndex, Hidden()),
		Raw(http.MethodGet, "/problems/{slug}", Public, "What an error means", s.problemPage, Hidden()),
		Raw(http.MethodGet, "/", Public, "Console", s.page(public.Index, console), Hidden()),
		Raw(http.MethodGet, "/join", Public, "Console", s.page(public.Index, console), Hidden()),
		Raw(http.MethodGet, "/verify", Public, "Console", s.page(public.Index, console), Hidden()),
		Raw(http.MethodGet, "/email", Public, "Console", s.page(public.Index, console), Hidden()),
		Raw(http.MethodGet, "/reset", Public, "Console", s.page(public.Index, console), Hidden()),
		Raw(http.MethodGet, "/docs", Public, "Interactive documentation", s.page(public.DocsIndex, docsPolicy), Hidden()),
		Raw(http.MethodGet, "/console/*", Public, "Console files", s.files(public.Console()), Hidden()),
		Raw(http.MethodGet, "/docs/*", Public, "Documentation files", s.files(public.Docs()), Hidden()),
	}...)}
}

// consolePolicy is what the console's pages live under: they show content of others, so nothing but
// their own files may run (ASVS 3.4.3, 3.4.6). Media may also come from the object store.
func consolePolicy(style, store string) string {
	media := "'self' data: blob:"
	if store != "" {
		media += " " + store
	}
	return "default-src 'none'; script-src 'self'; style-src " + style + "; img-src " + media + "; media-src " + media +
		"; connect-src 'self' ws: wss: " + store + "; font-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; " +
		"frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types lyceum"
}

// docsPolicy has no trusted types: Swagger UI sets its own markup.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"

func (s *Server) healthz(context.Context, *None) (*Response[healthBody], error) {
	return OK(healthBody{Status: "ok"}), nil
}

type healthBody struct {
	Status string `json:"status" enum:"ok"`
}

func (s *Server) page(content func() []byte, csp string) fiber.Handler {
	return s.static(content, "text/html; charset=utf-8", csp)
}

// MailboxPage serves the page that shows caught mail. Mails carry their own styles, and a sandboxed
// frame inherits the policy of its page.
func MailboxPage(content func() []byte) fiber.Handler {
	return func(c *fiber.Ctx) error {
		return sendStatic(c, content(), "text/html; charset=utf-8", consolePolicy("'self' 'unsafe-inline'", ""))
	}
}

// ConsolePage shows the console at an address of a module's own, for links in mails.
func ConsolePage() fiber.Handler {
	return func(c *fiber.Ctx) error {
		return sendStatic(c, public.Index(), "text/html; charset=utf-8", consolePolicy("'self'", ""))
	}
}

// static answers bytes that do not change while the process lives, with an ETag.
func (s *Server) static(content func() []byte, contentType, csp string) fiber.Handler {
	return func(c *fiber.Ctx) error { return sendStatic(c, content(), contentType, csp) }
}

func sendStatic(c *fiber.Ctx, body []byte, contentType, csp string) error {
	etag := conditional.ContentETag(body)
	c.Set(fiber.HeaderETag, etag)
	c.Set(fiber.HeaderCacheControl, "private, no-cache")
	if csp != "" {
		c.Set(fiber.HeaderContentSecurityPolicy, csp)
	}
	if conditional.MatchesWeakly(c.Get(fiber.HeaderIfNoneMatch), etag) {
		return c.SendStatus(http.StatusNotModified)
	}
	c.Set(fiber.HeaderContentType, contentType)
	return c.Send(body)
}

func (s *Server) files(root fs.FS) fiber.Handler {
	return func(c *fiber.Ctx) error {
		name := c.Params("*")
		body, err := fs.ReadFile(root, name)
		if err != nil || !fs.ValidPath(name) {
			return apperr.NotFound("There is no such file.")
		}
		contentType := mime.TypeByExtension(path.Ext(name))
		if contentType == "" {
			contentType = "application/octet-stream"
		}
		return sendStatic(c, body, contentType, "")
	}
}

var problemTemplate = template.Must(template.New("problem").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Slug}}</title></head>
<body><h1>{{.Title}}</h1><p><code>{{.Slug}}</code></p><p>{{.Meaning}}</p><p><a href="/docs">API documentation</a></p></body></html>`))

// problemPage explains a code: to programs in JSON when they ask for it, to people in HTML.
func (s *Server) problemPage(c *fiber.Ctx) error {
	slug := c.Params("slug")
	p, ok := s.o.Problems.Find(slug)
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
	if err := problemTemplate.Execute(&page, map[string]string{"Slug": slug, "Title": p.Title, "Meaning": p.Meaning}); err != nil {
		return err
	}
	return sendStatic(c, []byte(page.String()), "text/html; charset=utf-8", "default-src 'none'; frame-ancestors 'none'")
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
	return sendStatic(c, []byte(page.String()), "text/html; charset=utf-8", "default-src 'none'; frame-ancestors 'none'")
}

var problemIndexTemplate = template.Must(template.New("problems").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Problems</title></head>
<body><h1>Problems</h1><dl>
{{range .}}<dt><a href="/problems/{{.Code}}">{{.Title}}</a> (<code>{{.Code}}</code>)</dt><dd>{{.Meaning}}</dd>
{{end}}</dl></body></html>
`))

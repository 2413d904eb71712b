package httpx

import (
	"context"
	_ "embed"
	"io/fs"
	"mime"
	"net/http"
	"path"

	"github.com/gofiber/fiber/v2"
	"go.uber.org/fx"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/conditional"
	"lyceum/public"
)

// examples are calls of the routes, for the API document. A test sends them.
//
//go:embed examples.json
var examples []byte

// Document returns the OpenAPI document as it is served, in YAML or JSON.
func (s *Server) Document(yaml bool) []byte {
	if yaml {
		return s.document.YAML()
	}
	return s.document.JSON()
}

// platformTable holds the routes that no module owns.
func (s *Server) platformTable() Table {
	console, panels := consolePolicy("'self'", s.o.StoreOrigin), listPanels(s.o.Modules)
	routes := s.metricsRoutes()
	for _, path := range s.o.ConsolePages {
		page := s.servePage(public.Index, console)
		routes = append(routes, Raw(http.MethodGet, path, Public, "Console", page, HideOperation()))
	}
	return Table{Module: "platform", Examples: examples, Routes: append(routes, []Route{
		Get("/readyz", Public, "Check that the server is ready", s.showReadiness, CountAgainstNothing(),
			DescribeOperation(readinessDoc)),
		Get("/modules", Public, "List the modules", s.listModules, ETagged(), DescribeOperation(modulesDoc)),
		Get("/capabilities", Public, "Get what the server offers and accepts", s.showCapabilities,
			ETagged(), DescribeOperation(capabilitiesDoc)),
		Get("/healthz", Public, "Check that the process lives", s.showHealth, CountAgainstNothing(),
			DescribeOperation(healthDoc)),
		Raw(http.MethodGet, "/openapi.json", Public, "This document",
			s.serveStatic(func() []byte { return s.document.JSON() }, "application/json", ""), HideOperation()),
		Raw(http.MethodGet, "/openapi.yaml", Public, "This document",
			s.serveStatic(func() []byte { return s.document.YAML() }, "application/yaml", ""), HideOperation()),
		Raw(http.MethodGet, "/problems", Public, "Every error code", s.problemIndex, HideOperation()),
		Raw(http.MethodGet, "/problems/{slug}", Public, "What an error means", s.problemPage, HideOperation()),
		Raw(http.MethodGet, "/", Public, "Console", s.servePage(public.Index, console), HideOperation()),
		Raw(http.MethodGet, "/docs", Public, "Interactive documentation",
			s.servePage(public.DocsIndex, docsPolicy), HideOperation()),
		Raw(http.MethodGet, "/console/panels.json", Public, "Panels of the console",
			s.serveStatic(func() []byte { return panels }, "application/json", ""), HideOperation()),
		Raw(http.MethodGet, "/console/*", Public, "Console files",
			s.serveFiles(newConsoleFiles(public.Console(), s.o.Modules)), HideOperation()),
		Raw(http.MethodGet, "/docs/*", Public, "Documentation files", s.serveFiles(public.Docs()), HideOperation()),
	}...)}
}

// Descriptions of the operations about the server itself.
const (
	readinessDoc = "Tells balancers whether to send requests here: 200 with status ready or degraded, 503 while the " +
		"database can't be reached or the server is stopping. checks names each part that the server uses."
	healthDoc  = "Answers as long as the process serves requests at all. It asks no other part."
	modulesDoc = "Returns all modules of the program with their titles and whether they are enabled, so that a client " +
		"shows what is there."
)

// ProvideConsolePages declares further paths at which the server shows the console, such as those that links in the
// mails of a module lead to.
func ProvideConsolePages(paths ...string) fx.Option {
	return fx.Supply(fx.Annotate(paths, fx.ResultTags(`group:"console_pages"`)))
}

// ConsolePageParams collects the console paths of all modules.
type ConsolePageParams struct {
	fx.In
	Groups [][]string `group:"console_pages"`
}

// consolePolicy returns the content security policy of the console. Its pages show content of users, so nothing
// but their own files may run (ASVS 3.4.3, 3.4.6). Media may also come from the object store at origin store.
func consolePolicy(style, store string) string {
	media := "'self' data: blob:"
	if store != "" {
		media += " " + store
	}
	return "default-src 'none'; script-src 'self'; style-src " + style + "; img-src " + media + "; media-src " + media +
		"; connect-src 'self' ws: wss: " + store +
		"; font-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; " +
		"frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types lyceum"
}

// docsPolicy is the content security policy of the documentation, without trusted types, as Swagger UI sets markup.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; font-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"

// showHealth answers that the process lives.
func (s *Server) showHealth(context.Context, *None) (*Response[healthBody], error) {
	return OK(healthBody{Status: "ok"}), nil
}

type healthBody struct {
	Status string `json:"status" enum:"ok"`
}

// servePage returns a handler that answers an HTML page with a content security policy.
func (s *Server) servePage(content func() []byte, csp string) fiber.Handler {
	return s.serveStatic(content, htmlType, csp)
}

// MailboxPage returns the handler of the page that shows caught mail. Mails have styles of their own, and a
// sandboxed frame inherits the policy of its page.
func MailboxPage(content func() []byte) fiber.Handler {
	return func(c *fiber.Ctx) error {
		return sendStatic(c, content(), htmlType, consolePolicy("'self' 'unsafe-inline'", ""))
	}
}

// serveStatic returns a handler that answers bytes which do not change while the process runs.
func (s *Server) serveStatic(content func() []byte, contentType, csp string) fiber.Handler {
	return func(c *fiber.Ctx) error { return sendStatic(c, content(), contentType, csp) }
}

// sendStatic answers body with an ETag, or 304.
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

// serveFiles returns a handler that answers the files of root.
func (s *Server) serveFiles(root fs.FS) fiber.Handler {
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

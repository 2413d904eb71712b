// Package openapi documents the operations of the server as an OpenAPI 3.1 document. Huma derives
// most of it from Go types. This package adds the rest: which answers have which headers, other
// media types than JSON, and names of schemas that do not collide between modules.
package openapi

import (
	"encoding/json"
	"regexp"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/httpx/problem"
	"lyceum/platform/httpx/strictjson"
)

// Document is the served document. It does not change while the process runs. Each form is made when it is first
// asked for, as most processes never need it and it would add tens of milliseconds to the start.
type Document struct{ asJSON, asYAML func() []byte }

// NewDocument returns the document of o, to which nothing may be added any more. The same routes always give the
// same bytes.
func NewDocument(o *huma.OpenAPI) Document {
	return Document{
		sync.OnceValue(func() []byte { return mustRender(json.MarshalIndent(o, "", " ")) }),
		sync.OnceValue(func() []byte { return mustRender(o.YAML()) }),
	}
}

// mustRender returns a form of a document. It panics for an error, as schemas are plain structs.
func mustRender(form []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return form
}

// JSON returns the document as JSON. It is safe for concurrent use.
func (d Document) JSON() []byte { return d.asJSON() }

// YAML returns the document as YAML. It is safe for concurrent use.
func (d Document) YAML() []byte { return d.asYAML() }

// jsonFormat makes Huma read and write bodies with strictjson.
var jsonFormat = huma.Format{Marshal: strictjson.Marshal, Unmarshal: strictjson.Unmarshal}

// Info is what the program says of its API as a whole.
type Info struct {
	Version string
	// Description introduces the API; it may hold Markdown.
	Description string
	// PublicURL is the address at which clients reach the server.
	PublicURL string
}

// NewConfig returns the configuration of Huma: no pages of its own, strict JSON, and the head of
// the document. module points to the name of the module whose routes are being added; it changes
// while they are registered.
func NewConfig(info Info, module *string) huma.Config {
	c := huma.DefaultConfig("Lyceum", info.Version)
	c.CreateHooks, c.DocsPath, c.SchemasPath, c.OpenAPIPath = nil, "", "", ""
	c.Formats = map[string]huma.Format{"application/json": jsonFormat, problem.ContentType: jsonFormat}
	c.Info.Description = info.Description
	c.Info.Contact = &huma.Contact{Name: "Lyceum", URL: info.PublicURL}
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", NewNamer(module))
	// The address that the document was read from comes first: a page at another name of this
	// server may call no other.
	c.Servers = []*huma.Server{
		{URL: "/", Description: "This server"}, {URL: info.PublicURL, Description: "By its public address"},
	}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "Access token of POST /auth/login"},
	}
	return c
}

// AllowProblemMembers documents that some codes have members of their own, such as challenge,
// used_by and locked_by (RFC 9457 §3.2).
func AllowProblemMembers(o *huma.OpenAPI) {
	if p := o.Components.Schemas.Map()["Problem"]; p != nil {
		p.AdditionalProperties = true
	}
}

// pathParameter matches a parameter of a path template.
var pathParameter = regexp.MustCompile(`\{([a-z_]+)\}`)

// PathParameters returns the documentation of the parameters of a path template, as Huma makes it
// for typed inputs. It is for routes without one.
func PathParameters(path string) (params []*huma.Param) {
	for _, m := range pathParameter.FindAllStringSubmatch(path, -1) {
		params = append(params, &huma.Param{
			Name: m[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString},
		})
	}
	return params
}

// FiberPath returns a path template in Fiber's form: "/files/:id" for "/files/{id}".
func FiberPath(path string) string { return pathParameter.ReplaceAllString(path, ":$1") }

// OperationID returns a stable, readable id: "get-files-by-id-versions" for GET
// /files/{id}/versions.
func OperationID(method, path string) string {
	path = pathParameter.ReplaceAllString(path, "by-$1")
	return strings.ToLower(method) + strings.NewReplacer("/", "-", ".", "-", "_", "-").Replace(path)
}

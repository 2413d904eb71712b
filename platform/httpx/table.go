package httpx

import (
	"fmt"
	"slices"
	"strings"

	"lyceum/platform/httpx/openapi"
	"lyceum/platform/identity"

	"go.uber.org/fx"
)

// Table is the route table of one module.
type Table struct {
	// Module names the owner and tags its operations in the document.
	Module string
	Routes []Route
	// About describes the routes in the document if Module is the name of no module.
	About string
	// Examples is the content of the module's examples.json, see openapi.Examples; nil for none.
	Examples []byte
}

// ProvideRoutes adds the table of a module to the server: constructor returns a Table.
func ProvideRoutes(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"routes"`)))
}

// TableParams collects the tables of all modules.
type TableParams struct {
	fx.In
	Tables []Table `group:"routes"`
}

// registeredRoute is a route and the module that declares it.
type registeredRoute struct {
	Route
	module   string
	examples openapi.Examples
}

// sortRoutes returns all routes, static paths before parameters. It returns an error for two routes with the
// same method and path, and for a permission that no module declares.
func sortRoutes(tables []Table, permissions *identity.Permissions) ([]registeredRoute, error) {
	var all []registeredRoute
	for _, t := range tables {
		examples, err := openapi.ParseExamples(t.Examples)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Module, err)
		}
		for _, r := range t.Routes {
			if p := r.access.permission; p.Name == "" || permissions != nil && !permissions.IsDeclared(p) {
				return nil, fmt.Errorf("route %s %s of %s needs the permission %q, which no module declares",
					r.op.Method, r.op.Path, t.Module, p.Name)
			}
			if r.answerType != nil {
				if hidden := openapi.FindHiddenEmbedding(r.answerType); hidden != "" {
					return nil, fmt.Errorf("route %s %s answers with fields that no schema has, as %s is not exported",
						r.op.Method, r.op.Path, hidden)
				}
			}
			all = append(all, registeredRoute{r, t.Module, examples})
		}
	}
	slices.SortFunc(all, func(a, b registeredRoute) int {
		return strings.Compare(sortKey(a.op.Path)+" "+a.op.Method, sortKey(b.op.Path)+" "+b.op.Method)
	})
	seen := map[string]string{}
	for _, r := range all {
		shape := r.op.Method + " " + shapeOf(r.op.Path)
		if owner, twice := seen[shape]; twice {
			return nil, fmt.Errorf("route %s %s is there twice: in %s and in %s",
				r.op.Method, r.op.Path, owner, r.module)
		}
		seen[shape] = r.module
	}
	return all, nil
}

// sortKey returns a path that sorts parameters and wildcards after every letter.
func sortKey(path string) string { return strings.NewReplacer("{", "\x7f", "*", "\x7f").Replace(path) }

// shapeOf returns a path without the names of its parameters.
func shapeOf(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "{}"
		}
	}
	return strings.Join(parts, "/")
}

// Listed is one line of the route table.
type Listed struct {
	Module, Method, Path string
	// Who is the lowest role that has the permission.
	Who, Permission string
	Hidden          bool
	// Problems are the codes of its Answers.
	Problems []string
}

// ListRoutes returns the route table in order.
func (s *Server) ListRoutes() []Listed { return s.listed }

// Command newmodule writes the files that a new module begins with:
// go run ./tools/newmodule NAME.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var files = map[string]string{
	"doc.go": `// Package NAME owns …
//
// Tables: NAME. Tells: nothing yet. Hears: nothing yet. Asks: nobody.
package NAME
`,
	"module.go": `package NAME

import (
	"go.uber.org/fx"

	"lyceum/platform/httpx"
	"lyceum/platform/migrate"
)

// Module wires the module.
var Module = fx.Module("NAME",
	fx.Provide(fx.Private, newHandlers),
	httpx.Routes(newRoutes),
	migrate.Provide(Migrations...),
)
`,
	"migrations.go": `package NAME

import "lyceum/platform/migrate"

// Migrations of the module.
var Migrations = []migrate.Migration{}
`,
	"routes.go": `package NAME

import (
	"lyceum/platform/identity"
	"lyceum/platform/httpx"
)

func newRoutes(h *handlers) httpx.Table {
	return httpx.Table{Module: "NAME", Routes: []httpx.Route{
		httpx.Get("/NAME", httpx.Needs(usersapi.PermissionAccountSelf), "What is here", h.list),
	}}
}
`,
	"http_NAME.go": `package NAME

import (
	"context"

	"lyceum/platform/httpx/pagination"
)

type handlers struct{}

func newHandlers() *handlers { return &handlers{} }

func (h *handlers) list(context.Context, *pagination.Query) (*pagination.Response[string], error) {
	return &pagination.Response[string]{Body: pagination.Page[string]{Items: []string{}}}, nil
}
`,
}

func main() {
	if len(os.Args) != 2 || !regexp.MustCompile(`^[a-z]{3,20}$`).MatchString(os.Args[1]) {
		fmt.Fprintln(os.Stderr, "usage: go tool task new:module -- NAME (3 to 20 lower-case letters)")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("modules/%s is there; now add its line to app/modules.go, its permissions to platform/identity/permission.go and its migrations to migrations/migrations.go\n", os.Args[1])
}

func write(name string) error {
	dir := filepath.Join("modules", name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for file, text := range files {
		path := filepath.Join(dir, strings.ReplaceAll(file, "NAME", name))
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "NAME", name)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

package openapi

import (
	"path"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// NewNamer returns a function that names schemas after their module and type, as two modules may
// both have a createInput. module points to the name of the module whose routes are being added:
// types without a name belong to it. Types of the HTTP packages, such as Problem, have no prefix.
func NewNamer(module *string) func(reflect.Type, string) string {
	return func(t reflect.Type, hint string) string {
		name := strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "View")
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		owner, isHTTP := *module, false
		if t.Name() != "" && !strings.Contains(t.Name(), "[") {
			owner = ownerOf(t.PkgPath())
			isHTTP = strings.Contains(t.PkgPath()+"/", "/platform/httpx/")
		}
		if isHTTP || strings.HasPrefix(strings.ToLower(name), strings.TrimSuffix(owner, "s")) {
			return name
		}
		return strings.ToUpper(owner[:1]) + owner[1:] + name
	}
}

// ownerOf returns the name of a package without "api". A package inside a module belongs to the
// module.
func ownerOf(pkgPath string) string {
	if _, inner, ok := strings.Cut(pkgPath, "/modules/"); ok {
		module, _, _ := strings.Cut(inner, "/")
		return module
	}
	return strings.TrimSuffix(path.Base(pkgPath), "api")
}

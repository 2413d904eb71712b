package httpx

import (
	"path"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// namer names the document's schemas after their module and type, as two modules may both have a
// createInput. module is the one whose routes are being added, for types without a name of their own.
func namer(module *string) func(reflect.Type, string) string {
	return func(t reflect.Type, hint string) string {
		name := strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "View")
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		owner := *module
		if t.Name() != "" && !strings.Contains(t.Name(), "[") {
			owner = strings.TrimSuffix(path.Base(t.PkgPath()), "api")
		}
		if owner == "httpx" || strings.HasPrefix(strings.ToLower(name), strings.TrimSuffix(owner, "s")) {
			return name
		}
		return strings.ToUpper(owner[:1]) + owner[1:] + name
	}
}

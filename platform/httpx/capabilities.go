package httpx

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"go.uber.org/fx"
)

// Capability is a rule of this server that clients ask for instead of guessing it. The module that keeps the
// rule declares it.
type Capability struct {
	// Name is its field in the answer of GET /capabilities.
	Name string
	// Value is shown as JSON; it is the same for everybody and does not change while the process runs.
	Value any
}

// ProvideCapability adds a capability to the server: constructor returns a Capability.
func ProvideCapability(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"capabilities"`)))
}

// CapabilityParams collects what all modules declared.
type CapabilityParams struct {
	fx.In
	All []Capability `group:"capabilities"`
}

// collectCapabilities returns the capabilities by name, and "modules", the names of those that are on. It
// returns an error for a name that is declared twice.
func collectCapabilities(all []Capability, modules []ModuleInfo) (map[string]any, error) {
	enabled := []string{}
	for _, m := range modules {
		if m.Enabled {
			enabled = append(enabled, m.Name)
		}
	}
	out := map[string]any{"modules": enabled}
	for _, c := range all {
		if _, twice := out[c.Name]; twice {
			return nil, fmt.Errorf("the capability %q is declared twice", c.Name)
		}
		out[c.Name] = c.Value
	}
	return out, nil
}

// showCapabilities answers what clients need to know before they send something.
func (s *Server) showCapabilities(context.Context, *None) (*Response[map[string]any], error) {
	return OK(s.capabilities).WithETag(), nil
}

const capabilitiesDoc = "What clients need to know before they send something: the modules that are on, " +
	"the rules for passwords, and, with the module storage, " +
	"which types and sizes of files may be uploaded."

// documentCapabilities gives the answer of GET /capabilities its schema: the fields that this program has.
func (s *Server) documentCapabilities() {
	registry := s.api.OpenAPI().Components.Schemas
	answer := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}}
	for _, name := range slices.Sorted(maps.Keys(s.capabilities)) {
		value := reflect.TypeOf(s.capabilities[name])
		answer.Properties[name] = registry.Schema(value, true, value.Name())
		answer.Required = append(answer.Required, name)
	}
	operation := s.api.OpenAPI().Paths["/capabilities"].Get
	operation.Responses["200"].Content["application/json"].Schema = answer
}

package httpx

import (
	"context"
	"fmt"

	"go.uber.org/fx"
)

// Capability is a rule of this server that clients may ask for instead of guessing it, declared by the module that keeps it.
type Capability struct {
	// Name is its field in the answer of GET /capabilities.
	Name string
	// Value is shown as JSON; it is the same for everybody and does not change while the process runs.
	Value any
}

// Capabilities adds what a constructor returns (a Capability).
func Capabilities(constructor any) fx.Option {
	return fx.Provide(fx.Annotate(constructor, fx.ResultTags(`group:"capabilities"`)))
}

// CapabilityParams collects what all modules declared.
type CapabilityParams struct {
	fx.In
	All []Capability `group:"capabilities"`
}

// collectCapabilities puts the capabilities under their names, beside the names of the modules that are on.
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

func (s *Server) showCapabilities(context.Context, *None) (*Response[map[string]any], error) {
	return OK(s.capabilities).WithETag(), nil
}

const capabilitiesDoc = "What clients need to know before they send something: the modules that are on, the rules for passwords, and, with the module storage, " +
	"which types and sizes of files may be uploaded."

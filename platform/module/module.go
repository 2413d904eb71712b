// Package module defines what a module of the program says about itself.
//
// A module is one folder that exports one value of type Module. The composition root lists these values; everything else is
// collected from them: configuration, permissions, problems, migrations, routes, subscribers, jobs and commands. Adding a
// module therefore changes one line outside of its folder.
package module

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.uber.org/fx"

	"lyceum/platform/apperr"
	"lyceum/platform/command"
	"lyceum/platform/config"
	"lyceum/platform/identity"
	"lyceum/platform/migrate"
)

// Module is the declaration of one module.
type Module struct {
	// Name is stable and the same as the folder's.
	Name string
	// Title names the module for people.
	Title string
	// Required modules can't be disabled.
	Required bool
	// Needs names the modules without which this one does not work.
	Needs []string
	// Settings that operators make for the module. They are read and checked whether or not it is enabled.
	Settings []config.Section
	// Migrations of the tables that the module owns. They are run for a disabled module, too, so that its data stays.
	Migrations []migrate.Migration
	// Permissions that the module's routes ask for.
	Permissions []identity.Permission
	// Problems that the module's errors are made from.
	Problems []apperr.Problem
	// Console holds the module's panel in the console, in a folder of that name: console/panel.js and what it imports. It
	// is nil for a module without a panel.
	Console fs.FS
	// Commands returns the commands that the module adds to the command line.
	Commands func(command.Program) []*cobra.Command
	// Declares holds further declarations that are valid whether or not the module is enabled, such as audit actions.
	Declares fx.Option
	// Provides wires everything that works only while the module is enabled.
	Provides fx.Option
}

// List is all modules of a program, sorted by name.
type List []Module

// Disabled names the modules of a list that are switched off.
type Disabled []string

// Has reports whether the module is switched off.
func (d Disabled) Has(name string) bool { return slices.Contains(d, name) }

// Check returns every fault of a choice of disabled modules, in words for an operator: names that do not exist, required
// modules, and modules that an enabled one needs.
func (l List) Check(disabled Disabled) (faults []string) {
	for _, name := range disabled {
		switch m, ok := l.find(name); {
		case !ok:
			faults = append(faults, fmt.Sprintf("found %q, accepted are %s", name, strings.Join(l.optional(), ", ")))
		case m.Required:
			faults = append(faults, name+" can't be disabled")
		}
	}
	for _, m := range l {
		if disabled.Has(m.Name) {
			continue
		}
		for _, need := range m.Needs {
			if needed, ok := l.find(need); ok && disabled.Has(need) && !needed.Required {
				faults = append(faults, need+" is needed by "+m.Name)
			}
		}
	}
	return faults
}

func (l List) find(name string) (Module, bool) {
	i := slices.IndexFunc(l, func(m Module) bool { return m.Name == name })
	if i < 0 {
		return Module{}, false
	}
	return l[i], true
}

// optional returns the names of the modules that can be disabled.
func (l List) optional() (names []string) {
	for _, m := range l {
		if !m.Required {
			names = append(names, m.Name)
		}
	}
	return names
}

// Options returns what all modules declare and what the enabled ones provide.
func (l List) Options(disabled Disabled) fx.Option {
	options := []fx.Option{l.Declarations()}
	for _, m := range l {
		if !disabled.Has(m.Name) && m.Provides != nil {
			options = append(options, fx.Module(m.Name, m.Provides))
		}
	}
	return fx.Options(options...)
}

// Settings returns the settings of all modules, in their order.
func (l List) Settings() []config.Section {
	var sections []config.Section
	for _, m := range l {
		sections = append(sections, m.Settings...)
	}
	return sections
}

// Declarations returns what all modules declare, without anything that runs.
func (l List) Declarations() fx.Option {
	options := make([]fx.Option, len(l))
	for i, m := range l {
		options[i] = m.declarations()
	}
	return fx.Options(options...)
}

func (m Module) declarations() fx.Option {
	declares := m.Declares
	if declares == nil {
		declares = fx.Options()
	}
	settings := make([]fx.Option, len(m.Settings))
	for i, s := range m.Settings {
		settings[i] = s.FxOption()
	}
	return fx.Module(m.Name,
		fx.Options(settings...),
		migrate.Provide(m.Migrations...),
		identity.ProvidePermissions(m.Permissions...),
		apperr.ProvideProblems(m.Problems...),
		declares,
	)
}

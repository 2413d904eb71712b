// Package module defines what a module of the program declares about itself.
//
// A module is one folder that exports one value of type Module. The composition root lists these
// values, and everything else is collected from them: settings, permissions, problems, migrations,
// routes, subscribers, jobs and commands. So adding a module changes one line outside of its folder.
//
//	always                                    only while the module is enabled
//	------                                    --------------------------------
//	Settings, Migrations, Permissions,        Provides: routes, services, subscribers, workers,
//	Problems, Declares                        backgrounds; Console and Commands
//
// A disabled module keeps its tables and data, its settings are still checked, and its permissions
// stay known, so that it can be enabled again at any time.
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
	"lyceum/platform/diagnosis"
	"lyceum/platform/identity"
	"lyceum/platform/migrate"
)

// Module is the declaration of one module.
type Module struct {
	// Name is the name of the folder. It never changes, as configurations name it.
	Name string
	// Title is the name for people.
	Title string
	// About says in a sentence what the module is for. The API document shows it.
	About string
	// Required is true for a module that can't be disabled.
	Required bool
	// Needs are the names of the modules without which this one does not work.
	Needs []string
	// Settings are made by operators. They are read and checked for a disabled module too.
	Settings []config.Section
	// Migrations create the tables of the module. They run for a disabled module too.
	Migrations []migrate.Migration
	// Permissions are those that the routes of the module ask for.
	Permissions []identity.Permission
	// Problems are those that the errors of the module are made from.
	Problems []apperr.Problem
	// Console holds the module's panel of the console in a folder of that name: console/panel.js and
	// the files that it imports. It is nil for a module without a panel.
	Console fs.FS
	// Commands returns the commands that the module adds to the command line.
	Commands func(command.Program) []*cobra.Command
	// Checks examine the tables of the module for lyceum doctor, also while it is disabled.
	Checks []diagnosis.Check
	// Declares holds further declarations that are valid for a disabled module too, such as events
	// and audit actions.
	Declares fx.Option
	// Provides holds the parts that exist only while the module is enabled.
	Provides fx.Option
}

// List holds all modules of a program; the composition root sorts it by name.
type List []Module

// Disabled holds the names of the modules that are disabled.
type Disabled []string

// HasModule returns whether the module of that name is disabled.
func (d Disabled) HasModule(name string) bool { return slices.Contains(d, name) }

// CheckDisabled returns every fault of a choice of disabled modules, in words for an operator: names
// that do not exist, required modules, and modules that an enabled one needs.
func (l List) CheckDisabled(disabled Disabled) (faults []string) {
	for _, name := range disabled {
		switch m, ok := l.findModule(name); {
		case !ok:
			accepted := strings.Join(l.optionalNames(), ", ")
			faults = append(faults, fmt.Sprintf("found %q, accepted are %s", name, accepted))
		case m.Required:
			faults = append(faults, name+" can't be disabled")
		}
	}
	for _, m := range l {
		if disabled.HasModule(m.Name) {
			continue
		}
		for _, need := range m.Needs {
			// That a required module is disabled was reported above, once instead of for each user.
			if needed, ok := l.findModule(need); ok && disabled.HasModule(need) && !needed.Required {
				faults = append(faults, need+" is needed by "+m.Name)
			}
		}
	}
	return faults
}

// findModule returns the module of that name and whether there is one.
func (l List) findModule(name string) (Module, bool) {
	i := slices.IndexFunc(l, func(m Module) bool { return m.Name == name })
	if i < 0 {
		return Module{}, false
	}
	return l[i], true
}

// optionalNames returns the names of the modules that can be disabled.
func (l List) optionalNames() (names []string) {
	for _, m := range l {
		if !m.Required {
			names = append(names, m.Name)
		}
	}
	return names
}

// BuildOptions returns the declarations of all modules and the parts of those that are enabled.
func (l List) BuildOptions(disabled Disabled) fx.Option {
	options := []fx.Option{l.BuildDeclarations()}
	for _, m := range l {
		if !disabled.HasModule(m.Name) && m.Provides != nil {
			options = append(options, fx.Module(m.Name, m.Provides))
		}
	}
	return fx.Options(options...)
}

// ListSettings returns the settings of all modules, in their order.
func (l List) ListSettings() []config.Section {
	var sections []config.Section
	for _, m := range l {
		sections = append(sections, m.Settings...)
	}
	return sections
}

// BuildDeclarations returns the declarations of all modules. They start nothing, so commands that
// only migrate or print references can use them alone.
func (l List) BuildDeclarations() fx.Option {
	options := make([]fx.Option, len(l))
	for i, m := range l {
		options[i] = m.buildDeclarations()
	}
	return fx.Options(options...)
}

// buildDeclarations returns what one module declares.
func (m Module) buildDeclarations() fx.Option {
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
		migrate.ProvideMigrations(m.Migrations...),
		identity.ProvidePermissions(m.Permissions...),
		apperr.ProvideProblems(m.Problems...),
		declares,
	)
}

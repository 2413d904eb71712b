// Package auditapi is how other modules record in the audit log what changed.
//
// A module declares its actions once, beside its routes, and publishes an Entry for each change:
//
//	var auditActions = []auditapi.Action{{Name: "invite.created", Targets: []string{"invite"}}}
//	err := events.Publish(ctx, auditapi.Entry{Action: "invite.created", TargetType: "invite", TargetID: i.ID})
package auditapi

import (
	"fmt"
	"maps"
	"slices"

	"go.uber.org/fx"
)

// Entry is published inside the transaction of the change that it records, so that neither exists without the other. Who
// acted, from where and in which request is taken from the context.
type Entry struct {
	// Action is the name of a declared Action. Another one is an error, which rolls the change back.
	Action string
	// TargetType is one of the action's targets. TargetID is an id, never an address.
	TargetType string
	TargetID   string
	// ActorID replaces the caller where the actor is the new account itself.
	ActorID string
	// Data says more: ids, roles, names of changed fields. It never holds an address, a secret or a text of users.
	Data map[string]any
}

// EventName implements events.Event.
func (Entry) EventName() string { return "audit.entry" }

// Action is a kind of entry that a module writes.
type Action struct {
	// Name is stable: what it is done to and a verb in the past tense, such as "invite.created".
	Name string
	// Targets are the types of what it is done to, such as "invite"; at least one.
	Targets []string
}

// Declare hands the actions of a module to the program. They are valid while the module is disabled, too, so that entries
// of earlier days can be searched.
func Declare(actions ...Action) fx.Option {
	return fx.Supply(fx.Annotate(actions, fx.ResultTags(`group:"audit_actions"`)))
}

// Params collects the actions of all modules.
type Params struct {
	fx.In
	Groups [][]Action `group:"audit_actions"`
}

// Actions are all actions that may be written.
type Actions struct {
	byName map[string]Action
}

// NewActions collects the declared actions. It refuses a name that is declared twice and an action without a target.
func NewActions(groups ...[]Action) (*Actions, error) {
	all := &Actions{byName: map[string]Action{}}
	for _, a := range slices.Concat(groups...) {
		if _, twice := all.byName[a.Name]; twice {
			return nil, fmt.Errorf("audit action %q is declared twice", a.Name)
		}
		if a.Name == "" || len(a.Targets) == 0 {
			return nil, fmt.Errorf("audit action %q needs a name and a target", a.Name)
		}
		all.byName[a.Name] = a
	}
	return all, nil
}

// Check returns an error unless an entry may have this action and this type of target.
func (a *Actions) Check(action, targetType string) error {
	declared, ok := a.byName[action]
	if !ok {
		return fmt.Errorf("audit: no module declares the action %q", action)
	}
	if !slices.Contains(declared.Targets, targetType) {
		return fmt.Errorf("audit: the action %q is declared for %v, not for %q", action, declared.Targets, targetType)
	}
	return nil
}

// List returns all actions, sorted by name.
func (a *Actions) List() []Action {
	list := make([]Action, 0, len(a.byName))
	for _, name := range a.Names() {
		list = append(list, a.byName[name])
	}
	return list
}

// Names returns the names of all actions, sorted.
func (a *Actions) Names() []string {
	return slices.Sorted(maps.Keys(a.byName))
}

// Targets returns the types of all targets, sorted.
func (a *Actions) Targets() []string {
	var targets []string
	for _, action := range a.byName {
		targets = append(targets, action.Targets...)
	}
	slices.Sort(targets)
	return slices.Compact(targets)
}

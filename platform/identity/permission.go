package identity

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"go.uber.org/fx"
)

// Permission is what a route asks of its caller before any object is looked at. Whether the caller may touch one object is
// decided by the module that owns it.
//
// Each module declares its permissions as variables and hands them to the program, which refuses duplicates. Permissions
// that end in ":self" reach nothing but the caller's own data.
type Permission struct {
	// Name is stable, such as "courses:read".
	Name string
	// Lowest is the lowest role that has the permission. Every higher role has it, too.
	Lowest Role
}

// Public is the permission of routes that anybody may use.
var Public = Permission{Name: "public", Lowest: Anonymous}

// Permissions are all permissions that the program knows.
type Permissions struct {
	byName map[string]Permission
}

var permissionName = regexp.MustCompile(`^[a-z]+:[a-z]+$`)

// NewPermissions collects Public and the given permissions. It refuses a name that is declared twice, a malformed name,
// and a lowest role that no account can have; Anonymous is allowed.
func NewPermissions(groups ...[]Permission) (*Permissions, error) {
	all := &Permissions{byName: map[string]Permission{Public.Name: Public}}
	for _, p := range slices.Concat(groups...) {
		if !permissionName.MatchString(p.Name) {
			return nil, fmt.Errorf("permission %q: a name is two lower-case words with a colon between them", p.Name)
		}
		if _, twice := all.byName[p.Name]; twice {
			return nil, fmt.Errorf("permission %q is declared twice", p.Name)
		}
		if p.Lowest != Anonymous && !p.Lowest.IsValid() {
			return nil, fmt.Errorf("permission %q: there is no role %q", p.Name, p.Lowest)
		}
		all.byName[p.Name] = p
	}
	return all, nil
}

// IsDeclared reports whether exactly this permission was declared. A route that asks for another one is not served.
func (a *Permissions) IsDeclared(p Permission) bool { return p.Name != "" && a.byName[p.Name] == p }

// List returns all permissions, sorted by name.
func (a *Permissions) List() []Permission {
	list := make([]Permission, 0, len(a.byName))
	for _, name := range slices.Sorted(maps.Keys(a.byName)) {
		list = append(list, a.byName[name])
	}
	return list
}

// HasPermission reports whether the caller's role has the permission. Nobody has the zero Permission.
func (c Caller) HasPermission(p Permission) bool { return p.Name != "" && c.HasRole(p.Lowest) }

// ProvidePermissions declares the permissions of a module.
func ProvidePermissions(permissions ...Permission) fx.Option {
	return fx.Supply(fx.Annotate(permissions, fx.ResultTags(`group:"permissions"`)))
}

// PermissionParams collects the permissions of all modules.
type PermissionParams struct {
	fx.In
	Groups [][]Permission `group:"permissions"`
}

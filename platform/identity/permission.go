package identity

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"go.uber.org/fx"
)

// Permission is asked of a caller before any object is looked at. Each module declares its
// permissions as variables and hands them to the program, which refuses duplicates. Permissions
// that end in ":self" reach nothing but the caller's own data.
type Permission struct {
	// Name is stable: two lower-case words with a colon between them, such as "files:read".
	Name string
	// Lowest is the lowest role that has the permission. Every higher role has it, too.
	Lowest Role
}

// Public is the permission of routes that every caller may use, with or without a token.
var Public = Permission{Name: "public", Lowest: Anonymous}

// Permissions are all permissions that the program knows. It does not change after NewPermissions
// and is safe for concurrent use.
type Permissions struct {
	byName map[string]Permission
}

// permissionName matches the name of a permission.
var permissionName = regexp.MustCompile(`^[a-z]+:[a-z]+$`)

// NewPermissions collects Public and the given permissions. It returns an error for a malformed
// name, for a name that is declared twice, and for a lowest role that is neither declared nor
// Anonymous.
func NewPermissions(groups ...[]Permission) (*Permissions, error) {
	all := &Permissions{byName: map[string]Permission{Public.Name: Public}}
	for _, p := range slices.Concat(groups...) {
		if !permissionName.MatchString(p.Name) {
			return nil, fmt.Errorf(
				"permission %q: a name is two lower-case words with a colon between them", p.Name)
		}
		if _, isTaken := all.byName[p.Name]; isTaken {
			return nil, fmt.Errorf("permission %q is declared twice", p.Name)
		}
		if p.Lowest != Anonymous && !p.Lowest.IsValid() {
			return nil, fmt.Errorf("permission %q: there is no role %q", p.Name, p.Lowest)
		}
		all.byName[p.Name] = p
	}
	return all, nil
}

// IsDeclared reports whether exactly this permission was declared, its lowest role included. The
// server does not start with a route that asks for another one.
func (ps *Permissions) IsDeclared(p Permission) bool {
	return p.Name != "" && ps.byName[p.Name] == p
}

// List returns all permissions, sorted by name.
func (ps *Permissions) List() []Permission {
	list := make([]Permission, 0, len(ps.byName))
	for _, name := range slices.Sorted(maps.Keys(ps.byName)) {
		list = append(list, ps.byName[name])
	}
	return list
}

// ProvidePermissions declares the permissions of a module.
func ProvidePermissions(permissions ...Permission) fx.Option {
	return fx.Supply(fx.Annotate(permissions, fx.ResultTags(`group:"permissions"`)))
}

// PermissionParams collects the permissions of all modules.
type PermissionParams struct {
	fx.In
	Groups [][]Permission `group:"permissions"`
}

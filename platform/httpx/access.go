package httpx

import "lyceum/platform/identity"

// AccessRule says who may call a route at all. What a caller may do with an object is decided by the module.
type AccessRule struct {
	permission identity.Permission
	// role is the lowest role that has the permission.
	role identity.Role
	// ignoresToken routes look at no token, not even at an invalid one.
	ignoresToken bool
}

// Public lets everybody call a route and looks at no token: signing in must work with an expired one.
var Public = AccessRule{permission: identity.Public, ignoresToken: true}

// RequirePermission lets callers call a route that have the permission. An invalid token is refused even
// where anonymous callers have it.
func RequirePermission(p identity.Permission) AccessRule {
	return AccessRule{permission: p, role: p.Lowest}
}

// Permission returns the permission that the route asks for.
func (a AccessRule) Permission() identity.Permission { return a.permission }

// Role returns the lowest role that has the permission, as the document shows it.
func (a AccessRule) Role() string {
	if a.role == identity.Anonymous {
		return "anonymous"
	}
	return string(a.role)
}

// securityRequirements returns the security requirements of the document: a bearer token, or none as well.
func (a AccessRule) securityRequirements() []map[string][]string {
	if a.ignoresToken {
		return nil
	}
	requirements := []map[string][]string{{"bearer": {}}}
	if a.role == identity.Anonymous {
		requirements = append(requirements, map[string][]string{})
	}
	return requirements
}

// Package identitytest declares three roles for the tests of the platform, which knows no role by
// name. A test that imports modules has the roles of the program instead and must not import this
// package.
package identitytest

import "lyceum/platform/identity"

// The roles of tests, each including the one before.
const (
	User   identity.Role = "user"
	Member identity.Role = "member"
	Admin  identity.Role = "admin"
)

func init() { identity.DeclareRoles(User, Member, Admin) }

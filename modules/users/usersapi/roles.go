package usersapi

import "lyceum/platform/identity"

// The roles of accounts. Each includes the ones before it.
const (
	// RoleUser is the role of an account that registered by itself.
	RoleUser identity.Role = "user"
	// RoleMember is the role of a learner whom an invite let in.
	RoleMember identity.Role = "member"
	// RoleInstructor is the role of an account that authors courses.
	RoleInstructor identity.Role = "instructor"
	// RoleAdmin is the role of an account that manages accounts, invites and the audit log.
	RoleAdmin identity.Role = "admin"
)

func init() { identity.DeclareRoles(RoleUser, RoleMember, RoleInstructor, RoleAdmin) }

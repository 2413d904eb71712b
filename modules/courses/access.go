package courses

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/identity"
)

// The one rule of who may read a course:
//
//	draft      owner, administrators
//	archived   owner, administrators, enrolled
//	published  public: everyone; member: members, enrolled; private: enrolled; always owner and administrators
//	deleted    nobody
//
// mayRead is the rule for one course; readable in store_access.go is the same in SQL, for lists. A test compares them.

func manages(c *course, caller identity.Caller) bool {
	return caller.IsSignedIn() && (c.OwnerID == caller.UserID || caller.HasRole(usersapi.RoleAdmin))
}

func mayRead(c *course, caller identity.Caller, enrolled bool) bool {
	switch {
	case c.DeletedAt != nil:
		return false
	case manages(c, caller):
		return true
	case c.Status == draft:
		return false
	case enrolled:
		return true
	case c.Status == archived:
		return false
	}
	return c.Visibility == public || c.Visibility == member && caller.HasRole(usersapi.RoleMember)
}

// refusal is what a caller who may not read is told: a published member course may be known of,
// any other course is missing.
func refusal(c *course, caller identity.Caller) error {
	if c.DeletedAt == nil && c.Status == published && c.Visibility == member {
		if !caller.IsSignedIn() {
			return apperr.Unauthenticated()
		}
		return errForMember
	}
	return errNoCourse
}

package notifications

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// The permissions that routes of this module ask for.
var (
	// permissionAnnounce lets callers write to the learners of their own courses.
	permissionAnnounce = identity.Permission{Name: "announcements:write", Lowest: usersapi.RoleInstructor}
	// permissionOwn lets callers read their notifications and choose how they are told.
	permissionOwn = identity.Permission{Name: "notifications:self", Lowest: usersapi.RoleUser}
)

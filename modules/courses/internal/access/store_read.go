package access

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// Condition is a part of a WHERE clause with its arguments. Only stores use one.
type Condition struct {
	SQL  string
	Args []any
}

// Readable returns the rule of CanRead as a condition on a row of courses, which the query calls c.
func Readable(caller identity.Caller) Condition {
	switch {
	case !caller.IsSignedIn():
		return Condition{SQL: "c.deleted_at IS NULL AND c.status = 'published' AND c.visibility = 'public'"}
	case caller.HasRole(usersapi.RoleAdmin):
		return Condition{SQL: "c.deleted_at IS NULL"}
	}
	visible := "c.visibility = 'public'"
	if caller.HasRole(usersapi.RoleMember) {
		visible = "c.visibility IN ('public', 'member')"
	}
	return Condition{
		SQL: `c.deleted_at IS NULL AND (c.owner_id = ? OR (c.status = 'published' AND ` + visible + `)
			OR (c.status <> 'draft' AND EXISTS (SELECT 1 FROM enrollments e WHERE e.user_id = ? AND e.course_id = c.id)))`,
		Args: []any{caller.UserID, caller.UserID},
	}
}

package courses

import (
	"cmp"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// readable is mayRead as a condition over courses c.
func readable(caller identity.Caller) (string, []any) {
	if !caller.IsSignedIn() {
		return "c.deleted_at IS NULL AND c.status = 'published' AND c.visibility = 'public'", nil
	}
	if caller.HasRole(usersapi.RoleAdmin) {
		return "c.deleted_at IS NULL", nil
	}
	visible := "c.visibility = 'public'"
	if caller.HasRole(usersapi.RoleMember) {
		visible = "c.visibility IN ('public', 'member')"
	}
	return `c.deleted_at IS NULL AND (c.owner_id = ? OR (c.status = 'published' AND ` + visible + `)
		OR (c.status <> 'draft' AND EXISTS (SELECT 1 FROM enrollments e WHERE e.user_id = ? AND e.course_id = c.id)))`,
		[]any{caller.UserID, caller.UserID}
}

// readableEnrolled is readable for an account that is enrolled.
func readableEnrolled(caller identity.Caller) (string, []any) {
	if caller.HasRole(usersapi.RoleAdmin) {
		return "c.deleted_at IS NULL", nil
	}
	return "c.deleted_at IS NULL AND (c.status <> 'draft' OR c.owner_id = ?)", []any{caller.UserID}
}

// unlocked is lockOf as a condition over lessons l of courses c: a lesson that the caller has completed stays open.
func unlocked(caller identity.Caller, now clock.Time) (string, []any) {
	if caller.HasRole(usersapi.RoleAdmin) {
		return "TRUE", nil
	}
	user := cmp.Or(caller.UserID, ids.None)
	return `(c.owner_id = ? OR EXISTS (SELECT 1 FROM lesson_progress d WHERE d.user_id = ? AND d.lesson_id = l.id AND d.completed_at IS NOT NULL)
		OR ((l.available_from IS NULL OR l.available_from <= ?)
		AND (l.available_after_days IS NULL OR EXISTS (SELECT 1 FROM enrollments d WHERE d.user_id = ? AND d.course_id = c.id AND d.created_at + l.available_after_days * 86400000 <= ?))
		AND NOT EXISTS (SELECT 1 FROM lesson_prerequisites q WHERE q.lesson_id = l.id
			AND NOT EXISTS (SELECT 1 FROM lesson_progress d WHERE d.user_id = ? AND d.lesson_id = q.prerequisite_id AND d.completed_at IS NOT NULL))))`,
		[]any{user, user, now, user, now, user}
}

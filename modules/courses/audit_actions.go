package courses

import "lyceum/modules/audit/auditapi"

// auditActions are what this module writes to the audit log.
var auditActions = []auditapi.Action{
	{Name: "course.created", Targets: []string{"course"}},
	{Name: "course.updated", Targets: []string{"course"}},
	{Name: "course.published", Targets: []string{"course"}},
	{Name: "course.archived", Targets: []string{"course"}},
	{Name: "course.deleted", Targets: []string{"course"}},
	{Name: "course.restored", Targets: []string{"course"}},
	{Name: "lesson.created", Targets: []string{"lesson"}},
	{Name: "lesson.updated", Targets: []string{"lesson"}},
	{Name: "lesson.deleted", Targets: []string{"lesson"}},
	{Name: "lesson.reordered", Targets: []string{"course"}},
	{Name: "enrollment.created", Targets: []string{"enrollment"}},
	{Name: "enrollment.deleted", Targets: []string{"enrollment"}},
}

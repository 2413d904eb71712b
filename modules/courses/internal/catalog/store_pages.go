package catalog

import (
	"context"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// hiddenFrom returns the condition that a course c is published and a role does not let read it.
func hiddenFrom(role identity.Role) string {
	if role == usersapi.RoleMember {
		return "c.deleted_at IS NULL AND c.status = 'published' AND c.visibility = 'private'"
	}
	return "c.deleted_at IS NULL AND c.status = 'published' AND c.visibility IN ('private', 'member')"
}

// hasHidden returns whether there is a published course that a role does not let read.
func (s *store) hasHidden(ctx context.Context, role identity.Role) (hasHidden bool, err error) {
	err = s.db.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM courses c WHERE "+hiddenFrom(role)+")", nil, &hasHidden)
	return hasHidden, err
}

// mayReadHidden returns whether an account owns or is enrolled in a published course that its role does not let read.
func (s *store) mayReadHidden(ctx context.Context, userID string, role identity.Role) (mayRead bool, err error) {
	hidden := hiddenFrom(role)
	err = s.db.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM courses c WHERE c.owner_id = ? AND "+hidden+`)
		OR EXISTS (SELECT 1 FROM enrollments e JOIN courses c ON c.id = e.course_id WHERE e.user_id = ? AND `+hidden+")",
		[]any{userID, userID}, &mayRead)
	return mayRead, err
}

// fillProgress fills the progress of an account in the courses of a page, which is not empty.
func (s *store) fillProgress(ctx context.Context, page []listedCourse, userID string) error {
	at, courseIDs := make(map[string]int, len(page)), make([]string, len(page))
	for i := range page {
		at[page[i].ID], courseIDs[i] = i, page[i].ID
	}
	isOneOf, args := s.db.OneOf("course_id", courseIDs)
	return s.db.Query(ctx, `SELECT course_id, percent_sum, completed_lessons, completed_at, last_activity_at
		FROM course_progress WHERE user_id = ? AND `+isOneOf, append([]any{userID}, args...),
		func(scan func(...any) error) error {
			var courseID string
			var p course.Progress
			if err := scan(&courseID, &p.PercentSum, &p.CompletedLessons, &p.CompletedAt, &p.LastActivityAt); err != nil {
				return err
			}
			page[at[courseID]].Progress = p
			return nil
		})
}

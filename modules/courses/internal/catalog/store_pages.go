package catalog

import (
	"context"
	"strings"

	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/course"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

// hasOthers returns whether there is a published course that the caller may not read.
func (s *store) hasOthers(ctx context.Context, caller identity.Caller) (hasOthers bool, err error) {
	readable := access.Readable(caller)
	err = s.db.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM courses c WHERE c.deleted_at IS NULL AND c.status = 'published' AND NOT ("+
		readable.SQL+"))", readable.Args, &hasOthers)
	return hasOthers, err
}

// canReadOthers returns whether the caller owns or is enrolled in a published course that the caller's role does not
// let read.
func (s *store) canReadOthers(ctx context.Context, caller identity.Caller) (canRead bool, err error) {
	others := "c.deleted_at IS NULL AND c.status = 'published' AND c.visibility <> 'public'"
	if caller.HasRole(usersapi.RoleMember) {
		others = "c.deleted_at IS NULL AND c.status = 'published' AND c.visibility = 'private'"
	}
	err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM courses c WHERE c.owner_id = ? AND `+others+`)
		OR EXISTS (SELECT 1 FROM enrollments e JOIN courses c ON c.id = e.course_id WHERE e.user_id = ? AND `+others+`)`,
		[]any{caller.UserID, caller.UserID}, &canRead)
	return canRead, err
}

// fillProgress fills the progress of an account in the courses of a page.
func (s *store) fillProgress(ctx context.Context, page []course.ListedCourse, userID string) error {
	if len(page) == 0 {
		return nil
	}
	at, args := make(map[string]int, len(page)), make([]any, 0, len(page)+1)
	args = append(args, userID)
	for i := range page {
		at[page[i].Course.ID] = i
		args = append(args, page[i].Course.ID)
	}
	places := strings.Repeat(", ?", len(page))[2:]
	return s.db.Query(ctx, `SELECT course_id, percent_sum, completed_lessons, completed_at, last_activity_at
		FROM course_progress WHERE user_id = ? AND course_id IN (`+places+`)`, args,
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

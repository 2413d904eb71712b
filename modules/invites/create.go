package invites

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

// grant is what an administrator gives away.
type grant struct {
	Role      identity.Role
	ExpiresAt *clock.Time
	CourseIDs []string
	Note      string
}

// newInvite is a grant for one address, or for whoever has the code.
type newInvite struct {
	grant
	MaxUses int
	Email   string
}

// create makes an invite and gives its code, which is never shown again. With an address the code is mailed there.
func (s *Service) create(ctx context.Context, n newInvite) (m made, err error) {
	titles, err := s.check(ctx, &n.grant)
	if err != nil {
		return m, err
	}
	m = s.draft(ctx, n.grant, s.clock.Now())
	m.MaxUses = n.MaxUses
	if n.Email != "" {
		email, err := text.NormalizeEmail(n.Email)
		if err != nil {
			return m, apperr.Invalid("email", err.Error())
		}
		m.Email = &email
	}
	return m, s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.mayGrant(ctx); err != nil {
			return err
		}
		return s.keep(ctx, titles, m)
	})
}

// mayGrant holds the caller to be an administrator until the commit: an invite of one who was demoted this moment must not
// come after all of his were revoked.
func (s *Service) mayGrant(ctx context.Context) error {
	a, known, err := s.roles.LockAccount(ctx, identity.CallerFrom(ctx).UserID)
	if err != nil {
		return err
	}
	if !known || !a.Active || !a.Role.IsAtLeast(usersapi.RoleAdmin) {
		return apperr.Forbidden("This needs the role admin.")
	}
	return nil
}

// check holds a grant to the rules and gives its courses' titles.
func (s *Service) check(ctx context.Context, g *grant) (titles string, err error) {
	if err := checkExpiry(g.ExpiresAt, s.clock.Now()); err != nil {
		return "", err
	}
	if err := text.CheckLine(g.Note); err != nil {
		return "", apperr.Invalid("note", err.Error())
	}
	return s.checkCourses(ctx, g)
}

// checkExpiry returns 422 for an end that is not in the future.
func checkExpiry(expiresAt *clock.Time, now clock.Time) error {
	if expiresAt != nil && !expiresAt.After(now) {
		return apperr.Invalid("expires_at", "must lie in the future")
	}
	return nil
}

// checkCourses leaves each course once: 422 for one that does not exist or takes nobody in.
func (s *Service) checkCourses(ctx context.Context, g *grant) (titles string, err error) {
	given := g.CourseIDs
	g.CourseIDs = []string{}
	if len(given) == 0 {
		return "", nil
	}
	if s.courses == nil {
		return "", apperr.Invalid("course_ids", "there are no courses here")
	}
	known, err := s.courses.Courses(ctx, given)
	if err != nil {
		return "", err
	}
	var names []string
	for n, id := range given {
		c, ok := known[id]
		if !ok {
			return "", apperr.Invalid(fmt.Sprintf("course_ids[%d]", n), "there is no course with this id")
		}
		if c.Archived {
			return "", coursesapi.ProblemCourseArchived.New("An archived course takes no new learners.")
		}
		if !slices.Contains(g.CourseIDs, id) {
			g.CourseIDs, names = append(g.CourseIDs, id), append(names, c.Title)
		}
	}
	slices.Sort(g.CourseIDs) // one form for the same courses, in whatever order they come
	return told(names), nil
}

// told names courses in a mail; beyond a few it says how many more there are.
func told(titles []string) string {
	const few = 10
	if len(titles) <= few {
		return strings.Join(titles, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(titles[:few], ", "), len(titles)-few)
}

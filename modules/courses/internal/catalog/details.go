package catalog

import (
	"context"
	"slices"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/course"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/ids"
)

// Details is a course with what its page shows: the owner, and the lessons without their content.
type Details struct {
	*access.CallerCourse
	Owner   usersapi.Person
	Lessons []course.Lesson
	// State has the locks of the lessons for the caller.
	State access.LearnerState
}

// GetDetails returns a course by its id or slug. It returns the errors of access.Service.FindCourse
// for a course that the caller may not read.
func (s *Service) GetDetails(ctx context.Context, idOrSlug string) (Details, error) {
	c, err := s.access.FindCourse(ctx, idOrSlug)
	return s.newDetails(ctx, c, err)
}

// GetFreshDetails is GetDetails for the answer to a change of the course with an id.
func (s *Service) GetFreshDetails(ctx context.Context, id string) (Details, error) {
	c, err := s.access.FindFreshCourse(ctx, id)
	return s.newDetails(ctx, c, err)
}

// newDetails returns a course that was found, or the error of the search.
func (s *Service) newDetails(ctx context.Context, c *access.CallerCourse, err error) (d Details, _ error) {
	if err != nil {
		return d, err
	}
	d.CallerCourse = c
	owners, err := usersapi.Persons(ctx, s.accounts, []string{d.OwnerID})
	if err != nil {
		return d, err
	}
	d.Owner, d.Lessons, d.State = owners[d.OwnerID], d.Outline(), s.access.LoadState(ctx, d.CallerCourse)
	return d, nil
}

// FindBrief returns a course for another module. isFound is false for a course that does not exist or
// is in the trash.
func (s *Service) FindBrief(ctx context.Context, id string) (c coursesapi.Course, isFound bool, err error) {
	all, err := s.ListBriefs(ctx, []string{id})
	c, isFound = all[id]
	return c, isFound, err
}

// ListBriefs returns courses for another module, by id. Courses that don't exist or are in the trash
// are left out.
func (s *Service) ListBriefs(ctx context.Context, courseIDs []string) (map[string]coursesapi.Course, error) {
	valid := slices.DeleteFunc(slices.Clone(courseIDs), func(id string) bool { return !ids.IsValid(id) })
	found, err := s.store.listCoursesByID(ctx, valid)
	briefs := make(map[string]coursesapi.Course, len(found))
	for i := range found {
		briefs[found[i].ID] = found[i].Brief()
	}
	return briefs, err
}

package catalog

import (
	"context"
	"slices"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// trash is the value of filter.Status for courses in the trash.
const trash = "deleted"

// Values of filter.Sort.
const (
	sortNewest  = "newest"
	sortUpdated = "updated"
	sortTitle   = "title"
)

// filter shapes the list of courses. Empty fields let every course through.
type filter struct {
	Visibility, Status, Q, Tag, Owner, Sort string

	// now tells which courses can still be restored. It is not exported: a cursor of the list holds
	// the exported fields, and is valid at any time.
	now clock.Time
}

// checkCaller refuses some lists before access.Readable is asked. It returns 401 if the filter asks
// for courses that only accounts see and the caller is not signed in, and ErrMembersOnly if it asks
// for courses for members and the caller is not a member.
func (f filter) checkCaller(caller identity.Caller) error {
	needsAccount := f.Visibility == course.Member || f.Visibility == course.Private || f.Status != course.Published
	if !caller.IsSignedIn() && needsAccount {
		return apperr.Unauthenticated()
	}
	if f.Visibility == course.Member && !caller.HasRole(usersapi.RoleMember) {
		return course.ErrMembersOnly
	}
	return nil
}

// positionOf returns the position of a page that ends with c, in the order that the filter asks
// for.
func (f filter) positionOf(c *course.Course) course.PagePosition {
	switch f.Sort {
	case sortTitle:
		return course.PagePosition{Title: c.FoldedTitle, ID: c.ID}
	case sortUpdated:
		return course.PagePosition{At: c.UpdatedAt, ID: c.ID}
	}
	return course.PagePosition{At: c.CreatedAt, ID: c.ID}
}

// listedCourse is a course of a list with the caller's progress. The course may be shared with other callers and must
// not be changed.
type listedCourse struct {
	*course.Course
	Progress course.Progress
	// parts is the JSON of the course, if it is kept with it.
	parts *courseParts
}

// newListedCourses returns courses that were just read.
func newListedCourses(found []course.ListedCourse) []listedCourse {
	listed := make([]listedCourse, len(found))
	for i := range found {
		c := found[i].Course // a copy, as found has room for a full page
		listed[i] = listedCourse{Course: &c, Progress: found[i].Progress}
	}
	return listed
}

// listCourses returns one page of the courses that the filter lets through and the caller may read,
// with the caller's progress. An owner that is not an id owns no course.
func (s *Service) listCourses(
	ctx context.Context, f filter, after *course.PagePosition, limit int,
) ([]listedCourse, error) {
	if f.Owner != "" && !ids.IsValid(f.Owner) {
		return []listedCourse{}, nil
	}
	if page, isShared, err := s.listFromMemory(ctx, f, after, limit); isShared || err != nil {
		return page, err
	}
	f.now = s.clock.Now()
	found, err := s.store.listCourses(ctx, f, identity.CallerFrom(ctx), after, limit)
	return newListedCourses(found), err
}

// listOwners returns the owners of courses by the id of their account.
func (s *Service) listOwners(ctx context.Context, courses []listedCourse) (map[string]usersapi.Person, error) {
	var ownerIDs []string
	for _, c := range courses {
		if !slices.Contains(ownerIDs, c.OwnerID) {
			ownerIDs = append(ownerIDs, c.OwnerID)
		}
	}
	return usersapi.Persons(ctx, s.accounts, ownerIDs)
}

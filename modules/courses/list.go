package courses

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// filter is what shapes the list of courses. Empty fields let everything through.
type filter struct {
	Visibility, Status, Q, Tag, Owner, Sort string

	// now ages the trash. It is not exported, so that a cursor holds for the filter at any time.
	now clock.Time
}

// position is where a page of any of the lists of courses and learners ends.
type position struct {
	At    clock.Time
	Title string
	ID    string
}

// checkCaller returns 401 where the filter asks for courses that only accounts see and the caller is not signed in, and
// 403 where it asks for courses for members and the caller is not one.
func (f filter) checkCaller(caller identity.Caller) error {
	if !caller.IsSignedIn() && (f.Visibility == member || f.Visibility == private || f.Status != published) {
		return apperr.Unauthenticated()
	}
	if f.Visibility == member && !caller.HasRole(usersapi.RoleMember) {
		return errForMember
	}
	return nil
}

// positionOf returns where a page that ends with c ends, in the order that the filter asks for.
func (f filter) positionOf(c *course) position {
	switch f.Sort {
	case "title":
		return position{Title: c.FoldedTitle, ID: c.ID}
	case "updated":
		return position{At: c.UpdatedAt, ID: c.ID}
	}
	return position{At: c.CreatedAt, ID: c.ID}
}

// listCourses returns one page of the courses that f lets through and the caller may read, each with the caller's
// progress. An owner that is not an id owns no course.
func (s *Service) listCourses(ctx context.Context, f filter, after *position, limit int) ([]listed, error) {
	if f.Owner != "" && !ids.IsValid(f.Owner) {
		return nil, nil
	}
	f.now = s.clock.Now()
	return s.store.list(ctx, f, identity.CallerFrom(ctx), after, limit)
}

// ownersOf returns the owners of courses by account id.
func (s *Service) ownersOf(ctx context.Context, found []listed) (map[string]usersapi.Person, error) {
	owners := make([]string, len(found))
	for i := range found {
		owners[i] = found[i].Course.OwnerID
	}
	return usersapi.Persons(ctx, s.accounts, owners)
}

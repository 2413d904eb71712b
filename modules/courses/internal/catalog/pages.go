package catalog

import (
	"context"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/outline"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/cache"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

const (
	// maxPageBytes bounds the memory of all pages together: of ten thousand courses in lists.
	maxPageBytes = 24 << 20
	// entryBytes is about what a value that is kept takes besides its texts.
	entryBytes = 400
	// maxAge bounds the age of what is kept, for signals that are lost.
	maxAge = 5 * time.Second
)

// pageRequest is what a page of published courses depends on for accounts that see no more courses than all of their
// role.
type pageRequest struct {
	Role   identity.Role
	Filter filter
	After  *course.PagePosition
	Limit  int
}

// newPages returns a cache of pages that all accounts of a role may see, by their request as JSON. They are shared and
// must not be changed.
func newPages(s *store, signals cache.Signals) *cache.Invalidated[[]listedCourse] {
	load := func(ctx context.Context, key string) ([]listedCourse, bool, error) {
		var r pageRequest
		if err := json.Unmarshal([]byte(key), &r); err != nil {
			return nil, false, err
		}
		found, err := s.listCourses(ctx, r.Filter, anyoneOf(r.Role), r.After, r.Limit)
		page := newListedCourses(found)
		for i := range page {
			page[i].parts = newCourseParts(page[i].Course)
		}
		return page, len(page) > 0, err // empty pages are not kept: anybody can make up filters
	}
	return cache.NewInvalidated(signals, outline.Topic, load).
		DropAllAtOnce().LimitAge(maxAge).LimitCost(maxPageBytes, sizeOfPage)
}

// sizeOfPage returns about how many bytes a page takes in memory.
func sizeOfPage(key string, page []listedCourse) int {
	size := entryBytes + 2*len(key)
	for i := range page {
		size += page[i].Size() + page[i].parts.size()
	}
	return size
}

// newHidden returns a cache of whether there are published courses that a role does not let read, by the role.
func newHidden(s *store, signals cache.Signals) *cache.Invalidated[bool] {
	load := func(ctx context.Context, role string) (bool, bool, error) {
		hasHidden, err := s.hasHidden(ctx, identity.Role(role))
		return hasHidden, true, err
	}
	return cache.NewInvalidated(signals, outline.Topic, load).DropAllAtOnce().LimitAge(maxAge)
}

// anyoneOf returns a caller with a role who owns no course and is enrolled in none.
func anyoneOf(role identity.Role) identity.Caller {
	if role == identity.Anonymous {
		return identity.Caller{}
	}
	return identity.Caller{UserID: ids.None, Role: role}
}

// listFromMemory returns a page that is put together from one for the caller's role and the caller's progress.
// isShared is false for a list that may be the caller's own: administrators read every course, others may own courses
// or be enrolled in some that their role does not let them read. Searches are not kept either, as few are asked twice.
func (s *Service) listFromMemory(
	ctx context.Context, f filter, after *course.PagePosition, limit int,
) (page []listedCourse, isShared bool, err error) {
	caller := identity.CallerFrom(ctx)
	if f.Q != "" || f.Status != course.Published || caller.HasRole(usersapi.RoleAdmin) || db.HasOpenTx(ctx) {
		return nil, false, nil
	}
	role := roleOf(caller)
	if mayReadHidden, err := s.mayReadHidden(ctx, caller, role); err != nil || mayReadHidden {
		return nil, false, err
	}
	key, err := json.Marshal(pageRequest{role, f, after, limit})
	if err != nil {
		return nil, false, err
	}
	page, _, err = s.pages.Get(ctx, string(key))
	if err != nil || !caller.IsSignedIn() || len(page) == 0 {
		return page, err == nil, err
	}
	page = slices.Clone(page)
	err = s.store.fillProgress(ctx, page, caller.UserID)
	return page, err == nil, err
}

// mayReadHidden returns whether the caller may read a published course that their role does not let read.
func (s *Service) mayReadHidden(ctx context.Context, caller identity.Caller, role identity.Role) (bool, error) {
	if role == identity.Anonymous {
		return false, nil
	}
	hasHidden, _, err := s.hidden.Get(ctx, string(role))
	if err != nil || !hasHidden {
		return false, err
	}
	return s.store.mayReadHidden(ctx, caller.UserID, role)
}

// roleOf returns the lowest role that lets read the same courses as the caller's.
func roleOf(caller identity.Caller) identity.Role {
	switch {
	case !caller.IsSignedIn():
		return identity.Anonymous
	case caller.HasRole(usersapi.RoleMember):
		return usersapi.RoleMember
	}
	return usersapi.RoleUser
}

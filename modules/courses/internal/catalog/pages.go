package catalog

import (
	"context"
	"slices"

	"github.com/go-json-experiment/json"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/outline"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/cache"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// maxPageBytes bounds the memory of all pages together: some thousand pages.
const maxPageBytes = 24 << 20

// pageRequest is what a page of published courses depends on, for all accounts of a role that neither own nor are
// enrolled in any course.
type pageRequest struct {
	Role   identity.Role
	Filter filter
	After  *course.PagePosition
	Limit  int
}

// sharedPage is a page that accounts of one role share. It must not be changed.
type sharedPage struct {
	courses []course.ListedCourse
	// hasOthers says that there are published courses that the role alone does not let read.
	hasOthers bool
}

// size returns about how many bytes the page takes in memory.
func (p sharedPage) size() int {
	size := 500 // with its key
	for i := range p.courses {
		size += p.courses[i].Course.Size()
	}
	return size
}

// anyCourse tells of changes of any course with the empty key, as every page may show it.
type anyCourse struct{ cache.Signals }

// Subscribe implements cache.Signals.
func (a anyCourse) Subscribe(topic string, fn func(key string)) (cancel func()) {
	return a.Signals.Subscribe(topic, func(string) { fn("") })
}

// newPages returns a cache of shared pages, by their request as JSON.
func newPages(s *store, signals cache.Signals) *cache.Invalidated[sharedPage] {
	load := func(ctx context.Context, key string) (p sharedPage, isFound bool, err error) {
		var r pageRequest
		if err := json.Unmarshal([]byte(key), &r); err != nil {
			return p, false, err
		}
		caller := identity.Caller{}
		if r.Role != identity.Anonymous {
			caller = identity.Caller{UserID: ids.None, Role: r.Role}
			if p.hasOthers, err = s.hasOthers(ctx, caller); err != nil {
				return p, false, err
			}
		}
		p.courses, err = s.listCourses(ctx, r.Filter, caller, r.After, r.Limit)
		return p, true, err
	}
	return cache.NewInvalidated(anyCourse{signals}, outline.Topic, load).
		LimitCost(maxPageBytes, sharedPage.size)
}

// listFromMemory returns a page that is put together from a shared one and the caller's progress. isFound is false for
// a page that is the caller's own: administrators read every course, others may own courses or be enrolled in some
// that their role does not let them read. Searches are not kept either, as few are asked twice.
func (s *Service) listFromMemory(
	ctx context.Context, f filter, after *course.PagePosition, limit int,
) (page []course.ListedCourse, isFound bool, err error) {
	caller := identity.CallerFrom(ctx)
	if f.Q != "" || f.Status != course.Published || caller.HasRole(usersapi.RoleAdmin) {
		return nil, false, nil
	}
	key, err := json.Marshal(pageRequest{roleOf(caller), f, after, limit})
	if err != nil {
		return nil, false, err
	}
	shared, _, err := s.pages.Get(ctx, string(key))
	if err != nil || !caller.IsSignedIn() {
		return shared.courses, true, err
	}
	if shared.hasOthers {
		if hasOwn, err := s.store.canReadOthers(ctx, caller); err != nil || hasOwn {
			return nil, false, err
		}
	}
	page = slices.Clone(shared.courses)
	return page, true, s.store.fillProgress(ctx, page, caller.UserID)
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

package catalog

import (
	"context"

	"github.com/go-json-experiment/json"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/outline"
	"lyceum/platform/cache"
	"lyceum/platform/identity"
)

// maxPageRows bounds the memory of pages: all together have at most so many courses.
const maxPageRows = 20_000

// pageRequest is what a page of a list depends on for a caller who is not signed in.
type pageRequest struct {
	Filter filter
	After  *course.PagePosition
	Limit  int
}

// anyCourse tells of changes of any course with the empty key, as every page may show it.
type anyCourse struct{ cache.Signals }

// Subscribe implements cache.Signals.
func (a anyCourse) Subscribe(topic string, fn func(key string)) (cancel func()) {
	return a.Signals.Subscribe(topic, func(string) { fn("") })
}

// newPages returns a cache of the pages that everybody may see, by their request as JSON.
func newPages(s *store, signals cache.Signals) *cache.Invalidated[[]course.ListedCourse] {
	load := func(ctx context.Context, key string) ([]course.ListedCourse, bool, error) {
		var r pageRequest
		if err := json.Unmarshal([]byte(key), &r); err != nil {
			return nil, false, err
		}
		found, err := s.listCourses(ctx, r.Filter, identity.Caller{}, r.After, r.Limit)
		return found, true, err
	}
	return cache.NewInvalidated(anyCourse{signals}, outline.Topic, load).
		LimitCost(maxPageRows, func(page []course.ListedCourse) int { return 1 + len(page) })
}

// listForAnyone returns a page for a caller who is not signed in. The courses are shared with others and must not
// be changed. Searches are not kept, as few are asked twice.
func (s *Service) listForAnyone(
	ctx context.Context, f filter, after *course.PagePosition, limit int,
) ([]course.ListedCourse, error) {
	if f.Q != "" {
		return s.store.listCourses(ctx, f, identity.Caller{}, after, limit)
	}
	key, err := json.Marshal(pageRequest{f, after, limit})
	if err != nil {
		return nil, err
	}
	page, _, err := s.pages.Get(ctx, string(key))
	return page, err
}

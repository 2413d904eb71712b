package catalog

import (
	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/outline"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/broadcast"
	"lyceum/platform/cache"
	"lyceum/platform/clock"
	"lyceum/platform/db"
)

// Service reads courses and lessons for callers.
type Service struct {
	store    *store
	outlines *outline.Cache
	// pages are those of lists that all of a role may see. hidden says for a role whether there are courses that it
	// does not let read, keyPlaces which places use a file.
	pages     *cache.Invalidated[[]listedCourse]
	hidden    *cache.Invalidated[bool]
	keyPlaces *cache.Invalidated[[]keyPlace]
	access    *access.Service
	accounts  usersapi.Accounts
	clock     clock.Clock
}

// NewService returns the service.
func NewService(
	d *db.DB, b *broadcast.Bus, o *outline.Cache, a *access.Service, accounts usersapi.Accounts, c clock.Clock,
) *Service {
	s := &store{d}
	return &Service{
		store: s, outlines: o, pages: newPages(s, b), hidden: newHidden(s, b), keyPlaces: newKeyPlaces(s, b),
		access: a, accounts: accounts, clock: c,
	}
}

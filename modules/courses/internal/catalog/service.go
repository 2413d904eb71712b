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
	store     *store
	outlines  *outline.Cache
	pages     *cache.Invalidated[sharedPage]
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
		store: s, outlines: o, pages: newPages(s, b), keyPlaces: newKeyPlaces(s, b), access: a, accounts: accounts, clock: c,
	}
}

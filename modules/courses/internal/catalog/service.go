package catalog

import (
	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/outline"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
)

// Service reads courses and lessons for callers.
type Service struct {
	store    *store
	outlines *outline.Cache
	access   *access.Service
	accounts usersapi.Accounts
	clock    clock.Clock
}

// NewService returns the service.
func NewService(
	d *db.DB, o *outline.Cache, a *access.Service, accounts usersapi.Accounts, c clock.Clock,
) *Service {
	return &Service{store: &store{d}, outlines: o, access: a, accounts: accounts, clock: c}
}

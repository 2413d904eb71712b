package learning

import (
	"lyceum/modules/courses/internal/access"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
)

// Service enrolls accounts in courses and keeps their progress.
type Service struct {
	db       *db.DB
	store    *store
	access   *access.Service
	accounts usersapi.Accounts
	events   *events.Bus
	clock    clock.Clock
}

// NewService returns the service.
func NewService(
	d *db.DB, a *access.Service, accounts usersapi.Accounts, bus *events.Bus, c clock.Clock,
) *Service {
	return &Service{db: d, store: &store{d}, access: a, accounts: accounts, events: bus, clock: c}
}

package learning

import (
	"lyceum/modules/courses/internal/access"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/batching"
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
	// reports are written together if they arrive together.
	reports *batching.Group[*learnerReport]
}

// NewService returns the service.
func NewService(
	d *db.DB, a *access.Service, accounts usersapi.Accounts, bus *events.Bus, c clock.Clock,
) *Service {
	s := &Service{db: d, store: &store{d}, access: a, accounts: accounts, events: bus, clock: c}
	s.reports = batching.NewGroup(s.writeBatch)
	return s
}

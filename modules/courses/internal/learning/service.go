package learning

import (
	lru "github.com/hashicorp/golang-lru/v2"

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
	// lastReports has the last report about each lesson of a learner that this replica has answered.
	lastReports *lru.Cache[reportSubject, report]
}

// NewService returns the service.
func NewService(
	d *db.DB, a *access.Service, accounts usersapi.Accounts, bus *events.Bus, c clock.Clock,
) *Service {
	s := &Service{db: d, store: &store{d}, access: a, accounts: accounts, events: bus, clock: c}
	s.reports = batching.NewGroup(s.writeBatch)
	var err error
	if s.lastReports, err = lru.New[reportSubject, report](maxLastReports); err != nil {
		panic(err) // only for a size below one
	}
	return s
}

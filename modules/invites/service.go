package invites

import (
	"context"

	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/mail/mailapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/keyset"
	"lyceum/platform/limit"
)

// Service creates, revokes and redeems invites. It is safe for concurrent use.
type Service struct {
	db       *db.DB
	store    *store
	accounts usersapi.Accounts
	verifier usersapi.AddressVerifier
	roles    usersapi.Roles
	// courses is nil without module courses. Invites then carry no courses.
	courses coursesapi.Enroller
	events  *events.Bus
	mailer  mailapi.Mailer
	clock   clock.Clock
	// codeKey is the key of the hashes of codes.
	codeKey []byte
	limiter *limit.Limiter
	// refusals is the budget of refused codes of an account.
	refusals limit.Budget
}

// Params are what a Service is made of.
type Params struct {
	fx.In
	DB       *db.DB
	Store    *store
	Accounts usersapi.Accounts
	Verifier usersapi.AddressVerifier
	Roles    usersapi.Roles
	Courses  coursesapi.Enroller `optional:"true"`
	Events   *events.Bus
	Mailer   mailapi.Mailer
	Clock    clock.Clock
	Keys     *keyring.Keys
	Limiter  *limit.Limiter
	Config   *Config
}

func newService(p Params) *Service {
	return &Service{
		db: p.DB, store: p.Store, accounts: p.Accounts, verifier: p.Verifier, roles: p.Roles, courses: p.Courses,
		events: p.Events, mailer: p.Mailer, clock: p.Clock, codeKey: p.Keys.DeriveKey("invite codes"),
		limiter: p.Limiter, refusals: limit.Budget{Name: "redeem", Rate: p.Config.LimitRedeem},
	}
}

// listInvites returns at most limit invites after a position, the newest first. f asks for the
// status at the time now. A batch that is not an id has no invites.
func (s *Service) listInvites(
	ctx context.Context, f listFilter, now clock.Time, after *keyset.Position, limit int,
) ([]invite, error) {
	if f.BatchID != "" && !ids.IsValid(f.BatchID) {
		return []invite{}, nil
	}
	return s.store.list(ctx, f, now, after, limit)
}

// getInvite returns an invite, or errNoInvite.
func (s *Service) getInvite(ctx context.Context, id string) (*invite, error) {
	if !ids.IsValid(id) {
		return nil, errNoInvite
	}
	i, err := s.store.findByID(ctx, id)
	if db.IsNotFound(err) {
		return nil, errNoInvite
	}
	return i, err
}

// requireAdmin returns a forbidden error unless the caller is an active administrator, and keeps
// that so until the commit. An invite of an administrator who is demoted at the same time must not
// come after theirs were revoked.
func (s *Service) requireAdmin(ctx context.Context) error {
	caller, known, err := s.roles.LockAccount(ctx, identity.CallerFrom(ctx).UserID)
	if err != nil {
		return err
	}
	if !known || !mayGrant(caller) {
		return apperr.Forbidden("This needs the role admin.")
	}
	return nil
}

// mayGrant reports whether the invites of an account hold: only an active administrator grants
// roles.
func mayGrant(inviter usersapi.Account) bool {
	return inviter.Active && inviter.Role.IsAtLeast(usersapi.RoleAdmin)
}

// inviterMayGrant reports whether the account that created an invite may still grant roles.
func (s *Service) inviterMayGrant(ctx context.Context, i *invite) (bool, error) {
	inviter, known, err := s.accounts.ByID(ctx, i.CreatedBy)
	return known && mayGrant(inviter), err
}

// coursesOf returns the courses of an invite that still exist and take learners in, by their order
// in the invite.
func (s *Service) coursesOf(ctx context.Context, i *invite) (courses []coursesapi.Course, err error) {
	courseIDs := i.courseIDs()
	if s.courses == nil || len(courseIDs) == 0 {
		return []coursesapi.Course{}, nil
	}
	known, err := s.courses.Courses(ctx, courseIDs)
	for _, id := range courseIDs {
		if c, ok := known[id]; ok && !c.Archived {
			courses = append(courses, c)
		}
	}
	return courses, err
}

// publishEntry publishes an audit entry about an invite.
func (s *Service) publishEntry(ctx context.Context, action, inviteID string, data map[string]any) error {
	return s.events.Publish(ctx, auditapi.Entry{Action: action, TargetType: "invite", TargetID: inviteID, Data: data})
}

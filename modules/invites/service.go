package invites

import (
	"context"
	"encoding/json"

	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/mail/mailapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/keyset"
	"lyceum/platform/limit"
)

// Service makes, revokes and redeems invites.
type Service struct {
	db       *db.DB
	store    *store
	accounts usersapi.Accounts
	verifier usersapi.AddressVerifier
	roles    usersapi.Roles
	courses  coursesapi.Enroller
	events   *events.Bus
	mailer   mailapi.Mailer
	clock    clock.Clock
	key      []byte
	limiter  *limit.Limiter
	guesses  limit.Budget
}

// Params are what a Service is made of.
type Params struct {
	fx.In
	DB       *db.DB
	Store    *store
	Accounts usersapi.Accounts
	Verifier usersapi.AddressVerifier
	Roles    usersapi.Roles
	// Courses enrolls; without the module courses invites carry no courses.
	Courses coursesapi.Enroller `optional:"true"`
	Events  *events.Bus
	Mailer  mailapi.Mailer
	Clock   clock.Clock
	Keys    *keyring.Keys
	Limiter *limit.Limiter
	Config  *Config
}

func newService(p Params) *Service {
	return &Service{
		db: p.DB, store: p.Store, accounts: p.Accounts, verifier: p.Verifier, roles: p.Roles, courses: p.Courses, events: p.Events, mailer: p.Mailer,
		clock: p.Clock, key: p.Keys.DeriveKey("invite codes"), limiter: p.Limiter,
		guesses: limit.Budget{Name: "redeem", Rate: p.Config.LimitRedeem},
	}
}

// listInvites returns one page of the invites that f lets through, the newest first. The status that f asks for is the one
// at the time now. A batch that is not an id has no invites.
func (s *Service) listInvites(ctx context.Context, f filter, now clock.Time, after *keyset.Position, limit int) ([]invite, error) {
	if f.BatchID != "" && !ids.IsValid(f.BatchID) {
		return nil, nil
	}
	return s.store.list(ctx, f, now, after, limit)
}

// getInvite returns an invite, or 404 if there is none with the id.
func (s *Service) getInvite(ctx context.Context, id string) (*invite, error) {
	if !ids.IsValid(id) {
		return nil, errMissing
	}
	i, err := s.store.byID(ctx, id)
	if db.IsNotFound(err) {
		return nil, errMissing
	}
	return i, err
}

// made is a new invite with its code, which is never shown again.
type made struct {
	*invite
	Code string
}

// draft makes an invite of the caller's that is not stored yet.
func (s *Service) draft(ctx context.Context, g grant, now clock.Time) made {
	code := newCode()
	courses, _ := json.Marshal(g.CourseIDs) // a list of strings
	return made{&invite{ID: ids.New(), CodeHash: hashOf(s.key, code), CodePrefix: code[:prefixSize], RoleToGrant: g.Role, Note: g.Note, MaxUses: 1,
		ExpiresAt: g.ExpiresAt, CreatedBy: identity.CallerFrom(ctx).UserID, CreatedAt: now, CourseIDs: string(courses)}, code}
}

// keep stores new invites with an entry for each, and mails the codes of those that are for an address.
func (s *Service) keep(ctx context.Context, courses string, all ...made) error {
	rows := make([]*invite, len(all))
	var mails []mailapi.Mail
	for n, m := range all {
		rows[n] = m.invite
		if m.Email != nil {
			mails = append(mails, s.mailOf(m, courses))
		}
	}
	if err := s.store.insert(ctx, rows); err != nil {
		return err
	}
	for _, m := range all {
		if err := s.record(ctx, "invite.created", m.ID, m.said()); err != nil {
			return err
		}
	}
	return s.mailer.Queue(ctx, mails...)
}

// said is what the audit log says of a new invite.
func (i *invite) said() map[string]any {
	data := map[string]any{"role": i.RoleToGrant, "max_uses": i.MaxUses}
	if courses := i.courses(); len(courses) > 0 {
		data["course_ids"] = courses
	}
	if i.BatchID != nil {
		data["batch_id"] = *i.BatchID
	}
	return data
}

func (s *Service) mailOf(m made, courses string) mailapi.Mail {
	until := ""
	if m.ExpiresAt != nil {
		until = m.ExpiresAt.StdTime().Format("2 January 2006, 15:04 UTC")
	}
	return mailapi.Mail{Kind: "invite", To: *m.Email, Data: map[string]any{
		"Code": m.Code, "Role": string(m.RoleToGrant), "Courses": courses, "Link": s.mailer.Link("/join", "code", m.Code), "ExpiresAt": until,
	}}
}

func (s *Service) record(ctx context.Context, action, id string, data map[string]any) error {
	return s.events.Publish(ctx, auditapi.Entry{Action: action, TargetType: "invite", TargetID: id, Data: data})
}

package notifications

import (
	"context"
	"fmt"

	"go.uber.org/fx"

	"lyceum/modules/chat/chatapi"
	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/mail/mailapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/keyset"
)

// Service tells people of what happened.
type Service struct {
	db       *db.DB
	store    *store
	accounts usersapi.Accounts
	// courses and pusher are nil where their modules are off.
	courses   coursesapi.Reader
	pusher    chatapi.Pusher
	events    *events.Bus
	mailer    mailapi.Mailer
	clock     clock.Clock
	publicURL string
	// key seals the tokens of unsubscribe links.
	key []byte
}

type needs struct {
	fx.In
	DB       *db.DB
	Store    *store
	Accounts usersapi.Accounts
	Courses  coursesapi.Reader `optional:"true"`
	Pusher   chatapi.Pusher    `optional:"true"`
	Events   *events.Bus
	Mailer   mailapi.Mailer
	Clock    clock.Clock
	Config   *config.Config
	Keys     *keyring.Keys
}

func newService(n needs) *Service {
	return &Service{n.DB, n.Store, n.Accounts, n.Courses, n.Pusher, n.Events, n.Mailer, n.Clock, n.Config.PublicURL, n.Keys.DeriveKey("unsubscribe links")}
}

var errMissing = apperr.NotFound("There is no such notification.")

// listNotifications returns one page of the caller's notifications, the newest first; only those that are unread when
// unread is set.
func (s *Service) listNotifications(ctx context.Context, unread bool, after *keyset.Position, limit int) ([]notification, error) {
	return s.store.list(ctx, identity.CallerFrom(ctx).UserID, unread, after, limit)
}

// countUnread returns how many of the caller's notifications are unread.
func (s *Service) countUnread(ctx context.Context) (int64, error) {
	return s.store.unread(ctx, identity.CallerFrom(ctx).UserID)
}

// read marks one of the caller's as read; again is fine.
func (s *Service) read(ctx context.Context, id string) error {
	if !ids.IsValid(id) {
		return errMissing
	}
	found, err := s.store.read(ctx, identity.CallerFrom(ctx).UserID, id, s.clock.Now())
	if err == nil && !found {
		return errMissing
	}
	return err
}

// readAll marks all of the caller's notifications as read.
func (s *Service) readAll(ctx context.Context) error {
	return s.store.readAll(ctx, identity.CallerFrom(ctx).UserID, s.clock.Now())
}

// preferences gives one line for each kind, chosen or standard.
func (s *Service) preferences(ctx context.Context) ([]preference, error) {
	userID := identity.CallerFrom(ctx).UserID
	chosen, err := s.store.preferencesOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	out := make([]preference, len(kinds))
	for i, k := range kinds {
		p, ok := chosen[k.name]
		if !ok {
			p = k.standard(userID)
		}
		p.Email = k.mails(p)
		out[i] = p
	}
	return out, nil
}

// mails says whether a person with this preference gets a mail of the kind.
func (k kind) mails(p preference) bool { return k.template != "" && (k.locked || p.Email) }

// choose sets the kinds that are named and leaves the others. Nothing is set when one is refused:
// an unknown kind, one named twice, a locked mail switched off, a mail that does not exist.
func (s *Service) choose(ctx context.Context, chosen []preference) error {
	if err := checkChoices(chosen); err != nil {
		return err
	}
	for i := range chosen {
		chosen[i].UserID = identity.CallerFrom(ctx).UserID
	}
	return s.store.choose(ctx, chosen)
}

// checkChoices returns 422 that names each choice which is refused.
func checkChoices(chosen []preference) error {
	seen := map[string]bool{}
	var broken []apperr.Field
	for i := range chosen {
		if fault := checkChoice(chosen[i], seen); fault != "" {
			broken = append(broken, apperr.Field{Location: fmt.Sprintf("items[%d]", i), Message: fault})
		}
	}
	if len(broken) > 0 {
		return apperr.InvalidFields(broken...)
	}
	return nil
}

func checkChoice(p preference, seen map[string]bool) string {
	k, known := kindOf(p.Kind)
	twice := seen[p.Kind]
	seen[p.Kind] = true
	switch {
	case !known || k.name == welcome:
		return "there is no such kind"
	case twice:
		return "the kind is named twice"
	case k.locked && !p.Email:
		return "this mail can't be switched off"
	case k.template == "" && p.Email:
		return "there is no mail of this kind"
	}
	return ""
}

package notifications

import (
	"context"
	"fmt"
	"time"

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

// Service tells accounts of events and keeps what they have chosen. It is safe for concurrent use.
type Service struct {
	db       *db.DB
	store    *store
	accounts usersapi.Accounts
	// courses and pusher are nil if their modules are disabled.
	courses   coursesapi.Reader
	pusher    chatapi.Pusher
	events    *events.Bus
	mailer    mailapi.Mailer
	clock     clock.Clock
	publicURL string
	// unsubscribeKey seals the tokens of unsubscribe links.
	unsubscribeKey []byte
	// retention is how long a notification is kept. Zero means for ever.
	retention time.Duration
}

// Params are the dependencies of newService.
type Params struct {
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
	Settings *Config
	Keys     *keyring.Keys
}

func newService(p Params) *Service {
	return &Service{
		db: p.DB, store: p.Store, accounts: p.Accounts, courses: p.Courses, pusher: p.Pusher, events: p.Events,
		mailer: p.Mailer, clock: p.Clock, publicURL: p.Config.PublicURL,
		unsubscribeKey: p.Keys.DeriveKey("unsubscribe links"), retention: p.Settings.Retention,
	}
}

var errNoNotification = apperr.NotFound("There is no such notification.")

// listNotifications returns one page of the caller's notifications, the newest first; only those
// that are unread when unread is set.
func (s *Service) listNotifications(
	ctx context.Context, unread bool, after *keyset.Position, limit int,
) ([]notification, error) {
	return s.store.list(ctx, identity.CallerFrom(ctx).UserID, unread, after, limit)
}

// countUnread returns how many of the caller's notifications are unread.
func (s *Service) countUnread(ctx context.Context) (int64, error) {
	return s.store.countUnread(ctx, identity.CallerFrom(ctx).UserID)
}

// markRead marks a notification of the caller as read. A read one stays read. It returns
// errNoNotification for an id of another account.
func (s *Service) markRead(ctx context.Context, id string) error {
	if !ids.IsValid(id) {
		return errNoNotification
	}
	found, err := s.store.markRead(ctx, identity.CallerFrom(ctx).UserID, id, s.clock.Now())
	if err == nil && !found {
		return errNoNotification
	}
	return err
}

// markAllRead marks all of the caller's notifications as read.
func (s *Service) markAllRead(ctx context.Context) error {
	return s.store.markAllRead(ctx, identity.CallerFrom(ctx).UserID, s.clock.Now())
}

// listPreferences returns the preference of the caller for each of kinds, in their order: what they
// chose, or else the default.
func (s *Service) listPreferences(ctx context.Context) ([]preference, error) {
	userID := identity.CallerFrom(ctx).UserID
	chosen, err := s.store.listPreferences(ctx, userID)
	if err != nil {
		return nil, err
	}
	out := make([]preference, len(kinds))
	for i, k := range kinds {
		p, ok := chosen[k.name]
		if !ok {
			p = k.defaultPreference(userID)
		}
		// What is stored may be older than the rule that the mail is mandatory, or than its template.
		p.Email = k.sendsMail(p)
		out[i] = p
	}
	return out, nil
}

// savePreferences stores preferences of the caller and leaves those for other kinds. It stores none
// and returns a validation error if one is refused; see checkPreference.
func (s *Service) savePreferences(ctx context.Context, chosen []preference) error {
	if err := checkPreferences(chosen); err != nil {
		return err
	}
	for i := range chosen {
		chosen[i].UserID = identity.CallerFrom(ctx).UserID
	}
	return s.store.savePreferences(ctx, chosen)
}

// checkPreferences returns a validation error that names each refused preference.
func checkPreferences(chosen []preference) error {
	seen := map[string]bool{}
	var broken []apperr.Field
	for i := range chosen {
		if fault := checkPreference(chosen[i], seen); fault != "" {
			broken = append(broken, apperr.Field{Location: fmt.Sprintf("items[%d]", i), Message: fault})
		}
	}
	if len(broken) > 0 {
		return apperr.InvalidFields(broken...)
	}
	return nil
}

// checkPreference returns why a preference is refused, or "": for an unknown kind, a kind that
// comes twice, a mandatory mail that is switched off, and a mail that does not exist. seen are the
// kinds before it; checkPreference adds its kind.
func checkPreference(p preference, seen map[string]bool) string {
	k, known := findKind(p.Kind)
	twice := seen[p.Kind]
	seen[p.Kind] = true
	switch {
	case !known || k.mailOnly:
		return "there is no such kind"
	case twice:
		return "the kind is named twice"
	case k.mandatory && !p.Email:
		return "this mail can't be switched off"
	case k.template == "" && p.Email:
		return "there is no mail of this kind"
	}
	return ""
}

package auth

import (
	"context"
	"log/slog"
	"time"

	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/mail/mailapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/lifecycle"
	"lyceum/platform/limit"
	"lyceum/platform/passwords"
	"lyceum/platform/tokens"
)

// Service creates and ends sessions, and changes what proves an account. It is safe for concurrent
// use.
type Service struct {
	db        *db.DB
	store     *store
	accounts  usersapi.Accounts
	registrar usersapi.Registrar
	deleter   usersapi.Deleter
	tokens    *tokens.Tokens
	refresh   refreshTokens
	hasher    *passwords.Hasher
	guard     guard
	events    *events.Bus
	broadcast *broadcast.Bus
	mailer    mailapi.Mailer
	clock     clock.Clock
	minLength int
	ttl       time.Duration
	// sealKey encrypts the secrets of second factors, which must be read again.
	sealKey []byte
}

// Params are what a Service is made of.
type Params struct {
	fx.In
	DB        *db.DB
	Store     *store
	Accounts  usersapi.Accounts
	Registrar usersapi.Registrar
	Deleter   usersapi.Deleter
	Tokens    *tokens.Tokens
	Keys      *keyring.Keys
	Hasher    *passwords.Hasher
	Events    *events.Bus
	Broadcast *broadcast.Bus
	Mailer    mailapi.Mailer
	Clock     clock.Clock
	Limiter   *limit.Limiter
	Config    *Config
}

func newService(p Params) *Service {
	return &Service{
		db: p.DB, store: p.Store, accounts: p.Accounts, registrar: p.Registrar, deleter: p.Deleter,
		tokens: p.Tokens, hasher: p.Hasher, events: p.Events,
		broadcast: p.Broadcast, mailer: p.Mailer, clock: p.Clock,
		refresh: refreshTokens{p.Keys.DeriveKey("refresh tokens")}, sealKey: p.Keys.DeriveKey("second factors"),
		guard: newGuard(p.Limiter, p.Keys, p.Config), minLength: p.Config.PasswordMinLength, ttl: p.Config.RefreshTokenTTL,
	}
}

// newSubscribers returns what the module does at the events that it hears.
func newSubscribers(s *Service) []events.Subscription {
	return []events.Subscription{
		events.SubscribeInTx("auth", s.onDisabled),
		events.SubscribeInTx("auth", s.onEmailReplaced),
		events.SubscribeDurable("auth", s.sendResetLink),
	}
}

// getCaller returns the account of the caller, or an invalid-token error if it was deleted this
// moment.
func (s *Service) getCaller(ctx context.Context) (usersapi.Account, error) {
	a, known, err := s.accounts.ByID(ctx, identity.CallerFrom(ctx).UserID)
	if err == nil && !known {
		err = apperr.InvalidToken()
	}
	return a, err
}

// idOrNone returns an id for queries: ids.None, which no row has, for an empty one. So an unknown
// address takes the same query as a known one.
func idOrNone(id string) string {
	if id == "" {
		return ids.None
	}
	return id
}

// firstError returns err, or otherwise if err is nil.
func firstError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// publishEntry publishes an audit entry.
func (s *Service) publishEntry(
	ctx context.Context, action, targetType, targetID, actorID string, data map[string]any,
) error {
	return s.events.Publish(ctx,
		auditapi.Entry{Action: action, TargetType: targetType, TargetID: targetID, ActorID: actorID, Data: data})
}

// sessionSource implements identity.Sessions. The authenticator asks it for every token that it has
// not cached.
type sessionSource struct {
	store *store
	clock clock.Clock
}

func newSessionSource(s *store, c clock.Clock) *sessionSource { return &sessionSource{s, c} }

// Session implements identity.Sessions: the account of a session, and whether the session is alive.
func (s *sessionSource) Session(ctx context.Context, id string) (string, bool, error) {
	se, err := s.store.findSession(ctx, id)
	if db.IsNotFound(err) {
		return "", false, nil
	}
	return se.UserID, err == nil && se.isAlive(s.clock.Now()), err
}

// Known reports whether an account has an address, in any spelling.
func (s *Service) Known(ctx context.Context, email string) (bool, error) {
	_, ok, err := s.accounts.ByEmail(ctx, email)
	return ok, err
}

// How long rows are stored after their end. Ended sessions tell which devices an account has used
// before. Failures of unknown addresses are only stored so that those look like accounts.
const (
	removalInterval     = time.Hour
	keepSessions        = 180 * 24 * time.Hour
	keepUnknownFailures = 30 * 24 * time.Hour
)

func newBackgrounds(s *Service) []lifecycle.Background {
	return []lifecycle.Background{{Name: "auth tidying", Run: s.removeExpired}}
}

// removeExpired deletes expired rows every removalInterval until ctx ends.
func (s *Service) removeExpired(ctx context.Context) {
	lifecycle.RunEvery(ctx, "auth tidying", removalInterval, func(ctx context.Context) {
		now := s.clock.Now()
		if err := s.store.deleteExpired(ctx, now, now.Add(-keepSessions), now.Add(-keepUnknownFailures)); err != nil && ctx.Err() == nil {
			slog.Warn("expired rows of auth were not removed", "error", err)
		}
	})
}

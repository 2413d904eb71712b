package chat

import (
	"context"
	"log/slog"
	"time"

	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/chat/internal/messages"
	"lyceum/modules/chat/internal/presence"
	"lyceum/modules/chat/internal/tickets"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/identity"
)

// Service manages channels and members. It checks access to a channel before it hands a question
// about messages or presence to the inner packages.
type Service struct {
	db        *db.DB
	store     *store
	access    *access
	messages  *messages.Service
	presence  *presence.Registry
	tickets   *tickets.Service
	accounts  usersapi.Accounts
	events    *events.Bus
	broadcast *broadcast.Bus
	clock     clock.Clock
}

// Params are the dependencies of a Service.
type Params struct {
	fx.In
	DB        *db.DB
	Store     *store
	Access    *access
	Messages  *messages.Service
	Presence  *presence.Registry
	Tickets   *tickets.Service
	Accounts  usersapi.Accounts
	Events    *events.Bus
	Broadcast *broadcast.Bus
	Clock     clock.Clock
}

// newService returns a Service. It starts nothing.
func newService(p Params) *Service {
	return &Service{
		db: p.DB, store: p.Store, access: p.Access, messages: p.Messages, presence: p.Presence, tickets: p.Tickets,
		accounts: p.Accounts, events: p.Events, broadcast: p.Broadcast, clock: p.Clock,
	}
}

// findChannel returns a channel by its slug. It returns 404 if there is none.
func (s *Service) findChannel(ctx context.Context, slug string) (*channel, error) {
	if !slugForm.MatchString(slug) {
		return nil, errNoChannel
	}
	c, err := s.store.channelBySlug(ctx, slug)
	if db.IsNotFound(err) {
		return nil, errNoChannel
	}
	return c, err
}

// findReadable returns a channel that the caller may read. It returns 404 if there is none and 403
// if the caller may not read it.
func (s *Service) findReadable(ctx context.Context, slug string) (*channel, error) {
	c, err := s.findChannel(ctx, slug)
	if err != nil {
		return nil, err
	}
	canRead, err := s.access.canRead(ctx, identity.CallerFrom(ctx), c)
	if err != nil {
		return nil, err
	}
	if !canRead {
		return nil, errNotReader
	}
	return c, nil
}

// findManaged returns a channel that the caller may change. It returns 404 if there is none and 403
// if the caller may not change it.
func (s *Service) findManaged(ctx context.Context, slug string) (*channel, error) {
	c, err := s.findChannel(ctx, slug)
	if err != nil {
		return nil, err
	}
	if !c.isManagedBy(identity.CallerFrom(ctx)) {
		return nil, errNotManager
	}
	return c, nil
}

// postMessage stores a message of the caller. It returns 404 if the channel does not exist, 403 if
// the caller may not read it, and the errors of messages.Service.Post.
func (s *Service) postMessage(ctx context.Context, slug string, n messages.NewMessage) (messages.Posted, error) {
	c, err := s.findReadable(ctx, slug)
	if err != nil {
		return messages.Posted{}, err
	}
	return s.messages.Post(ctx, s.access.channelForMessages(c), n)
}

// editMessage replaces the body of a message. It returns 404 if the channel does not exist, 403 if
// the caller may not read it, and the errors of messages.Service.Edit.
func (s *Service) editMessage(ctx context.Context, slug, id, body string) (*messages.Message, error) {
	c, err := s.findReadable(ctx, slug)
	if err != nil {
		return nil, err
	}
	return s.messages.Edit(ctx, s.access.channelForMessages(c), id, body)
}

// deleteMessage leaves a tombstone in place of a message. It returns 404 if the channel does not
// exist, 403 if the caller may not read it, and the errors of messages.Service.Delete.
func (s *Service) deleteMessage(ctx context.Context, slug, id string) error {
	c, err := s.findReadable(ctx, slug)
	if err != nil {
		return err
	}
	return s.messages.Delete(ctx, s.access.channelForMessages(c), id)
}

// listMessages returns at most limit messages of a span of a channel. It returns 404 if the channel
// does not exist and 403 if the caller may not read it.
func (s *Service) listMessages(
	ctx context.Context, slug string, span messages.Span, limit int,
) ([]messages.Message, error) {
	c, err := s.findReadable(ctx, slug)
	if err != nil {
		return nil, err
	}
	return s.messages.ListSpan(ctx, c.ID, span, limit)
}

// listPresent returns the accounts that are present in a channel on any replica, the earliest
// first. It returns 404 if the channel does not exist and 403 if the caller may not read it.
func (s *Service) listPresent(ctx context.Context, slug string) ([]presence.Entry, error) {
	c, err := s.findReadable(ctx, slug)
	if err != nil {
		return nil, err
	}
	return s.presence.List(ctx, c.ID)
}

// loadPeople returns the display names of accounts by their ids. Deleted accounts have
// usersapi.DeletedName. The module users keeps names in memory and is the only cache of them; chat
// had one of its own, and measured no faster.
func (s *Service) loadPeople(ctx context.Context, accountIDs []string) (map[string]usersapi.Person, error) {
	return usersapi.Persons(ctx, s.accounts, accountIDs)
}

// loadPerson is loadPeople for one account.
func (s *Service) loadPerson(ctx context.Context, accountID string) (usersapi.Person, error) {
	people, err := s.loadPeople(ctx, []string{accountID})
	return people[accountID], err
}

// auditChannel writes an audit entry about a channel in the caller's transaction.
func (s *Service) auditChannel(ctx context.Context, action, channelID string, data map[string]any) error {
	entry := auditapi.Entry{Action: action, TargetType: "channel", TargetID: channelID, Data: data}
	return s.events.Publish(ctx, entry)
}

// signalChannelChanged makes every replica load the channel again, after the commit.
func (s *Service) signalChannelChanged(ctx context.Context, channelID string) {
	db.AfterCommitAttempt(ctx, func() { s.broadcast.SendSignal(topicChannel, channelID) })
}

// signalAccessChanged makes every replica ask again for a right, after the commit. The empty key
// stands for all rights.
func (s *Service) signalAccessChanged(ctx context.Context, key string) {
	db.AfterCommitAttempt(ctx, func() { s.broadcast.SendSignal(topicAccess, key) })
}

// signalAccountErased makes every replica load all rights and channels again, after the commit.
// Which ones the erased account had is no longer known, and may be many.
func (s *Service) signalAccountErased(ctx context.Context) {
	s.signalAccessChanged(ctx, "")
	s.signalChannelChanged(ctx, "")
}

// deletedChannelLife is how long the messages of a deleted channel stay in the database, so that a
// channel that was deleted by mistake can be restored by hand.
const deletedChannelLife = 24 * time.Hour

// cleanUpOrLog is cleanUp with the error logged. The next run tries again.
func (s *Service) cleanUpOrLog(ctx context.Context) {
	if err := s.cleanUp(ctx); err != nil && ctx.Err() == nil {
		slog.Warn("chat: old rows stay for now", "error", err)
	}
}

// cleanUp deletes expired tickets, dead replicas, and channels that were deleted a day ago. Each
// transaction deletes a bounded number of rows.
func (s *Service) cleanUp(ctx context.Context) error {
	if err := s.tickets.DeleteExpired(ctx); err != nil {
		return err
	}
	if err := s.presence.RemoveDeadReplicas(ctx); err != nil {
		return err
	}
	before := s.clock.Now().Add(-deletedChannelLife)
	for hasMore := true; hasMore; {
		err := s.db.InTx(ctx, func(ctx context.Context) (err error) {
			hasMore, err = s.store.purgeDeleted(ctx, before)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

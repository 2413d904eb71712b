package messages

import (
	"context"

	"go.uber.org/fx"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/lifecycle"
	"lyceum/platform/limit"
)

// Topics of the signals that wake the feeds of a channel on all replicas. The key is the channel's
// id.
const (
	// TopicMessages says that messages were added.
	TopicMessages = "chat.messages"
	// TopicChanges says that messages were edited or deleted.
	TopicChanges = "chat.changes"
)

// Service posts, edits, deletes and lists messages. Its callers check access to the channel first.
type Service struct {
	db        *db.DB
	store     *store
	accounts  usersapi.Accounts
	events    *events.Bus
	broadcast *broadcast.Bus
	clock     clock.Clock
	queue     *commitQueue
	// appendListeners are set before the first message is posted.
	appendListeners []func(Appended)
	limiter         *limit.Limiter
	budget          limit.Budget
}

// Params are the dependencies of a Service.
type Params struct {
	fx.In
	DB        *db.DB
	Accounts  usersapi.Accounts
	Events    *events.Bus
	Broadcast *broadcast.Bus
	Clock     clock.Clock
	Limiter   *limit.Limiter
	Config    *Config
}

// NewService returns a Service.
func NewService(p Params) *Service {
	s := &Service{
		db: p.DB, store: &store{p.DB}, accounts: p.Accounts, events: p.Events, broadcast: p.Broadcast, clock: p.Clock,
		limiter: p.Limiter, budget: limit.Budget{Name: "chat", Rate: p.Config.LimitMessages},
	}
	s.queue = newCommitQueue(s.Append)
	return s
}

// OnAppended makes fn learn of the messages that this replica appends to a channel. Those of one
// channel come in their order and before Post returns. Messages whose group took more than one
// statement do not come: for them there is only the signal TopicMessages. fn must not wait and not
// change the messages. OnAppended may only be called while the program is put together.
func (s *Service) OnAppended(fn func(Appended)) { s.appendListeners = append(s.appendListeners, fn) }

// WaitAtStop returns the background that waits, at the stop, for the commits under way.
func (s *Service) WaitAtStop() lifecycle.Background {
	return s.queue.commits.WaitAtStop("chat commits")
}

// ListSpan returns at most limit messages of a span of a channel.
func (s *Service) ListSpan(ctx context.Context, channelID string, span Span, limit int) ([]Message, error) {
	return s.store.listSpan(ctx, channelID, span, limit)
}

// ListAfter returns at most limit messages after the number seq, in ascending order.
func (s *Service) ListAfter(ctx context.Context, channelID string, seq int64, limit int) ([]Message, error) {
	return s.store.listAfter(ctx, channelID, seq, limit)
}

// ListChanged returns at most limit messages of a range of changes, in the order of their newest
// changes.
func (s *Service) ListChanged(ctx context.Context, channelID string, r ChangeRange, limit int) ([]Message, error) {
	return s.store.listChanged(ctx, channelID, r, limit)
}

// DescribeOlderChanges describes the messages of a range of changes without the newest kept ones.
func (s *Service) DescribeOlderChanges(
	ctx context.Context, channelID string, r ChangeRange, kept int,
) (OlderChanges, error) {
	return s.store.describeOlderChanges(ctx, channelID, r, kept)
}

// ListHeads returns how far channels are, in any order. A deleted channel is listed for a day more,
// until its row is purged; other unknown ids are left out.
func (s *Service) ListHeads(ctx context.Context, channelIDs []string) ([]Head, error) {
	return s.store.listHeads(ctx, channelIDs)
}

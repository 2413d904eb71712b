package live

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"go.uber.org/fx"

	"lyceum/modules/chat/internal/messages"
	"lyceum/modules/chat/internal/presence"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/broadcast"
	"lyceum/platform/clock"
	"lyceum/platform/lifecycle"
	"lyceum/platform/ws"
)

// Topics of signals between replicas.
const (
	// TopicTyping has the key "<channel id> <account id>".
	TopicTyping = "chat.typing"
	// topicPush has the key "<account id> <JSON object>".
	topicPush = "chat.push"
)

// pollInterval is how soon a feed looks at the database without a signal.
const pollInterval = time.Second

// Registry holds the feeds of the channels that have sockets on this replica.
type Registry struct {
	source   Source
	channels Channels
	presence Presence
	// accounts returns display names. The module users keeps them in memory, so a batch of messages
	// costs no query.
	accounts  usersapi.Accounts
	broadcast *broadcast.Bus
	hub       *ws.Hub
	clock     clock.Clock

	mu    sync.Mutex
	feeds map[string]*channelFeed
}

// Params are the dependencies of a Registry.
type Params struct {
	fx.In
	Source    Source
	Channels  Channels
	Presence  Presence
	Accounts  usersapi.Accounts
	Broadcast *broadcast.Bus
	Hub       *ws.Hub
	Clock     clock.Clock
}

// NewRegistry returns a Registry that listens to the signals of all replicas. Its caller runs Run.
func NewRegistry(p Params) *Registry {
	r := &Registry{
		source: p.Source, channels: p.Channels, presence: p.Presence, accounts: p.Accounts, broadcast: p.Broadcast,
		hub: p.Hub, clock: p.Clock, feeds: map[string]*channelFeed{},
	}
	p.Broadcast.Subscribe(messages.TopicMessages, func(id string) { r.eachFeed(id, (*channelFeed).wakeUp) })
	p.Broadcast.Subscribe(messages.TopicChanges, func(id string) { r.eachFeed(id, (*channelFeed).wakeForChanges) })
	p.Broadcast.Subscribe(presence.Topic, func(id string) { r.eachFeed(id, (*channelFeed).wakeForPresence) })
	p.Broadcast.Subscribe(TopicTyping, r.onTyping)
	p.Broadcast.Subscribe(topicPush, r.onPush)
	return r
}

// Run polls until ctx ends.
func (r *Registry) Run(ctx context.Context) {
	lifecycle.RunEvery(ctx, "chat poll", pollInterval, r.poll)
}

// poll wakes the feeds that are behind the database. One query serves all of them.
func (r *Registry) poll(ctx context.Context) {
	channelIDs := r.listChannelIDs()
	if len(channelIDs) == 0 {
		return
	}
	heads, err := withTimeout(ctx, func(ctx context.Context) ([]messages.Head, error) {
		return r.source.ListHeads(ctx, channelIDs)
	})
	if err != nil {
		slog.Debug("chat: could not poll", "error", err)
		return
	}
	for _, h := range heads {
		r.eachFeed(h.ID, func(f *channelFeed) { f.wakeIfBehind(h) })
	}
}

// listChannelIDs returns the channels that have a feed.
func (r *Registry) listChannelIDs() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	channelIDs := make([]string, 0, len(r.feeds))
	for id := range r.feeds {
		channelIDs = append(channelIDs, id)
	}
	return channelIDs
}

// eachFeed calls fn for the feed of a channel. The empty id stands for all feeds: it comes when signals
// were lost, and nobody knows for which channels.
func (r *Registry) eachFeed(channelID string, fn func(*channelFeed)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if channelID != "" {
		if f := r.feeds[channelID]; f != nil {
			fn(f)
		}
		return
	}
	for _, f := range r.feeds {
		fn(f)
	}
}

// acquireFeed returns the feed of a channel for one more session. A new feed has delivered everything
// up to h. The caller releases it with releaseFeed.
func (r *Registry) acquireFeed(slug string, h messages.Head) *channelFeed {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.feeds[h.ID]
	if f == nil {
		f = newChannelFeed(r, slug, h)
		r.feeds[h.ID] = f
		go f.run()
	}
	f.users++
	return f
}

// releaseFeed ends the feed when its last session releases it.
func (r *Registry) releaseFeed(f *channelFeed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.users--; f.users == 0 {
		delete(r.feeds, f.channelID)
		close(f.stop)
	}
}

// onTyping tells a feed that an account is typing.
func (r *Registry) onTyping(key string) {
	channelID, accountID, ok := strings.Cut(key, " ")
	if ok {
		r.eachFeed(channelID, func(f *channelFeed) { f.queueTyping(accountID) })
	}
}

// Push implements chatapi.Pusher.
func (r *Registry) Push(userID string, notification any) {
	raw, err := json.Marshal(notification)
	if err != nil {
		slog.Error("a notification can't be encoded", "error", err)
		return
	}
	r.broadcast.SendSignal(topicPush, userID+" "+string(raw))
}

// onPush sends a notification to the account's sockets on this replica.
func (r *Registry) onPush(key string) {
	accountID, raw, ok := strings.Cut(key, " ")
	if !ok {
		return
	}
	frame, err := encodeNotification(jsontext.Value(raw))
	if err != nil {
		slog.Error("a notification is no JSON object", "error", err)
		return
	}
	r.hub.SendToUser(accountID, frame)
}

// loadPerson returns the display name of an account.
func (r *Registry) loadPerson(ctx context.Context, accountID string) (usersapi.Person, error) {
	people, err := r.loadPeople(ctx, []string{accountID})
	return people[accountID], err
}

// loadPeople returns the display names of accounts by their ids.
func (r *Registry) loadPeople(ctx context.Context, accountIDs []string) (map[string]usersapi.Person, error) {
	return withTimeout(ctx, func(ctx context.Context) (map[string]usersapi.Person, error) {
		return usersapi.Persons(ctx, r.accounts, accountIDs)
	})
}

// withTimeout calls fn with the time that one read of the database may take.
func withTimeout[T any](ctx context.Context, fn func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return fn(ctx)
}

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

// Feeds holds the feeds of the channels that have sockets on this replica.
type Feeds struct {
	messages MessageReader
	channels ChannelActions
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

// Params are the dependencies of Feeds.
type Params struct {
	fx.In
	Messages  MessageReader
	Channels  ChannelActions
	Presence  Presence
	Accounts  usersapi.Accounts
	Broadcast *broadcast.Bus
	Hub       *ws.Hub
	Clock     clock.Clock
}

// NewFeeds returns Feeds that listens to the signals of all replicas. Its caller runs Run.
func NewFeeds(p Params) *Feeds {
	fs := &Feeds{
		messages: p.Messages, channels: p.Channels, presence: p.Presence, accounts: p.Accounts, broadcast: p.Broadcast,
		hub: p.Hub, clock: p.Clock, feeds: map[string]*channelFeed{},
	}
	p.Messages.OnAppended(fs.offerAppended)
	p.Broadcast.Subscribe(messages.TopicMessages, func(id string) { fs.forFeeds(id, (*channelFeed).wakeUp) })
	p.Broadcast.Subscribe(messages.TopicChanges, func(id string) { fs.forFeeds(id, (*channelFeed).wakeForChanges) })
	p.Broadcast.Subscribe(presence.Topic, func(id string) { fs.forFeeds(id, (*channelFeed).wakeForPresence) })
	p.Broadcast.Subscribe(TopicTyping, fs.onTyping)
	p.Broadcast.Subscribe(topicPush, fs.onPush)
	return fs
}

// Run polls until ctx ends.
func (fs *Feeds) Run(ctx context.Context) {
	lifecycle.RunEvery(ctx, "chat poll", pollInterval, fs.poll)
}

// poll wakes the feeds that are behind the database. One query serves all of them.
func (fs *Feeds) poll(ctx context.Context) {
	channelIDs := fs.listChannelIDs()
	if len(channelIDs) == 0 {
		return
	}
	heads, err := withTimeout(ctx, func(ctx context.Context) ([]messages.Head, error) {
		return fs.messages.ListHeads(ctx, channelIDs)
	})
	if err != nil {
		slog.Debug("chat: could not poll", "error", err)
		return
	}
	for _, h := range heads {
		fs.forFeeds(h.ID, func(f *channelFeed) { f.wakeIfBehind(h) })
	}
}

// listChannelIDs returns the channels that have a feed.
func (fs *Feeds) listChannelIDs() []string {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	channelIDs := make([]string, 0, len(fs.feeds))
	for id := range fs.feeds {
		channelIDs = append(channelIDs, id)
	}
	return channelIDs
}

// forFeeds calls fn for the feed of a channel. The empty id stands for all feeds: it comes when
// signals were lost, and nobody knows for which channels.
func (fs *Feeds) forFeeds(channelID string, fn func(*channelFeed)) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if channelID != "" {
		if f := fs.feeds[channelID]; f != nil {
			fn(f)
		}
		return
	}
	for _, f := range fs.feeds {
		fn(f)
	}
}

// acquireFeed returns the feed of a channel for one more session. A new feed has delivered
// everything up to h. The caller releases it with releaseFeed.
func (fs *Feeds) acquireFeed(slug string, h messages.Head) *channelFeed {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := fs.feeds[h.ID]
	if f == nil {
		f = newChannelFeed(fs, slug, h)
		fs.feeds[h.ID] = f
		go f.run()
	}
	f.holders++
	return f
}

// releaseFeed ends the feed when its last session releases it.
func (fs *Feeds) releaseFeed(f *channelFeed) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f.holders--; f.holders == 0 {
		delete(fs.feeds, f.channelID)
		close(f.stop)
	}
}

// onTyping tells a feed that an account is typing.
func (fs *Feeds) onTyping(key string) {
	channelID, accountID, ok := strings.Cut(key, " ")
	if ok {
		fs.forFeeds(channelID, func(f *channelFeed) { f.queueTyping(accountID) })
	}
}

// Push implements chatapi.Pusher: a notification goes to all sockets of an account, in whatever
// channel. It is here because Feeds hears the signals of the other replicas and has the hub with
// their sockets.
func (fs *Feeds) Push(userID string, notification any) {
	raw, err := json.Marshal(notification)
	if err != nil {
		slog.Error("a notification can't be encoded", "error", err)
		return
	}
	fs.broadcast.SendSignal(topicPush, userID+" "+string(raw))
}

// onPush sends a notification to the account's sockets on this replica.
func (fs *Feeds) onPush(key string) {
	accountID, raw, ok := strings.Cut(key, " ")
	if !ok {
		return
	}
	frame, err := encodeNotification(jsontext.Value(raw))
	if err != nil {
		slog.Error("a notification is no JSON object", "error", err)
		return
	}
	fs.hub.SendToUser(accountID, frame)
}

// loadPerson returns the display name of an account.
func (fs *Feeds) loadPerson(ctx context.Context, accountID string) (usersapi.Person, error) {
	people, err := fs.loadPeople(ctx, []string{accountID})
	return people[accountID], err
}

// loadPeople returns the display names of accounts by their ids.
func (fs *Feeds) loadPeople(ctx context.Context, accountIDs []string) (map[string]usersapi.Person, error) {
	return withTimeout(ctx, func(ctx context.Context) (map[string]usersapi.Person, error) {
		return usersapi.Persons(ctx, fs.accounts, accountIDs)
	})
}

// withTimeout calls fn with the time that one read of the database may take.
func withTimeout[T any](ctx context.Context, fn func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return fn(ctx)
}

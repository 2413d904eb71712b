package live

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"lyceum/modules/chat/internal/messages"
	"lyceum/platform/clock"
)

// Sizes and times of a feed.
const (
	// batchSize is how many messages are read and sent at once: far less than the queue of a socket holds.
	batchSize = 64
	// readTimeout bounds one read of the database.
	readTimeout = 2500 * time.Millisecond
	// retryDelay is how long a feed waits after an error before it looks again.
	retryDelay = 500 * time.Millisecond
	// readerPause is how long the next batch may wait for sockets that are behind.
	readerPause = 25 * time.Millisecond
	// presenceInterval is how soon a feed notices accounts whose replica died.
	presenceInterval = 3 * time.Second
	// presenceDelay gathers those who come and go together.
	presenceDelay = 150 * time.Millisecond
	// maxTyping bounds the accounts whose typing is not announced yet.
	maxTyping = 32
)

// channelFeed delivers one channel to the sockets of this replica. One goroutine does it, so all sockets
// get everything in one order: the order of the database.
type channelFeed struct {
	channelID, slug string
	feeds           *Feeds
	openedAt        clock.Time
	// holders counts the sessions that hold the feed; Feeds.mu guards it.
	holders int
	wake    chan struct{}
	stop    chan struct{}
	// mustRead, hasChanges and hasPresence say what a wake-up is about: messages, changes and presence are to be read from
	// the database. A wake-up without any of them is about appended.
	mustRead    atomic.Bool
	hasChanges  atomic.Bool
	hasPresence atomic.Bool
	typing      chan string
	appended    appendedMessages

	// mu guards the cursors, which only the feed's goroutine writes, and the sessions.
	mu     sync.Mutex
	seq    int64
	change int64
	// newestChange is the newest change that the feed has delivered or that one of its sessions has had.
	newestChange int64
	sessions     map[*socketSession]struct{}

	// present holds the accounts that were present at presentAt. Only the feed's goroutine uses both.
	present   map[string]struct{}
	presentAt time.Time
}

// newChannelFeed returns a feed whose cursors stand at h.
func newChannelFeed(fs *Feeds, slug string, h messages.Head) *channelFeed {
	f := &channelFeed{
		channelID: h.ID, slug: slug, feeds: fs, openedAt: fs.clock.Now(),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), typing: make(chan string, maxTyping),
		seq: h.LastSeq, change: h.LastChange, newestChange: h.LastChange, sessions: map[*socketSession]struct{}{},
	}
	f.wakeUp()
	return f
}

// wakeUp makes the feed read messages. Several calls before it does are one.
func (f *channelFeed) wakeUp() {
	f.mustRead.Store(true)
	f.putWakeToken()
}

// putWakeToken makes the feed look what is to be done.
func (f *channelFeed) putWakeToken() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// wakeForChanges makes the feed look for edits and deletions, too.
func (f *channelFeed) wakeForChanges() {
	f.hasChanges.Store(true)
	f.wakeUp()
}

// wakeForPresence makes the feed look who is present, too.
func (f *channelFeed) wakeForPresence() {
	f.hasPresence.Store(true)
	f.wakeUp()
}

// wakeForAll makes the feed look for everything after a delay.
func (f *channelFeed) wakeForAll(delay time.Duration) {
	time.AfterFunc(delay, func() {
		f.hasPresence.Store(true)
		f.wakeForChanges()
	})
}

// wakeIfBehind makes the feed look if the database is further than its cursors.
func (f *channelFeed) wakeIfBehind(h messages.Head) {
	seq, change := f.cursors()
	if h.LastSeq > seq {
		f.wakeUp()
	}
	if h.LastChange > change {
		f.wakeForChanges()
	}
}

// queueTyping makes the feed announce that an account is typing. It drops the news if many are.
func (f *channelFeed) queueTyping(accountID string) {
	select {
	case f.typing <- accountID:
	default:
	}
}

// run serves wake-ups until the last session has released the feed. The loop is written out because the
// helpers of lifecycle wait for a time and not for one of several channels.
func (f *channelFeed) run() {
	for f.serveWakeup() {
	}
}

// serveWakeup waits for one wake-up and serves it. It returns false when the feed ends. After an error or
// a panic the feed goes on and looks again by itself.
func (f *channelFeed) serveWakeup() (goesOn bool) {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("the feed of a channel panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			f.wakeForAll(retryDelay)
			goesOn = true
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	select {
	case <-f.stop:
		return false
	case accountID := <-f.typing:
		f.sendTyping(ctx, accountID)
	case <-f.wake:
		if err := f.deliver(ctx); err != nil {
			slog.Warn("chat: could not deliver, will try again", "channel", f.channelID, "error", err)
			f.wakeForAll(retryDelay)
		}
	case <-time.After(presenceInterval):
		f.wakeForPresence()
	}
	return true
}

// deliver sends what is new: messages, then their changes, then who came and left.
func (f *channelFeed) deliver(ctx context.Context) error {
	if err := f.deliverMessages(ctx); err != nil {
		return err
	}
	if f.hasChanges.Swap(false) {
		if err := f.deliverChanges(ctx); err != nil {
			return err
		}
	}
	if f.hasPresence.Load() || time.Since(f.presentAt) > presenceInterval {
		return f.deliverPresence(ctx)
	}
	return nil
}

// addSession adds a session that was sent everything that the feed has delivered. It returns false if
// the session has to read on first.
func (f *channelFeed) addSession(s *socketSession) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.seq < f.seq || s.change < f.change {
		return false
	}
	f.sessions[s] = struct{}{}
	f.newestChange = max(f.newestChange, s.change)
	return true
}

// removeSession ends the delivery to a session. It may be called for one that never joined.
func (f *channelFeed) removeSession(s *socketSession) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.sessions, s)
}

// cursors returns the newest message and the newest change that were delivered.
func (f *channelFeed) cursors() (seq, change int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seq, f.change
}

// waitForReaders lets sockets catch up before the next batch, at most for readerPause. A socket that
// reads too slowly must not hold up the others; ws.Conn closes it when its queue is full.
func (f *channelFeed) waitForReaders() {
	for end := time.Now().Add(readerPause); f.hasSlowReader() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// hasSlowReader returns whether a socket has more than a batch in its queue.
func (f *channelFeed) hasSlowReader() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.sessions {
		if s.conn.CountQueued() > batchSize {
			return true
		}
	}
	return false
}

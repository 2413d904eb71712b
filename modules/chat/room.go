package chat

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/ws"
)

// Sizes and times of a room.
const (
	// roomBatch messages are read and sent at once: well under what a socket's queue holds.
	roomBatch = 64
	roomTime  = 2500 * time.Millisecond
	retryTime = 500 * time.Millisecond
	// breath is how long the next batch may wait for readers who are behind.
	breath = 25 * time.Millisecond
	// presenceEvery is how soon rooms notice people whose replica died.
	presenceEvery = 3 * time.Second
	// presenceDelay gathers those who come and go together.
	presenceDelay = 150 * time.Millisecond
	maxTyping     = 32
)

// room delivers one channel to the sockets of this replica, in one goroutine and so in one order.
// Woken, it reads what lies behind its cursors from the database; what woke it says no more than
// "look", so a wake-up may be lost, doubled or late.
type room struct {
	id, slug string
	rooms    *rooms
	opened   clock.Time
	// guests is guarded by rooms.mu.
	guests   int
	wake     chan struct{}
	stop     chan struct{}
	changes  atomic.Bool
	presence atomic.Bool
	typing   chan string

	mu     sync.Mutex
	seq    int64
	change int64
	subs   map[*subscriber]struct{}

	// here is who was in the channel when last looked at; only the room's goroutine uses it.
	here map[string]struct{}
	// looked is when that was.
	looked time.Time
}

func newRoom(r *rooms, slug string, h head) *room {
	o := &room{id: h.ID, slug: slug, rooms: r, opened: r.clock.Now(), wake: make(chan struct{}, 1), stop: make(chan struct{}),
		typing: make(chan string, maxTyping), seq: h.LastSeq, change: h.LastChange, subs: map[*subscriber]struct{}{}}
	poke(o.wake)
	return o
}

func (o *room) wakeChanges()  { o.changes.Store(true); poke(o.wake) }
func (o *room) wakePresence() { o.presence.Store(true); poke(o.wake) }

func (o *room) wakeTyping(user string) {
	select {
	case o.typing <- user:
	default: // so many are typing that one more says nothing
	}
}

// compare wakes the room if the database is further.
func (o *room) compare(h head) {
	o.mu.Lock()
	seq, change := o.seq, o.change
	o.mu.Unlock()
	if h.LastSeq > seq {
		poke(o.wake)
	}
	if h.LastChange > change {
		o.wakeChanges()
	}
}

// run serves wake-ups until the last guest has left. The loop is written out, as the lifecycle helpers
// wait for a time and not for one of several channels.
func (o *room) run() {
	for o.step() {
	}
}

// step waits for one wake-up and serves it; false once the last guest has left.
func (o *room) step() bool {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("panic in a room", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			o.later(retryTime)
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	select {
	case <-o.stop:
		return false
	case user := <-o.typing:
		o.tellTyping(ctx, user)
	case <-o.wake:
		if err := o.advance(ctx); err != nil {
			slog.Warn("chat: could not deliver, will try again", "channel", o.id, "error", err)
			o.later(retryTime)
		}
	case <-time.After(presenceEvery):
		o.wakePresence()
	}
	return true
}

func (o *room) later(d time.Duration) {
	time.AfterFunc(d, func() { o.changes.Store(true); o.presence.Store(true); poke(o.wake) })
}

// advance delivers what is new: messages, then changes of messages, then who came and went.
func (o *room) advance(ctx context.Context) error {
	if err := o.deliverMessages(ctx); err != nil {
		return err
	}
	if o.changes.Swap(false) {
		if err := o.deliverChanges(ctx); err != nil {
			return err
		}
	}
	if o.presence.Load() || time.Since(o.looked) > presenceEvery {
		return o.lookAround(ctx)
	}
	return nil
}

func (o *room) tellTyping(ctx context.Context, user string) {
	p, err := bounded(ctx, func(ctx context.Context) (usersapi.Person, error) { return o.rooms.people.person(ctx, user) })
	if err != nil {
		return // nothing worth trying again for
	}
	f := ws.EncodeFrame(typingFrame{"typing", p})
	o.mu.Lock()
	defer o.mu.Unlock()
	for s := range o.subs {
		if s.userID != user {
			s.conn.Send(f)
		}
	}
}

// admit adds a reader who has had everything that the room has delivered; false means that he has
// to read on first.
func (o *room) admit(s *subscriber) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s.seq < o.seq || s.change < o.change {
		return false
	}
	o.subs[s] = struct{}{}
	return true
}

// delivered and changed say how far the room is.
func (o *room) delivered() int64 { o.mu.Lock(); defer o.mu.Unlock(); return o.seq }
func (o *room) changed() int64   { o.mu.Lock(); defer o.mu.Unlock(); return o.change }

func (o *room) dismiss(s *subscriber) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.subs, s)
}

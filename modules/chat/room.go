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

func (o *room) deliverMessages(ctx context.Context) error {
	for {
		// Only this goroutine writes the cursors, so it reads them without the lock.
		rows, err := bounded(ctx, func(ctx context.Context) ([]message, error) { return o.rooms.store.after(ctx, o.id, o.seq, roomBatch) })
		if err != nil || len(rows) == 0 {
			return err
		}
		b, err := o.encode(ctx, rows)
		if err != nil {
			return err
		}
		o.send(b)
		if len(rows) < roomBatch {
			return nil
		}
		o.breathe()
	}
}

func bounded[T any](ctx context.Context, fn func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, roomTime)
	defer cancel()
	return fn(ctx)
}

// batch is some messages in order, encoded once: all together for readers who have none of them,
// each alone for the rest, and as their authors see them.
type batch struct {
	rows   []message
	frames []ws.Frame
	all    ws.Frame
	own    map[int]ws.Frame
}

func (o *room) encode(ctx context.Context, rows []message) (*batch, error) {
	b := &batch{rows: rows, frames: make([]ws.Frame, len(rows)), own: map[int]ws.Frame{}}
	for i := range rows {
		m := &rows[i]
		author, err := bounded(ctx, func(ctx context.Context) (usersapi.Person, error) { return o.rooms.people.person(ctx, m.AuthorID) })
		if err != nil {
			return nil, err
		}
		b.frames[i] = frameOf(o.slug, m, author, false)
		if m.ClientID != nil {
			b.own[i] = frameOf(o.slug, m, author, true)
		}
	}
	b.all = ws.Join(b.frames...)
	return b, nil
}

// to picks what one reader has not had yet, each message once.
func (b *batch) to(s *subscriber, send func(ws.Frame)) {
	if s.seq < b.rows[0].Seq && !b.mine(s.userID) {
		send(b.all)
	} else {
		for i, m := range b.rows {
			f := b.frames[i]
			if own, ok := b.own[i]; ok && m.AuthorID == s.userID {
				f = own
			}
			if m.Seq > s.seq {
				send(f)
			}
		}
	}
	s.seq = max(s.seq, b.rows[len(b.rows)-1].Seq)
}

func (b *batch) mine(userID string) bool {
	for i := range b.own {
		if b.rows[i].AuthorID == userID {
			return true
		}
	}
	return false
}

func (o *room) send(b *batch) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for s := range o.subs {
		b.to(s, s.conn.Send)
	}
	o.seq = b.rows[len(b.rows)-1].Seq
}

// breathe lets writers catch up before the next batch, for a moment: one who reads too slowly must
// not hold up the others.
func (o *room) breathe() {
	for end := time.Now().Add(breath); o.crowded() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

func (o *room) crowded() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for s := range o.subs {
		if s.conn.Backlog() > roomBatch {
			return true
		}
	}
	return false
}

func (o *room) deliverChanges(ctx context.Context) error {
	for {
		rows, err := bounded(ctx, func(ctx context.Context) ([]message, error) {
			return o.rooms.store.changedAfter(ctx, o.id, o.change, o.seq, roomBatch)
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		frames := make([]ws.Frame, len(rows))
		for i := range rows {
			frames[i] = changeFrame(&rows[i])
		}
		o.sendChanges(rows, frames)
		if len(rows) < roomBatch {
			return nil
		}
		o.breathe()
	}
}

func (o *room) sendChanges(rows []message, frames []ws.Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for s := range o.subs {
		for i, m := range rows {
			if m.Change > s.change {
				s.conn.Send(frames[i])
			}
		}
		s.change = max(s.change, rows[len(rows)-1].Change)
	}
	o.change = rows[len(rows)-1].Change
}

func (o *room) tellTyping(ctx context.Context, user string) {
	p, err := bounded(ctx, func(ctx context.Context) (usersapi.Person, error) { return o.rooms.people.person(ctx, user) })
	if err != nil {
		return // nothing worth trying again for
	}
	f := ws.Text(typingFrame{"typing", p})
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

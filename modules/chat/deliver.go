package chat

import (
	"context"
	"time"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/ws"
)

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
	b.all = ws.JoinFrames(b.frames...)
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
		if s.conn.CountQueued() > roomBatch {
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

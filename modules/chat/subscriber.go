package chat

import (
	"context"
	"errors"
	"time"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/ws"
)

const (
	// maxReplay is how many missed messages, and how many missed changes, a socket is sent; a gap frame names those before.
	maxReplay = 5000
	// typingEvery is how often one socket may say that its user is typing.
	typingEvery = 2 * time.Second
)

// subscriber is one socket in one channel.
type subscriber struct {
	service *Service
	rooms   *rooms
	channel *channel
	userID  string
	// replayFrom is after_seq, or less than 0 for none.
	replayFrom int64
	// changesFrom is after_change, or less than 0 for none.
	changesFrom int64

	conn *ws.Conn
	room *room
	// seq and change are what was sent to this socket; once it is in the room, room.mu guards them.
	seq, change int64
	typed       time.Time
	read        int64

	refused      int
	refusedSince time.Time
}

// OnOpen implements ws.Session: welcome first, then what was missed, then live.
func (s *subscriber) OnOpen(ctx context.Context, c *ws.Conn) {
	s.conn = c
	if err := s.enter(ctx); err != nil && !errors.Is(err, ws.ErrClosed) {
		c.Send(problemFrame(err))
		c.Close(ws.CodeInternal, "the channel can't be read now")
	}
}

func (s *subscriber) enter(ctx context.Context) error {
	s.rooms.presence.join(ctx, s.seat())
	h, err := s.head(ctx)
	if err != nil {
		return err
	}
	me, err := bounded(ctx, func(ctx context.Context) (usersapi.Person, error) { return s.rooms.people.person(ctx, s.userID) })
	if err != nil {
		return err
	}
	s.room = s.rooms.enter(s.channel.Slug, h)
	s.conn.Send(ws.EncodeFrame(welcomeFrame{"welcome", s.channel.Slug, me, h.LastSeq, h.LastChange, ws.HeartbeatSeconds}))
	s.seq, s.change = h.LastSeq, h.LastChange
	if err := s.replayMessages(ctx, h); err != nil {
		return err
	}
	if err := s.replayMissedChanges(ctx, h); err != nil {
		return err
	}
	return s.catchUp(ctx)
}

// replayMessages sends the messages after after_seq, up to h at least: the newest maxReplay of them, after a gap frame that
// names those before.
func (s *subscriber) replayMessages(ctx context.Context, h head) error {
	if s.replayFrom < 0 || s.replayFrom >= h.LastSeq {
		return nil
	}
	s.seq = s.replayFrom
	if first := h.LastSeq - maxReplay; first > s.seq {
		s.conn.Send(ws.EncodeFrame(gapFrame{"gap", s.seq + 1, first}))
		s.seq = first
	}
	for s.seq < h.LastSeq {
		n, err := s.replayNext(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
	return nil
}

// replayMissedChanges sends the newest state of the messages up to after_seq (of all without one) that were changed after
// after_change and up to h, in the order of change: the newest maxReplay, after a gap frame that spans the others.
// A message that is changed again meanwhile has a change above h: catchUp or the room tells it.
func (s *subscriber) replayMissedChanges(ctx context.Context, h head) error {
	if s.changesFrom < 0 || s.changesFrom >= h.LastChange {
		return nil
	}
	missed := changes{After: s.changesFrom, UpTo: h.LastChange, MaxSeq: h.LastSeq}
	if s.replayFrom >= 0 {
		missed.MaxSeq = min(s.replayFrom, h.LastSeq)
	}
	older, err := bounded(ctx, func(ctx context.Context) (omitted, error) {
		return s.rooms.store.olderChanges(ctx, s.channel.ID, missed, maxReplay)
	})
	if err != nil {
		return err
	}
	if older.Count > 0 {
		s.conn.Send(ws.EncodeFrame(gapFrame{"gap", older.FromSeq, older.ToSeq}))
		missed.After = older.Change
	}
	for {
		rows, err := bounded(ctx, func(ctx context.Context) ([]message, error) {
			return s.rooms.store.changedIn(ctx, s.channel.ID, missed, roomBatch)
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		for i := range rows {
			if err := s.conn.SendWait(ctx, changeFrame(&rows[i])); err != nil {
				return err
			}
		}
		missed.After = rows[len(rows)-1].Change
	}
}

func (s *subscriber) seat() seat { return seat{s.channel.ID, s.userID} }

func (s *subscriber) head(ctx context.Context) (head, error) {
	found, err := bounded(ctx, func(ctx context.Context) ([]head, error) { return s.rooms.store.heads(ctx, []string{s.channel.ID}) })
	if err != nil {
		return head{}, err
	}
	if len(found) == 0 {
		return head{}, errNoChannel
	}
	return found[0], nil
}

// catchUp reads on until there is nothing that the room has delivered and this socket has not, and
// takes its place in the room in the same moment.
func (s *subscriber) catchUp(ctx context.Context) error {
	for !s.room.admit(s) {
		n, err := s.replayNext(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if err := s.replayChanges(ctx); err != nil {
			return err
		}
	}
	return nil
}

// replayNext sends the next messages after those that were sent and returns how many they were.
func (s *subscriber) replayNext(ctx context.Context) (int, error) {
	rows, err := bounded(ctx, func(ctx context.Context) ([]message, error) {
		return s.rooms.store.after(ctx, s.channel.ID, s.seq, roomBatch)
	})
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return len(rows), s.replay(ctx, rows)
}

func (s *subscriber) replay(ctx context.Context, rows []message) (err error) {
	b, err := s.room.encode(ctx, rows)
	if err != nil {
		return err
	}
	b.to(s, func(f ws.Frame) {
		if err == nil {
			err = s.conn.SendWait(ctx, f)
		}
	})
	return err
}

func (s *subscriber) replayChanges(ctx context.Context) error {
	until := s.room.changed()
	rows, err := bounded(ctx, func(ctx context.Context) ([]message, error) {
		return s.rooms.store.changedAfter(ctx, s.channel.ID, s.change, s.seq, roomBatch)
	})
	for i := range rows {
		if err := s.conn.SendWait(ctx, changeFrame(&rows[i])); err != nil {
			return err
		}
		s.change = rows[i].Change
	}
	if err == nil && len(rows) == 0 {
		s.change = max(s.change, until) // what else was changed by then lies ahead of this socket
	}
	return err
}

// OnText implements ws.Session.
func (s *subscriber) OnText(ctx context.Context, c *ws.Conn, data []byte) {
	f, err := readFrame(data)
	if err == nil {
		err = s.handle(ctx, f)
	}
	if err == nil {
		return
	}
	c.Send(problemFrame(err))
	if s.flooding(time.Now()) {
		c.Close(ws.CodeFlooding, "too many refused messages")
	}
}

// Bounds of refused messages: more within the window is no mistake any more.
const (
	maxRefused    = 50
	refusedWindow = 10 * time.Second
)

// flooding counts a refused message and says whether that was one too many. The window begins with
// its first one.
func (s *subscriber) flooding(now time.Time) bool {
	if now.Sub(s.refusedSince) > refusedWindow {
		s.refusedSince, s.refused = now, 0
	}
	s.refused++
	return s.refused >= maxRefused
}

func (s *subscriber) handle(ctx context.Context, f clientFrame) error {
	switch f.Type {
	case "message":
		return s.say(ctx, f)
	case "typing":
		s.typing()
		return nil
	case "read":
		return s.mark(ctx, f.Seq)
	case "auth":
		return s.renew(ctx, f.Token)
	case "ping":
		s.conn.Send(ws.EncodeFrame(pongFrame{"pong"}))
		return nil
	}
	return apperr.Invalid("type", "one of message, typing, read, auth, ping")
}

// say stores a message and then acknowledges it. Whether the speaker may still speak is asked now,
// not when the socket was last looked at.
func (s *subscriber) say(ctx context.Context, f clientFrame) error {
	if !s.conn.CheckNow(ctx) {
		return nil
	}
	c, ok, err := s.rooms.channels.Get(ctx, s.channel.ID)
	if err != nil || !ok {
		return orElse(err, errNoChannel)
	}
	m, err := s.service.post(ctx, &c, newMessage{Body: f.Body, ClientID: f.ClientID})
	if err != nil {
		return err
	}
	s.conn.Send(ws.EncodeFrame(ackFrame{"ack", f.ClientID, m.Seq, m.ID}))
	return nil
}

func (s *subscriber) typing() {
	if now := time.Now(); now.Sub(s.typed) >= typingEvery {
		s.typed = now
		s.rooms.bus.SendSignal(topicTyping, s.channel.ID+" "+s.userID)
	}
}

func (s *subscriber) mark(ctx context.Context, seq *int64) error {
	if seq == nil || *seq < 0 {
		return apperr.Invalid("seq", "a whole number from 0")
	}
	if *seq <= s.read {
		return nil
	}
	if err := s.service.store.raiseMark(ctx, s.userID, s.channel.ID, *seq); err != nil {
		return err
	}
	// A mark beyond the last message stays at that one, so what comes later must be written again.
	s.read = min(*seq, s.room.delivered())
	return nil
}

func (s *subscriber) renew(ctx context.Context, token string) error {
	if token == "" {
		return apperr.InvalidToken()
	}
	expires, err := s.conn.RenewToken(ctx, token)
	if err != nil {
		return err
	}
	s.conn.Send(ws.EncodeFrame(authenticatedFrame{"authenticated", clock.FromTime(expires)}))
	return nil
}

// CheckAccess implements ws.Session.
func (s *subscriber) CheckAccess(ctx context.Context, caller identity.Caller) (code int, reason string) {
	c, ok, err := s.rooms.channels.Get(ctx, s.channel.ID)
	if err != nil {
		return 0, ""
	}
	if !ok {
		return ws.CodeGone, "the channel was deleted"
	}
	may, err := s.service.access.mayRead(ctx, caller, &c)
	if err == nil && !may {
		return ws.CodeForbidden, "you may not read this channel any more"
	}
	return 0, ""
}

// OnClose implements ws.Session.
func (s *subscriber) OnClose() {
	if s.conn == nil {
		return // never opened
	}
	if s.room != nil {
		s.room.dismiss(s)
		s.rooms.leave(s.room)
	}
	s.rooms.presence.leave(s.seat())
}

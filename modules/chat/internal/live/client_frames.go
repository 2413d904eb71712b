package live

import (
	"context"
	"sync"
	"time"

	"lyceum/modules/chat/internal/messages"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/ws"
)

// typingInterval is how often one socket may announce that its account is typing.
const typingInterval = 2 * time.Second

// OnText implements ws.Session. A refused frame is answered with an error frame; a socket with many
// of them is closed. Frames are answered in their order: only messages don't wait for the commits of
// those before.
func (s *socketSession) OnText(ctx context.Context, _ *ws.Conn, data []byte) {
	frame, err := decodeClientFrame(data)
	if err != nil || frame.Type != "message" && frame.Type != "typing" {
		s.pending.wait(ctx)
	}
	if err == nil {
		err = s.handleFrame(ctx, frame)
	}
	if err != nil {
		s.pending.wait(ctx)
		s.refuseFrame(err)
	}
}

// refuseFrame answers a frame with an error.
func (s *socketSession) refuseFrame(err error) {
	s.conn.Send(encodeError(err))
	if s.refused.countRefusal(time.Now()) {
		s.conn.Close(ws.CodeFlooding, "too many refused messages")
	}
}

// handleFrame does what a frame asks for.
func (s *socketSession) handleFrame(ctx context.Context, f clientFrame) error {
	switch f.Type {
	case "message":
		return s.postMessage(ctx, f)
	case "typing":
		s.announceTyping()
		return nil
	case "read":
		return s.markRead(ctx, f.Seq)
	case "auth":
		return s.renewToken(ctx, f.Token)
	case "ping":
		s.conn.Send(ws.EncodeFrame(pongFrame{"pong"}))
		return nil
	}
	return apperr.Invalid("type", "one of message, typing, read, auth, ping")
}

// postMessage queues a message, which is acknowledged or refused when its commit has ended. It checks the
// right to read the channel before, as the socket's last check may be half a second old.
func (s *socketSession) postMessage(ctx context.Context, f clientFrame) error {
	if !s.conn.CheckNow(ctx) {
		return nil // the check has closed the socket
	}
	if err := s.pending.add(ctx); err != nil {
		return err
	}
	n := messages.NewMessage{Body: f.Body, ClientID: f.ClientID}
	err := s.feeds.channels.PostMessage(ctx, s.channelID, n, func(m messages.Posted, err error) {
		if err != nil {
			s.refuseFrame(err)
		} else {
			s.conn.Send(ws.EncodeFrame(ackFrame{"ack", f.ClientID, m.Seq, m.ID}))
		}
		s.pending.remove()
	})
	if err != nil {
		s.pending.remove()
	}
	return err
}

// announceTyping signals to all replicas that the account is typing, at most every typingInterval.
func (s *socketSession) announceTyping() {
	if now := time.Now(); now.Sub(s.typedAt) >= typingInterval {
		s.typedAt = now
		s.feeds.broadcast.SendSignal(TopicTyping, s.channelID+" "+s.accountID)
	}
}

// markRead raises the account's read marker. It writes nothing for a message that this socket has
// marked before.
func (s *socketSession) markRead(ctx context.Context, seq *int64) error {
	if seq == nil || *seq < 0 {
		return apperr.Invalid("seq", "a whole number from 0")
	}
	if *seq <= s.readSeq {
		return nil
	}
	if err := s.feeds.channels.MarkRead(ctx, s.accountID, s.channelID, *seq); err != nil {
		return err
	}
	// A marker beyond the last message stays at that one, so later messages must be marked again.
	delivered, _ := s.feed.cursors()
	s.readSeq = min(*seq, delivered)
	return nil
}

// renewToken lets the socket live as long as a newer access token of the same session.
func (s *socketSession) renewToken(ctx context.Context, token string) error {
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

// Bounds of refused frames: the socket is closed at the frame that makes maxRefused within
// refusedWindow.
const (
	maxRefused    = 50
	refusedWindow = 10 * time.Second
)

// refusalCounter counts the refused frames of a socket in a window that begins with the first one. It is
// safe for concurrent use.
type refusalCounter struct {
	mu    sync.Mutex
	count int
	since time.Time
}

// countRefusal counts a refused frame. It returns true if the socket has to be closed.
func (r *refusalCounter) countRefusal(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.since) > refusedWindow {
		r.count, r.since = 0, now
	}
	r.count++
	return r.count >= maxRefused
}

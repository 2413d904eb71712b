package live

import (
	"context"

	"lyceum/modules/chat/internal/messages"
	"lyceum/platform/ws"
)

// maxReplay is how many missed messages, and how many missed changes, a socket is sent. A gap frame
// names those before.
const maxReplay = 5000

// replayMessages sends the messages after after_seq, at least up to h.
func (s *socketSession) replayMessages(ctx context.Context, h messages.Head) error {
	if s.afterSeq == NoReplay || s.afterSeq >= h.LastSeq {
		return nil
	}
	s.seq = s.afterSeq
	if first := h.LastSeq - maxReplay; first > s.seq {
		s.conn.Send(ws.EncodeFrame(gapFrame{"gap", s.seq + 1, first}))
		s.seq = first
	}
	for s.seq < h.LastSeq {
		n, err := s.sendNextMessages(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
	return nil
}

// replayChanges sends the newest state of the messages that were changed after after_change and up
// to h, in the order of their changes. These are messages up to after_seq, or all without one:
// later ones were just sent as they are now. A message that is changed again meanwhile has a change
// above h, so catchUp or the feed sends it.
func (s *socketSession) replayChanges(ctx context.Context, h messages.Head) error {
	if s.afterChange == NoReplay || s.afterChange >= h.LastChange {
		return nil
	}
	missed := messages.ChangeRange{After: s.afterChange, UpTo: h.LastChange, MaxSeq: h.LastSeq}
	if s.afterSeq != NoReplay {
		missed.MaxSeq = min(s.afterSeq, h.LastSeq)
	}
	older, err := withTimeout(ctx, func(ctx context.Context) (messages.OlderChanges, error) {
		return s.feeds.messages.DescribeOlderChanges(ctx, s.channelID, missed, maxReplay)
	})
	if err != nil {
		return err
	}
	if older.Count > 0 {
		s.conn.Send(ws.EncodeFrame(gapFrame{"gap", older.FromSeq, older.ToSeq}))
		missed.After = older.Change
	}
	for {
		last, err := s.sendNextChanges(ctx, missed)
		if err != nil || last == 0 {
			return err
		}
		missed.After = last
	}
}

// catchUp sends what the feed has delivered since the session loaded its head. The session joins
// the feed as soon as it is at least as far. Nothing is skipped, and nothing is sent twice: a feed
// does not send what lies below a session's cursors.
func (s *socketSession) catchUp(ctx context.Context) error {
	for !s.feed.addSession(s) {
		n, err := s.sendNextMessages(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		if err := s.catchUpChanges(ctx); err != nil {
			return err
		}
	}
	return nil
}

// catchUpChanges sends the next changes after the session's cursor, of messages that the session
// has. If there are none, the cursor moves to where the feed's was before the query. The changes in
// between are of messages above s.seq: the session is still to be sent those, as they are then.
func (s *socketSession) catchUpChanges(ctx context.Context) error {
	_, delivered := s.feed.cursors()
	missed := messages.ChangeRange{After: s.change, UpTo: messages.NoUpperBound, MaxSeq: s.seq}
	last, err := s.sendNextChanges(ctx, missed)
	if err != nil {
		return err
	}
	if last == 0 {
		last = delivered
	}
	s.change = max(s.change, last)
	return nil
}

// sendNextMessages sends one batch of messages after the session's cursor. It returns how many they
// are and waits until there is room for them in the socket's queue.
func (s *socketSession) sendNextMessages(ctx context.Context) (int, error) {
	list, err := withTimeout(ctx, func(ctx context.Context) ([]messages.Message, error) {
		return s.feeds.messages.ListAfter(ctx, s.channelID, s.seq, batchSize)
	})
	if err != nil || len(list) == 0 {
		return 0, err
	}
	b, err := s.feed.encodeBatch(ctx, list)
	if err != nil {
		return 0, err
	}
	b.sendTo(s, func(f ws.Frame) {
		if err == nil {
			err = s.conn.SendWait(ctx, f)
		}
	})
	return len(list), err
}

// sendNextChanges sends one batch of the changes in a range. It returns the last of them, 0 for
// none.
func (s *socketSession) sendNextChanges(ctx context.Context, r messages.ChangeRange) (last int64, err error) {
	list, err := withTimeout(ctx, func(ctx context.Context) ([]messages.Message, error) {
		return s.feeds.messages.ListChanged(ctx, s.channelID, r, batchSize)
	})
	if err != nil {
		return 0, err
	}
	for i := range list {
		if err := s.conn.SendWait(ctx, encodeChange(&list[i])); err != nil {
			return 0, err
		}
		last = list[i].Change
	}
	return last, nil
}

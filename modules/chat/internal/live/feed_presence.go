package live

import (
	"context"
	"slices"
	"time"

	"lyceum/modules/chat/internal/presence"
	"lyceum/platform/ws"
)

// presenceChange says that an account came or left.
type presenceChange struct {
	accountID string
	// event is "join" or "leave".
	event string
}

// deliverPresence sends who came and who left since it was last called. It looks at most every
// presenceDelay, so a burst of arrivals costs one query and one frame for each socket.
func (f *channelFeed) deliverPresence(ctx context.Context) error {
	f.hasPresence.Store(false)
	if wait := presenceDelay - time.Since(f.presentAt); wait > 0 {
		time.AfterFunc(wait, f.wakeForPresence)
		return nil
	}
	entries, err := withTimeout(ctx, func(ctx context.Context) ([]presence.Entry, error) {
		return f.feeds.presence.List(ctx, f.channelID)
	})
	if err != nil {
		return err
	}
	return f.sendPresence(ctx, f.updatePresent(entries))
}

// updatePresent replaces the set of present accounts and returns the differences. The first set of a feed
// announces only accounts that came after the feed was opened.
func (f *channelFeed) updatePresent(entries []presence.Entry) (changes []presenceChange) {
	isFirst := f.present == nil
	present := make(map[string]struct{}, len(entries))
	for _, e := range entries {
		present[e.UserID] = struct{}{}
		_, wasPresent := f.present[e.UserID]
		if !wasPresent && (!isFirst || !e.Since.Before(f.openedAt)) {
			changes = append(changes, presenceChange{e.UserID, "join"})
		}
	}
	for accountID := range f.present {
		if _, isPresent := present[accountID]; !isPresent {
			changes = append(changes, presenceChange{accountID, "leave"})
		}
	}
	f.present, f.presentAt = present, time.Now()
	return changes
}

// sendPresence sends changes in parts, so that a full channel that reconnects still fits into the
// queue of each socket.
func (f *channelFeed) sendPresence(ctx context.Context, changes []presenceChange) error {
	for part := range slices.Chunk(changes, batchSize) {
		accountIDs := make([]string, len(part))
		for i, c := range part {
			accountIDs[i] = c.accountID
		}
		people, err := f.feeds.loadPeople(ctx, accountIDs)
		if err != nil {
			return err
		}
		frames := make([]ws.Frame, len(part))
		for i, c := range part {
			frames[i] = ws.EncodeFrame(presenceFrame{"presence", c.event, people[c.accountID]})
		}
		f.sendPresencePart(part, frames)
		f.waitForReaders()
	}
	return nil
}

// sendPresencePart sends each session all changes but those of its own account.
func (f *channelFeed) sendPresencePart(changes []presenceChange, frames []ws.Frame) {
	changed := make(map[string]bool, len(changes))
	for _, c := range changes {
		changed[c.accountID] = true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	joined := ws.JoinFrames(frames...)
	for s := range f.sessions {
		if !changed[s.accountID] {
			s.conn.Send(joined)
			continue
		}
		for i, c := range changes {
			if c.accountID != s.accountID {
				s.conn.Send(frames[i])
			}
		}
	}
}

// sendTyping tells everybody else that an account is typing. An error is ignored: the news is old when
// the next try comes.
func (f *channelFeed) sendTyping(ctx context.Context, accountID string) {
	person, err := f.feeds.loadPerson(ctx, accountID)
	if err != nil {
		return
	}
	frame := ws.EncodeFrame(typingFrame{"typing", person})
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.sessions {
		if s.accountID != accountID {
			s.conn.Send(frame)
		}
	}
}

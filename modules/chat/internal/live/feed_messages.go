package live

import (
	"context"

	"lyceum/modules/chat/internal/messages"
	"lyceum/platform/ws"
)

// deliverMessages sends the messages after the feed's cursor, batch by batch.
func (f *channelFeed) deliverMessages(ctx context.Context) error {
	if !f.mustRead.Swap(false) && f.deliverAppended(ctx) {
		return nil
	}
	f.appended.clear() // all of it is committed, so it is read
	for {
		asOfChange := f.newestChangeSeen()
		// Only this goroutine writes the cursors, so it reads them without the lock.
		list, err := withTimeout(ctx, func(ctx context.Context) ([]messages.Message, error) {
			return f.feeds.messages.ListAfter(ctx, f.channelID, f.seq, batchSize)
		})
		if err != nil || len(list) == 0 {
			return err
		}
		b, err := f.encodeBatch(ctx, list)
		if err != nil {
			return err
		}
		if !f.sendBatch(b, asOfChange) {
			continue // read them again
		}
		if len(list) < batchSize {
			return nil
		}
		f.waitForReaders()
	}
}

// messageBatch is consecutive messages of a channel, each encoded once for all sockets.
type messageBatch struct {
	messages []messages.Message
	// frames holds each message alone, for sockets that have had some of them.
	frames []ws.Frame
	// joined holds all messages as one entry of a socket's queue, for the usual socket that has had
	// none of them. The client receives one WebSocket message for each.
	joined ws.Frame
	// forAuthor holds the messages with a client id as their author sees them, by index.
	forAuthor map[int]ws.Frame
}

// encodeBatch encodes messages with the present display names of their authors.
func (f *channelFeed) encodeBatch(ctx context.Context, list []messages.Message) (*messageBatch, error) {
	authors, err := f.feeds.loadPeople(ctx, messages.ListAuthorIDs(list))
	if err != nil {
		return nil, err
	}
	b := &messageBatch{messages: list, frames: make([]ws.Frame, len(list)), forAuthor: map[int]ws.Frame{}}
	for i := range list {
		m := &list[i]
		b.frames[i] = encodeMessage(f.slug, m, authors[m.AuthorID], nil)
		if m.ClientID != nil {
			b.forAuthor[i] = encodeMessage(f.slug, m, authors[m.AuthorID], m.ClientID)
		}
	}
	b.joined = ws.JoinFrames(b.frames...)
	return b, nil
}

// newestChangeSeen returns the newest change that the feed has delivered or that one of its sessions has had.
func (f *channelFeed) newestChangeSeen() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.newestChange
}

// sendBatch queues a batch at every session and moves the feed's cursor. The messages are as they were after the change
// asOfChange; later ones may be missing. It returns false, and does nothing, if a session has had such a change already:
// it would not get it again.
func (f *channelFeed) sendBatch(b *messageBatch, asOfChange int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.newestChange > asOfChange {
		return false
	}
	for s := range f.sessions {
		b.sendTo(s, s.conn.Send)
	}
	f.seq = b.lastSeq()
	return true
}

// sendTo sends one session the messages after its cursor and moves the cursor.
func (b *messageBatch) sendTo(s *socketSession, send func(ws.Frame)) {
	if s.seq < b.messages[0].Seq && !b.hasOwn(s.accountID) {
		send(b.joined)
	} else {
		for i := range b.messages {
			m, frame := &b.messages[i], b.frames[i]
			if own, ok := b.forAuthor[i]; ok && m.AuthorID == s.accountID {
				frame = own
			}
			if m.Seq > s.seq {
				send(frame)
			}
		}
	}
	s.seq = max(s.seq, b.lastSeq())
}

// hasOwn returns whether an account sees a message of the batch otherwise than everybody else.
func (b *messageBatch) hasOwn(accountID string) bool {
	for i := range b.forAuthor {
		if b.messages[i].AuthorID == accountID {
			return true
		}
	}
	return false
}

// lastSeq returns the number of the newest message of the batch.
func (b *messageBatch) lastSeq() int64 { return b.messages[len(b.messages)-1].Seq }

// deliverChanges sends the edits and deletions after the feed's cursor, batch by batch. A message
// that changed several times is sent once, as it is now. Changes of messages above f.seq need no
// frame: those messages are still to be sent, as they are then.
func (f *channelFeed) deliverChanges(ctx context.Context) error {
	for {
		missed := messages.ChangeRange{After: f.change, UpTo: messages.NoUpperBound, MaxSeq: f.seq}
		list, err := withTimeout(ctx, func(ctx context.Context) ([]messages.Message, error) {
			return f.feeds.messages.ListChanged(ctx, f.channelID, missed, batchSize)
		})
		if err != nil || len(list) == 0 {
			return err
		}
		frames := make([]ws.Frame, len(list))
		for i := range list {
			frames[i] = encodeChange(&list[i])
		}
		f.sendChanges(list, frames)
		if len(list) < batchSize {
			return nil
		}
		f.waitForReaders()
	}
}

// sendChanges queues changes at every session that has not had them and moves the cursors.
func (f *channelFeed) sendChanges(list []messages.Message, frames []ws.Frame) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := list[len(list)-1].Change
	for s := range f.sessions {
		for i := range list {
			if list[i].Change > s.change {
				s.conn.Send(frames[i])
			}
		}
		s.change = max(s.change, last)
	}
	f.change, f.newestChange = last, max(f.newestChange, last)
}

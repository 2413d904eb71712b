package live

import (
	"context"
	"slices"
	"sync"

	"lyceum/modules/chat/internal/messages"
)

// maxAppended bounds the messages of a channel that wait for its feed in memory.
const maxAppended = 2 * batchSize

// appendedMessages are consecutive messages that this replica has appended to a channel and its feed has
// yet to deliver. They save it a read of the database. It is safe for concurrent use.
type appendedMessages struct {
	mu   sync.Mutex
	list []messages.Message
	// asOfChange is the newest change of the channel when the first of them was stored, see sendBatch.
	asOfChange int64
}

// add appends messages. It returns false, and holds none any more, if they do not follow the ones before or are
// too many; the feed has to read then.
func (a *appendedMessages) add(n messages.Appended) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.list) == 0 {
		a.asOfChange = n.LastChange
	} else if a.list[len(a.list)-1].Seq+1 != n.Messages[0].Seq {
		a.list = nil
		return false
	}
	if len(a.list)+len(n.Messages) > maxAppended {
		a.list = nil
		return false
	}
	a.list = append(a.list, n.Messages...)
	return true
}

// clear forgets all messages.
func (a *appendedMessages) clear() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = nil
}

// take returns the messages after the number seq, and holds none any more. isComplete is false if the one right after
// seq is missing; no messages at all are complete.
func (a *appendedMessages) take(seq int64) (list []messages.Message, asOfChange int64, isComplete bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	list, a.list = a.list, nil
	list = slices.DeleteFunc(list, func(m messages.Message) bool { return m.Seq <= seq })
	return list, a.asOfChange, len(list) == 0 || list[0].Seq == seq+1
}

// offerAppended hands messages that this replica has appended to the feed of their channel.
func (fs *Feeds) offerAppended(n messages.Appended) {
	fs.forFeeds(n.ChannelID, func(f *channelFeed) {
		if !f.appended.add(n) {
			f.mustRead.Store(true)
		}
		f.putWakeToken()
	})
}

// deliverAppended sends the messages that this replica has appended, without a read. It returns false if the
// feed has to read: messages of other replicas came before, or one may have been edited since.
func (f *channelFeed) deliverAppended(ctx context.Context) (isDone bool) {
	list, asOfChange, isComplete := f.appended.take(f.seq)
	if !isComplete {
		return false
	}
	for part := range slices.Chunk(list, batchSize) {
		b, err := f.encodeBatch(ctx, part)
		if err != nil {
			return false // reading fails, too, and says why
		}
		if !f.sendBatch(b, asOfChange) {
			return false
		}
		if len(part) == batchSize {
			f.waitForReaders()
		}
	}
	return true
}

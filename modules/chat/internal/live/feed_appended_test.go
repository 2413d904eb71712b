package live

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/chat/internal/messages"
	"lyceum/platform/ids"
)

func TestFeedDeliversWhatItsReplicaHasStored(t *testing.T) {
	r := startReplica(t)
	uli, olga := r.open(ids.New(), ""), r.open(ids.New(), "")
	r.channel.add(uli.accountID, "read")
	r.channel.bus.SendSignal(messages.TopicMessages, channelID)
	require.Equal(t, "read", olga.until("message")["body"])

	t.Run("without a read", func(t *testing.T) {
		var reads atomic.Int64
		r.channel.onList(func() { reads.Add(1) })
		for n := range 50 {
			r.channel.appendHere(uli.accountID, fmt.Sprint("first ", n), fmt.Sprint("second ", n))
			require.Equal(t, fmt.Sprint("first ", n), olga.until("message")["body"])
			require.Equal(t, fmt.Sprint("second ", n), olga.until("message")["body"])
		}
		r.channel.onList(nil)
		require.LessOrEqual(t, reads.Load(), int64(5), "the poll may have come between two messages")
	})
	t.Run("after the messages of another replica", func(t *testing.T) {
		olga.summaries()
		r.channel.add(uli.accountID, "stored elsewhere")
		r.channel.appendHere(uli.accountID, "stored here")
		require.Equal(t, "stored elsewhere", olga.until("message")["body"])
		require.Equal(t, "stored here", olga.until("message")["body"])
	})
	t.Run("more than it keeps", func(t *testing.T) {
		for n := range 3 * maxAppended {
			r.channel.appendHere(uli.accountID, fmt.Sprint("many ", n))
		}
		for n := range 3 * maxAppended {
			require.Equal(t, fmt.Sprint("many ", n), olga.until("message")["body"])
		}
	})
	t.Run("as it is after an edit that a socket has had", func(t *testing.T) {
		r.channel.edit(1, "edited")
		r.channel.bus.SendSignal(messages.TopicChanges, channelID)
		require.Equal(t, "edited", olga.until("edited")["body"])
		stored := r.channel.addEdited(uli.accountID, "before the edit", "after the edit")
		r.channel.offer(messages.Appended{ChannelID: channelID, Messages: []messages.Message{stored}, LastChange: 0})
		require.Equal(t, "after the edit", olga.until("message")["body"])
	})
	t.Run("what it has read, too", func(t *testing.T) {
		var reads atomic.Int64
		r.channel.onList(func() {
			if reads.Add(1) != 1 {
				return
			}
			// Between this read and the delivery a session joins that has had a later change.
			r.registry.forFeeds(channelID, func(f *channelFeed) {
				f.mu.Lock()
				defer f.mu.Unlock()
				f.newestChange += 5
			})
		})
		r.channel.add(uli.accountID, "read again")
		r.channel.bus.SendSignal(messages.TopicMessages, channelID)
		require.Equal(t, "read again", olga.until("message")["body"])
		r.channel.onList(nil)
		require.GreaterOrEqual(t, reads.Load(), int64(2))
	})
	t.Run("everything once", func(t *testing.T) {
		olga.summaries()
		r.channel.appendHere(uli.accountID, "once")
		r.channel.bus.SendSignal(messages.TopicMessages, channelID)
		r.channel.mu.Lock()
		all := len(r.channel.messages)
		repeated := messages.Appended{ChannelID: channelID, Messages: r.channel.messages[all-3 : all : all], LastChange: 99}
		r.channel.mu.Unlock()
		r.channel.offer(repeated)
		require.Equal(t, "once", olga.until("message")["body"])
		require.Empty(t, olga.summaries())
	})
}

func TestAppendedMessages(t *testing.T) {
	batch := func(from, to int64, lastChange int64) (n messages.Appended) {
		n.LastChange = lastChange
		for seq := from; seq <= to; seq++ {
			n.Messages = append(n.Messages, messages.Message{Seq: seq})
		}
		return n
	}
	var a appendedMessages
	list, _, isComplete := a.take(3)
	require.True(t, isComplete)
	require.Empty(t, list)

	require.True(t, a.add(batch(4, 5, 7)))
	require.True(t, a.add(batch(6, 6, 8)))
	list, known, isComplete := a.take(4)
	require.True(t, isComplete)
	require.Equal(t, batch(5, 6, 0).Messages, list)
	require.EqualValues(t, 7, known, "the oldest of them may lack later changes")

	require.True(t, a.add(batch(8, 9, 7)))
	_, _, isComplete = a.take(6)
	require.False(t, isComplete, "7 is missing")

	require.True(t, a.add(batch(10, 10, 7)))
	require.False(t, a.add(batch(12, 12, 7)), "11 is missing")
	require.True(t, a.add(batch(13, 12+maxAppended, 7)))
	require.False(t, a.add(batch(13+maxAppended, 13+maxAppended, 7)), "too many")
	list, _, isComplete = a.take(12)
	require.True(t, isComplete)
	require.Empty(t, list)
}

package live

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/chat/internal/messages"
	"lyceum/modules/chat/internal/presence"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
	"lyceum/platform/ws"
)

func TestFeedDelivers(t *testing.T) {
	r := startReplica(t)
	uli, olga := r.open(ids.New(), ""), r.open(ids.New(), "")

	t.Run("a message that a socket posts", func(t *testing.T) {
		uli.send(frame{"type": "message", "body": "hello", "client_id": "c1"})
		got := olga.until("message")
		require.Equal(t, []any{1.0, "hello", "hq"}, []any{got["seq"], got["body"], got["channel"]})
		require.Equal(t, frame{"id": uli.accountID, "display_name": "name of " + uli.accountID}, got["user"])
		require.NotContains(t, got, "client_id", "only the author's frame has it")
		own, ack := uli.until("message", "ack"), uli.until("message", "ack")
		if own["type"] == "ack" {
			own, ack = ack, own
		}
		require.Equal(t, "c1", own["client_id"])
		require.Equal(t, frame{"type": "ack", "client_id": "c1", "seq": 1.0, "id": got["id"]}, ack)
	})
	t.Run("a message without a signal, by the poll", func(t *testing.T) {
		r.channel.add(uli.accountID, "found by the poll")
		require.Equal(t, "found by the poll", olga.until("message")["body"])
	})
	t.Run("a change without a signal, by the poll", func(t *testing.T) {
		r.channel.edit(1, "changed")
		require.Equal(t, "changed", olga.until("edited")["body"])
		r.channel.edit(2, "")
		require.Equal(t, 2.0, olga.until("deleted")["seq"])
	})
	t.Run("more messages than a batch, in order", func(t *testing.T) {
		for n := range 3*batchSize + 1 {
			r.channel.add(uli.accountID, fmt.Sprint("many ", n))
		}
		r.channel.bus.SendSignal(messages.TopicMessages, channelID)
		for n := range 3*batchSize + 1 {
			require.Equal(t, fmt.Sprint("many ", n), olga.until("message")["body"])
		}
	})
	t.Run("everything once, however often it is woken", func(t *testing.T) {
		olga.summaries()
		for range 20 {
			r.channel.bus.SendSignal(messages.TopicMessages, channelID)
			r.channel.bus.SendSignal(messages.TopicChanges, "")
		}
		require.Empty(t, olga.summaries())
	})
}

func TestFeedTriesAgain(t *testing.T) {
	r := startReplica(t)
	uli := r.open(ids.New(), "")
	for _, failure := range []struct {
		name string
		set  func()
	}{
		{"after an error of the database", func() { r.channel.fail(errors.New("away"), nil, nil) }},
		{"after a panic", func() { r.channel.onList(func() { panic("planted") }) }},
	} {
		t.Run(failure.name, func(t *testing.T) {
			uli.summaries()
			failure.set()
			r.channel.add(uli.accountID, failure.name)
			r.channel.bus.SendSignal(messages.TopicMessages, channelID)
			require.Empty(t, uli.summaries())
			r.channel.onList(nil)
			r.channel.fail(nil, nil, nil)
			require.Equal(t, failure.name, uli.until("message")["body"])
		})
	}
}

func TestFeedEndsWithItsLastSocket(t *testing.T) {
	r := startReplica(t)
	countUsers := func() int {
		r.registry.mu.Lock()
		defer r.registry.mu.Unlock()
		if f := r.registry.feeds[channelID]; f != nil {
			return f.holders
		}
		return 0
	}
	waitForUsers := func(want int) {
		t.Helper()
		require.Eventually(t, func() bool { return countUsers() == want }, 5*time.Second, time.Millisecond)
	}
	first, second := r.open(ids.New(), ""), r.open(ids.New(), "")
	require.Equal(t, 2, countUsers())
	require.NoError(t, first.conn.Close())
	waitForUsers(1)
	r.channel.add("uli", "still delivered")
	r.channel.bus.SendSignal(messages.TopicMessages, channelID)
	require.Equal(t, "still delivered", second.until("message")["body"])
	require.NoError(t, second.conn.Close())
	waitForUsers(0)
	require.Empty(t, r.registry.listChannelIDs())
}

func TestFeedAnnouncesPresence(t *testing.T) {
	r := startReplica(t)
	uli := r.open(ids.New(), "")
	olga := r.open(ids.New(), "")
	joined := uli.until("presence")
	require.Equal(t, []any{"join", olga.accountID}, []any{joined["event"], joined["user"].(frame)["id"]})
	require.NoError(t, olga.conn.Close())
	left := uli.until("presence")
	require.Equal(t, []any{"leave", olga.accountID}, []any{left["event"], left["user"].(frame)["id"]})

	t.Run("of a whole class at once", func(t *testing.T) {
		now := clock.System{}.Now()
		r.channel.mu.Lock()
		for range 2*batchSize + 1 {
			r.channel.present = append(r.channel.present, presence.Entry{ChannelID: channelID, UserID: ids.New(), Since: now})
		}
		r.channel.mu.Unlock()
		r.channel.bus.SendSignal(presence.Topic, channelID)
		for range 2*batchSize + 1 {
			require.Equal(t, "join", uli.until("presence")["event"])
		}
	})
}

func TestUpdatePresent(t *testing.T) {
	opened := clock.System{}.Now()
	entry := func(accountID string, since time.Duration) presence.Entry {
		return presence.Entry{UserID: accountID, Since: opened.Add(since)}
	}
	f := &channelFeed{openedAt: opened}
	require.Equal(t, []presenceChange{{"new", "join"}},
		f.updatePresent([]presence.Entry{entry("old", -time.Second), entry("new", time.Second)}),
		"those who were there when the feed was opened are no news")
	require.Empty(t, f.updatePresent([]presence.Entry{entry("new", 0), entry("old", 0)}))
	require.Equal(t, []presenceChange{{"late", "join"}, {"old", "leave"}},
		f.updatePresent([]presence.Entry{entry("late", -time.Hour), entry("new", 0)}),
		"later, everybody who was not present is news")
}

// A session gets each message of a batch once, whatever it has had before, and its own with the client id.
func TestBatchIsSentOnce(t *testing.T) {
	clientID := "c"
	list := []messages.Message{
		{Seq: 11, AuthorID: "uli"}, {Seq: 12, AuthorID: "olga", ClientID: &clientID}, {Seq: 13, AuthorID: "uli"},
	}
	f := &channelFeed{feeds: &Feeds{accounts: fakeAccounts{}}}
	b, err := f.encodeBatch(t.Context(), list)
	require.NoError(t, err)
	for _, c := range []struct {
		name      string
		accountID string
		seq       int64
		want      []ws.Frame
	}{
		{"all at once", "ivo", 10, []ws.Frame{b.joined}},
		{"the rest one by one", "ivo", 11, []ws.Frame{b.frames[1], b.frames[2]}},
		{"nothing", "ivo", 13, nil},
		{"the author sees the client id", "olga", 10, []ws.Frame{b.frames[0], b.forAuthor[1], b.frames[2]}},
		{"the author of others sees none", "uli", 10, []ws.Frame{b.joined}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &socketSession{accountID: c.accountID, seq: c.seq}
			var sent []ws.Frame
			b.sendTo(s, func(f ws.Frame) { sent = append(sent, f) })
			require.Equal(t, c.want, sent)
			require.EqualValues(t, 13, s.seq)
			b.sendTo(s, func(ws.Frame) { t.Error("sent twice") })
		})
	}
	require.NotContains(t, b.frames, b.forAuthor[1])
}

func TestPushReachesSocketsOfTheAccount(t *testing.T) {
	r := startReplica(t)
	uli, olga := r.open(ids.New(), ""), r.open(ids.New(), "")
	r.registry.Push(uli.accountID, map[string]any{"title": "hello"})
	require.Equal(t, frame{"type": "notification", "title": "hello"}, uli.until("notification"))
	require.Empty(t, olga.summaries())
	for name, ignored := range map[string]any{"no object": 5, "no JSON": make(chan int)} {
		t.Run(name+" is ignored", func(t *testing.T) {
			r.registry.Push(uli.accountID, ignored)
			require.Empty(t, uli.summaries())
		})
	}
}

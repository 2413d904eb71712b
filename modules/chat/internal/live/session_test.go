package live

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	client "github.com/fasthttp/websocket"
	"github.com/stretchr/testify/require"

	"lyceum/modules/chat/internal/messages"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
)

func TestSessionReplays(t *testing.T) {
	r := startReplica(t)
	r.channel.add("uli", "one", "two", "three", "four")
	r.channel.edit(1, "one again")
	r.channel.edit(3, "")
	for query, want := range map[string][]string{
		"":                            nil,
		"&after_seq=0":                {"1 one again", "2 two", "3 ", "4 four"},
		"&after_seq=2":                {"3 ", "4 four"},
		"&after_seq=4":                nil,
		"&after_seq=99":               nil,
		"&after_change=0":             {"edited 1 change 1", "deleted 3 change 2"},
		"&after_change=1":             {"deleted 3 change 2"},
		"&after_change=2":             nil,
		"&after_seq=2&after_change=0": {"3 ", "4 four", "edited 1 change 1"},
	} {
		t.Run(query, func(t *testing.T) {
			s := r.dial(ids.New(), query)
			welcome := s.next()
			require.Equal(t, []any{"welcome", 4.0, 2.0}, []any{welcome["type"], welcome["last_seq"], welcome["last_change"]})
			require.Equal(t, want, s.summaries())
		})
	}
}

func TestSessionNamesTheGap(t *testing.T) {
	r := startReplica(t)
	const count = maxReplay + 10
	r.channel.add("uli", strings.Split(strings.Repeat("x ", count-1)+"x", " ")...)
	t.Run("of messages", func(t *testing.T) {
		got := r.open(ids.New(), "&after_seq=3").summaries()
		require.Equal(t, []string{"gap 4 10", "11 x"}, got[:2])
		require.Len(t, got, maxReplay+1)
		require.Equal(t, fmt.Sprint(count, " x"), got[maxReplay])
	})
	t.Run("of changes", func(t *testing.T) {
		for seq := range int64(count) {
			r.channel.edit(seq+1, "y")
		}
		got := r.open(ids.New(), "&after_change=3").summaries()
		require.Equal(t, []string{"gap 4 10", "edited 11 change 11"}, got[:2])
		require.Len(t, got, maxReplay+1)
	})
}

// What the feed delivers while a session still reads reaches the session, once and in order.
func TestSessionCatchesUpWithTheFeed(t *testing.T) {
	r := startReplica(t)
	live := r.open(ids.New(), "")
	posted := 0
	r.channel.onList(func() {
		r.channel.mu.Lock()
		defer r.channel.mu.Unlock()
		if posted++; posted <= 30 { // a message for each of the first reads
			seq := int64(len(r.channel.messages) + 1)
			m := messages.Message{ID: ids.New(), Seq: seq, AuthorID: "uli", Body: "x"}
			r.channel.messages = append(r.channel.messages, m)
			go r.channel.bus.SendSignal(messages.TopicMessages, channelID)
		}
	})
	r.channel.bus.SendSignal(messages.TopicMessages, channelID)
	late := r.open(ids.New(), "&after_seq=0")
	for _, s := range []*socket{live, late} {
		for want := 1; want <= 30; want++ {
			require.EqualValues(t, want, s.until("message")["seq"])
		}
	}
}

func TestSessionIsClosed(t *testing.T) {
	r := startReplica(t)
	for _, c := range []struct {
		err  error
		code int
	}{{ErrChannelDeleted, 4404}, {ErrNotReader, 4403}} {
		t.Run(c.err.Error(), func(t *testing.T) {
			s := r.open(ids.New(), "")
			r.channel.fail(nil, c.err, nil)
			require.Equal(t, c.code, s.closeCode())
			r.channel.fail(nil, nil, nil)
		})
	}
	t.Run("not while the answer is unknown", func(t *testing.T) {
		s := r.open(ids.New(), "")
		r.channel.fail(nil, errors.New("the database is away"), nil)
		s.send(frame{"type": "message", "body": "still here"})
		require.Equal(t, "ack", s.until("ack", "error")["type"])
		r.channel.fail(nil, nil, nil)
	})
	t.Run("at once if the channel can't be read", func(t *testing.T) {
		r.channel.fail(errors.New("away"), nil, nil)
		defer r.channel.fail(nil, nil, nil)
		s := r.dial(ids.New(), "")
		require.Equal(t, "internal-error", s.next()["code"])
		require.Equal(t, client.CloseInternalServerErr, s.closeCode())
	})
}

func TestClientFrames(t *testing.T) {
	r := startReplica(t)
	uli, olga := r.open(ids.New(), ""), r.open(ids.New(), "")

	t.Run("an error of the poster is the answer", func(t *testing.T) {
		for err, code := range map[error]string{
			apperr.Invalid("body", "must not be empty"): "validation-failed",
			apperr.Forbidden("no"):                      "forbidden",
			errors.New("unknown"):                       "internal-error",
		} {
			r.channel.fail(nil, nil, err)
			uli.send(frame{"type": "message", "body": "x"})
			require.Equal(t, code, uli.until("error", "ack")["code"])
		}
		r.channel.fail(nil, nil, nil)
	})
	t.Run("typing is announced to the others", func(t *testing.T) {
		uli.send(frame{"type": "typing"})
		uli.send(frame{"type": "typing"}) // too soon
		require.Equal(t, uli.accountID, olga.until("typing")["user"].(frame)["id"])
		require.Empty(t, uli.summaries())
		require.NotEqual(t, "typing", func() any {
			olga.send(frame{"type": "ping"})
			return olga.until("typing", "pong")["type"]
		}())
	})
	t.Run("a read marker is written when it rises", func(t *testing.T) {
		r.channel.add("olga", "one", "two", "three")
		r.channel.bus.SendSignal(messages.TopicMessages, channelID)
		for range 3 {
			uli.until("message")
		}
		for _, seq := range []int{2, 2, 1, 3, 99, 99} {
			uli.send(frame{"type": "read", "seq": seq})
		}
		uli.summaries()
		r.channel.mu.Lock()
		defer r.channel.mu.Unlock()
		require.Equal(t, []int64{2, 3, 99, 99}, r.channel.marks, "beyond the end it is written again")
	})
	t.Run("a token of the same account renews the socket", func(t *testing.T) {
		token, expires, err := r.tokens.IssueToken(uli.accountID, uli.accountID, "user")
		require.NoError(t, err)
		uli.send(frame{"type": "auth", "token": token})
		want := clock.FromTime(expires.StdTime().Truncate(time.Second)) // as tokens have it
		require.Equal(t, want.String(), uli.until("authenticated", "error")["expires_at"])
	})
}

func TestRefusalsAreCountedInAWindow(t *testing.T) {
	var r refusalCounter
	now := time.Now()
	for range maxRefused - 1 {
		require.False(t, r.countRefusal(now))
	}
	later := now.Add(refusedWindow + time.Millisecond)
	require.False(t, r.countRefusal(later), "a new window has begun")
	for range maxRefused - 2 {
		require.False(t, r.countRefusal(later.Add(refusedWindow)))
	}
	require.True(t, r.countRefusal(later.Add(refusedWindow)))
}

func TestClientFramesAreReadStrictly(t *testing.T) {
	for _, bad := range []string{
		``, `nonsense`, `[]`, `5`, `{"type":5}`, `{"type":"ping","type":"ping"}`, `{"seq":"1"}`, `{"body":"\ud800"}`, `{} {}`,
	} {
		_, err := decodeClientFrame([]byte(bad))
		require.ErrorIs(t, err, errNoFrame, bad)
	}
	f, err := decodeClientFrame([]byte(`{"type":"read","seq":7,"unknown":true}`))
	require.NoError(t, err)
	require.EqualValues(t, 7, *f.Seq)
}

package chat

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/testkit"
)

// framesUntilPong returns the frames that are already on their way, but for presence.
func (s *socket) framesUntilPong() (out []object) {
	s.t.Helper()
	s.send(object{"type": "ping"})
	for f := s.next(); f["type"] != "pong"; f = s.next() {
		if f["type"] != "presence" {
			out = append(out, f)
		}
	}
	return out
}

// openedWith opens a socket and returns its welcome and the frames that are replayed.
func (r *replica) openedWith(p person, query string) (welcome object, replayed []object) {
	r.t.Helper()
	s, status := r.dial(p, "/ws/channels/hq?"+query)
	require.Equal(r.t, 101, status)
	defer func() { _ = s.Close() }()
	frames := s.framesUntilPong()
	require.Equal(r.t, "welcome", frames[0]["type"])
	return frames[0], frames[1:]
}

// summary returns replayed frames as short texts.
func summary(frames []object) (out []string) {
	for _, f := range frames {
		switch f["type"] {
		case "message":
			out = append(out, fmt.Sprint("message ", f["seq"], " ", f["body"]))
		case "gap":
			out = append(out, fmt.Sprint("gap ", f["from_seq"], " ", f["to_seq"]))
		default:
			out = append(out, fmt.Sprint(f["type"], " ", f["seq"], " ", f["change"], " ", f["body"]))
		}
	}
	return out
}

func TestMissedChanges(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		first, second := s.replicas()
		uli, olga := s.user("Uli"), s.user("Olga")
		live := second.enter(olga, "/ws/channels/hq")
		var paths []string
		for n := range 5 {
			m := first.want(201, uli, "POST", "/channels/hq/messages", object{"body": fmt.Sprint("m", n+1)})
			paths = append(paths, "/channels/hq/messages/"+m.body["id"].(string))
		}
		// Each is awaited, as a feed that wakes late sends the newest state alone.
		next := func(want string) {
			require.Equal(t, []string{want}, summary([]object{live.until("edited", "deleted")}))
		}
		edit := func(n int, body, want string) {
			first.want(200, uli, "PATCH", paths[n-1], object{"body": body})
			next(want)
		}
		edit(1, "one", "edited 1 1 one")
		edit(2, "two", "edited 2 2 two")
		edit(1, "one again", "edited 1 3 one again")
		first.want(200, uli, "PATCH", paths[0], object{"body": "one again"}) // no change
		second.want(204, uli, "DELETE", paths[1], nil)
		next("deleted 2 4 <nil>")
		second.want(204, uli, "DELETE", paths[3], nil)
		next("deleted 4 5 <nil>")
		all := []string{"edited 1 3 one again", "deleted 2 4 <nil>", "deleted 4 5 <nil>"}
		for query, want := range map[string][]string{
			"after_change=0": all, "after_change=2": all, "after_change=3": all[1:], "after_change=4": all[2:],
			"after_change=5": nil, "after_change=99": nil,
			"": nil, "after_seq=5&after_change=0": all, "after_seq=99&after_change=0": all,
			"after_seq=3&after_change=0":              append([]string{"message 4 ", "message 5 m5"}, all[:2]...),
			"after_seq=1&after_change=3":              {"message 2 ", "message 3 m3", "message 4 ", "message 5 m5"},
			"after_seq=3":                             {"message 4 ", "message 5 m5"},
			"after_seq=4&after_change=4":              {"message 5 m5", "deleted 4 5 <nil>"},
			"after_change=99999999999999999999999999": nil,
		} {
			for _, r := range []*replica{first, second} {
				welcome, replayed := r.openedWith(olga, query)
				require.Equal(t, 5.0, welcome["last_change"])
				require.Equal(t, want, summary(replayed), query)
			}
		}
		for _, bad := range []string{"-1", "", "1.0", "x", "+1", "1e3", "%20"} {
			_, status := first.dial(olga, "/ws/channels/hq?after_change="+bad)
			require.Equal(t, 422, status, bad)
		}
		refused := first.want(422, olga, "GET", "/ws/channels/hq?after_seq=x&after_change=y", nil,
			"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13",
			"Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
		require.Equal(t, []any{
			object{"location": "query.after_seq", "message": "a whole number from 0"},
			object{"location": "query.after_change", "message": "a whole number from 0"},
		}, refused.body["errors"])
	})
}

func TestMissedChangesBeyondTheNewest(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		uli, olga := s.user("Uli"), s.user("Olga")
		const count = maxReplay + 20
		for range count / 20 {
			r.append(olga, slices.Repeat([]string{"old"}, 20)...)
		}
		// The message with the lowest seq was changed last.
		conn := r.db.Conn(t.Context())
		edit := "UPDATE chat_messages SET change = ? - seq, body = 'new', edited_at = created_at"
		require.NoError(t, conn.Exec(edit, count+1).Error)
		require.NoError(t, conn.Exec("UPDATE chat_channels SET last_change = ?", count).Error)
		for query, gap := range map[string]string{
			"after_change=0":  fmt.Sprint("gap ", maxReplay+1, " ", count),
			"after_change=15": fmt.Sprint("gap ", maxReplay+1, " ", count-15),
			"after_change=20": "",
			fmt.Sprint("after_change=0&after_seq=", maxReplay+3): "",
		} {
			welcome, replayed := r.openedWith(uli, query)
			require.Equal(t, float64(count), welcome["last_change"])
			got := summary(replayed)
			for len(replayed) > 0 && replayed[0]["type"] == "message" {
				got, replayed = got[1:], replayed[1:]
			}
			if query == fmt.Sprint("after_change=0&after_seq=", maxReplay+3) {
				gap = fmt.Sprint("gap ", maxReplay+1, " ", maxReplay+3)
			}
			if gap != "" {
				require.Equal(t, gap, got[0])
				got = got[1:]
			}
			require.Len(t, got, maxReplay, query)
			for i, f := range got {
				require.Equal(t, fmt.Sprint("edited ", maxReplay-i, " ", count-maxReplay+i+1, " new"), f, query)
			}
		}
	})
}

// resumer is a client that knows a channel by frames alone and comes back after losing its connection.
type resumer struct {
	view       view
	seq, delta int64
}

// take applies frames to the view until n were read or isFinished returns true. Within one connection, changes only rise.
func (c *resumer) take(t *testing.T, s *socket, n int, isFinished func(view) bool) bool {
	last := int64(0)
	for range n {
		f := s.next()
		c.view.apply(f)
		switch f["type"] {
		case "message":
			c.seq = max(c.seq, seqOf(f))
		case "edited", "deleted":
			change := int64(f["change"].(float64))
			if change <= last {
				t.Errorf("change %d came after %d", change, last)
			}
			last, c.delta = change, max(c.delta, change)
		}
		if isFinished(c.view) {
			return true
		}
	}
	return false
}

func TestResumedViewsEndLikeTheDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		replicas := []*replica{s.replica()}
		if s.db.URL != "" {
			replicas = append(replicas, s.replica())
		}
		var posting, reading sync.WaitGroup
		for n := range 2 {
			p := s.instructor(fmt.Sprint("speaker ", n))
			random := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), uint64(n)))
			posting.Go(func() { s.scribble(random, replicas, p, replicas[0].hq(), 150) })
		}
		final := &finalView{}
		for i := range 6 {
			p := s.user(fmt.Sprint(i))
			reading.Go(func() {
				client := &resumer{view: view{}}
				for round := 0; ; round++ {
					r := replicas[(i+round)%len(replicas)]
					query := fmt.Sprintf("?after_seq=%d&after_change=%d", client.seq, client.delta)
					a, status := r.dial(p, "/ws/channels/hq"+query)
					if status != 101 {
						t.Error(status)
						return
					}
					isDone := client.take(t, a, 5+7*i, final.isReached)
					_ = a.Close()
					if isDone {
						return
					}
				}
			})
		}
		posting.Wait()
		final.load(replicas[0])
		replicas[0].wakeUntilDone(&reading, s.user("typist"))
	})
}

package chat

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"lyceum/modules/chat/internal/live"
	"lyceum/modules/chat/internal/messages"
	"lyceum/platform/testkit"
)

// On the real Redis, too: two replicas deliver everything, in order, once.
func TestTwoReplicasOnRealServices(t *testing.T) {
	t.Parallel()
	s := onPostgres(t)
	s.redis = testkit.Redis(t)
	first, second := s.replica(), s.replica()
	uli, olga := s.user("Uli"), s.user("Olga")
	a, b := first.enter(uli, "/ws/channels/hq"), second.enter(olga, "/ws/channels/hq")
	for n := 1; n <= 20; n++ {
		from, to := a, b
		if n%2 == 0 {
			from, to = b, a
		}
		from.send(object{"type": "message", "body": fmt.Sprint(n)})
		require.Equal(t, int64(n), seqOf(from.until("message")))
		require.Equal(t, int64(n), seqOf(to.until("message")))
	}
}

// Z3: without Redis chat is delivered by reading the database.
func TestDeliveryGoesOnWithoutRedis(t *testing.T) {
	t.Parallel()
	s := onPostgres(t)
	mini := miniredis.NewMiniRedis()
	require.NoError(t, mini.Start())
	s.redis = "redis://" + mini.Addr()
	first, second := s.replica(), s.replica()
	uli, olga := s.user("Uli"), s.user("Olga")
	a, b := first.enter(uli, "/ws/channels/hq"), second.enter(olga, "/ws/channels/hq")
	mini.Close()
	for n := 1; n <= 3; n++ {
		began := time.Now()
		require.Equal(t, float64(n), a.say("hello")["seq"])
		require.Equal(t, int64(n), seqOf(b.until("message")))
		require.Less(t, time.Since(began), 2*time.Second)
	}
	id := items(first.want(200, uli, "GET", "/channels/hq/messages", nil))[0]["id"].(string)
	first.want(200, uli, "PATCH", "/channels/hq/messages/"+id, object{"body": "changed"})
	require.Equal(t, "changed", b.until("edited")["body"])
}

// view is a channel as a client knows it from frames alone: the bodies of messages by their numbers.
type view map[int64]string

func (v view) apply(f object) {
	seq := seqOf(f)
	switch f["type"] {
	case "message", "edited":
		v[seq] = fmt.Sprint(f["body"])
	case "deleted":
		v[seq] = ""
	}
}

// finalView is the view with which all clients must end. It is unknown until the last message is posted.
type finalView struct {
	mu   sync.Mutex
	want view
}

// load takes the final view from the database.
func (f *finalView) load(r *replica) {
	r.t.Helper()
	stored, err := r.messages.ListAfter(r.t.Context(), r.hq().ID, 0, 10_000)
	require.NoError(r.t, err)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.want = view{}
	for _, m := range stored {
		f.want[m.Seq] = m.Body
	}
}

// isReached returns whether the final view is known and v is like it.
func (f *finalView) isReached(v view) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.want != nil && maps.Equal(v, f.want)
}

// wakeUntilDone waits for readers. A reader that has everything waits for a frame before it looks at the
// final view, so somebody types meanwhile.
func (r *replica) wakeUntilDone(readers *sync.WaitGroup, typist person) {
	done := make(chan struct{})
	go func() { readers.Wait(); close(done) }()
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case <-done:
			tick.Stop()
			return
		case <-tick.C:
			r.bus.SendSignal(live.TopicTyping, r.hq().ID+" "+typist.id)
		}
	}
}

// A client that connects at any moment, while messages are posted, edited and deleted, ends with what the
// database holds.
func TestEveryViewEndsLikeTheDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		replicas := []*replica{s.replica()}
		if s.db.URL != "" {
			replicas = append(replicas, s.replica())
		}
		r := replicas[0]
		random := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 1))
		uli := s.instructor("Uli")
		var posting, reading sync.WaitGroup
		posting.Go(func() { s.scribble(random, replicas, uli, r.hq(), 120+testkit.Rounds(5000)) })
		final := &finalView{}
		for i := range 8 {
			p := s.user(fmt.Sprint(i))
			testkit.Eventually(t, func() bool { return r.hq().LastSeq >= int64(4*i) }, "messages before connection %d", i)
			reading.Go(func() {
				a := replicas[i%len(replicas)].enter(p, "/ws/channels/hq?after_seq=0")
				for v := (view{}); !final.isReached(v); {
					v.apply(a.next())
				}
			})
		}
		posting.Wait()
		final.load(r)
		r.wakeUntilDone(&reading, uli)
	})
}

// scribble posts, edits and deletes at random, on all replicas in turn.
func (s *site) scribble(random *rand.Rand, replicas []*replica, p person, c *channel, rounds int) {
	var ids []string
	for n := range rounds {
		r := replicas[n%len(replicas)]
		switch dice := random.IntN(10); {
		case dice < 5 || len(ids) == 0:
			m, err := r.post(p, c, messages.NewMessage{Body: fmt.Sprint("message ", n)})
			if err != nil {
				s.t.Error(err)
			}
			ids = append(ids, m.ID)
		case dice < 9:
			_, err := r.service.editMessage(r.as(p), c.Slug, ids[random.IntN(len(ids))], fmt.Sprint("edit ", n))
			if err != nil && !errors.Is(err, messages.ErrNoMessage) {
				s.t.Error(err)
			}
		default:
			err := r.service.deleteMessage(r.as(p), c.Slug, ids[random.IntN(len(ids))])
			if err != nil && !errors.Is(err, messages.ErrNoMessage) {
				s.t.Error(err)
			}
		}
	}
}

// W6: a socket that stops reading is closed and holds up nobody.
func TestSlowReadersAreCutOff(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	slow, fast, speaker := s.user("Slow"), s.user("Fast"), s.user("Speaker")
	a, b := r.enter(slow, "/ws/channels/hq"), r.enter(fast, "/ws/channels/hq")
	body := strings.Repeat("x", messages.MaxBody)
	const n = 3000
	go func() {
		for range n / 50 {
			r.append(speaker, slices.Repeat([]string{body}, 50)...)
			time.Sleep(10 * time.Millisecond) // a flood that fast readers can follow
		}
	}()
	for want := int64(1); want <= n; want++ {
		require.Equal(t, want, seqOf(b.until("message")))
	}
	require.Equal(t, 4408, a.closeCode())
}

// A feed that can't read the database tries again by itself.
func TestFeedsTryAgain(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	uli := s.user("Uli")
	a := r.enter(uli, "/ws/channels/hq")
	c := r.hq()
	require.NoError(t, r.db.Conn(t.Context()).Exec("ALTER TABLE chat_messages RENAME TO elsewhere").Error)
	r.bus.SendSignal(messages.TopicMessages, c.ID)
	require.Equal(t, "internal-error", a.say("x")["code"])
	time.Sleep(100 * time.Millisecond)
	require.NoError(t, r.db.Conn(t.Context()).Exec("ALTER TABLE elsewhere RENAME TO chat_messages").Error)
	require.Equal(t, 1.0, a.say("y")["seq"])
}

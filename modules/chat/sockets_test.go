package chat

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	client "github.com/fasthttp/websocket"
	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
)

func TestWelcomeMessageAndAck(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		uli, olga := s.user("Uli"), s.user("Olga")
		a, status := r.dial(uli, "/ws/channels/hq")
		require.Equal(t, 101, status)
		require.Equal(t, object{
			"type": "welcome", "channel": "hq", "user": object{"id": uli.id, "display_name": "Uli"},
			"last_seq": 0.0, "last_change": 0.0, "heartbeat_seconds": 30.0,
		}, a.next())
		b := r.enter(olga, "/ws/channels/hq")
		a.send(object{"type": "message", "body": "hi <there>", "client_id": "c1"})
		ack, own := a.until("ack", "message"), a.until("ack", "message") // in either order
		if ack["type"] == "message" {
			ack, own = own, ack
		}
		require.Equal(t, []any{"message", "c1"}, pick(own, "type", "client_id"))
		got := b.until("message")
		require.Equal(t, ack["id"], got["id"])
		require.Equal(t, []any{1.0, "hq", "hi <there>", nil, false},
			pick(got, "seq", "channel", "body", "edited_at", "deleted"))
		require.NotContains(t, got, "client_id")
		require.Equal(t, object{"type": "ack", "client_id": "c1", "seq": 1.0, "id": got["id"]}, ack)
		// The same again is acknowledged with the first and not told anew.
		a.send(object{"type": "message", "body": "changed", "client_id": "c1"})
		require.Equal(t, ack, a.until("ack", "message"))
		path := "/channels/hq/messages/" + got["id"].(string)
		r.want(200, uli, "PATCH", path, object{"body": "edited"})
		edited := b.until("edited", "message")
		require.Equal(t, []any{1.0, got["id"], "edited"}, pick(edited, "seq", "id", "body"))
		require.NotNil(t, edited["edited_at"])
		require.Equal(t, 1.0, edited["change"])
		r.want(204, uli, "DELETE", path, nil)
		require.Equal(t, object{"type": "deleted", "seq": 1.0, "id": got["id"], "change": 2.0}, b.until("deleted", "message"))
	})
}

// A client that does not wait for acknowledgments gets each, in the order in which it has sent.
func TestABurstOfMessagesOfOneSocket(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		a, b := r.enter(s.user("Uli"), "/ws/channels/hq"), r.enter(s.user("Olga"), "/ws/channels/hq")
		const count = 60
		for i := range count {
			a.send(object{"type": "message", "body": fmt.Sprint("text ", i), "client_id": fmt.Sprint(i)})
			if i%20 == 10 { // a repetition is acknowledged with the first
				a.send(object{"type": "message", "body": "again", "client_id": fmt.Sprint(i)})
			}
		}
		for i := range count {
			ack := a.until("ack", "error")
			require.Equal(t, []any{"ack", fmt.Sprint(i), float64(i + 1)}, pick(ack, "type", "client_id", "seq"))
			if i%20 == 10 {
				require.Equal(t, ack, a.until("ack", "error"))
			}
			require.Equal(t, []any{fmt.Sprint("text ", i), float64(i + 1)}, pick(b.until("message"), "body", "seq"))
		}
	})
}

func TestFramesOfClients(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	uli, olga := s.user("Uli"), s.user("Olga")
	a, b := r.enter(uli, "/ws/channels/hq"), r.enter(olga, "/ws/channels/hq")
	for code, frames := range map[string][]string{
		"validation-failed": {
			`{"type":"message","body":""}`, `{"type":"message"}`, `{"type":"message","body":"a\u0000b"}`,
			`{"type":"message","body":"` + strings.Repeat("x", 4001) + `"}`, `{"type":"message","body":"x","client_id":""}`,
			`{"type":"what"}`, `{}`, `{"type":"read"}`,
		},
		"malformed-request": {
			`{"type":"message","body":"\ud800"}`, `{"type":"message","body":5}`, `{"type":"message","body":"x","body":"y"}`,
			`nonsense`, `[]`,
		},
		"invalid-token": {`{"type":"auth"}`, `{"type":"auth","token":"x"}`},
		"forbidden":     {`{"type":"auth","token":"` + r.token(olga) + `"}`},
	} {
		for _, raw := range frames {
			require.NoError(t, a.WriteMessage(client.TextMessage, []byte(raw)))
			require.Equal(t, code, a.until("error", "ack")["code"], raw)
		}
	}
	a.send(object{"type": "ping"})
	require.Equal(t, object{"type": "pong"}, a.until("pong"))
	a.send(object{"type": "typing"})
	a.send(object{"type": "typing"}) // one is enough
	require.Equal(t, object{"type": "typing", "user": object{"id": uli.id, "display_name": "Uli"}}, b.until("typing"))
	a.send(object{"type": "auth", "token": r.token(uli)})
	require.Regexp(t, `^\d{4}-.*\.\d{3}Z$`, a.until("authenticated")["expires_at"])
	require.Equal(t, 1.0, a.say("still works")["seq"])
	f := b.until("message", "typing")
	require.Equal(t, "still works", f["body"], f)
}

func TestRefusedUpgrades(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	uli, ivo := s.user("Uli"), s.instructor("Ivo")
	r.want(201, ivo, "POST", "/channels", object{"title": "x", "visibility": "private"})
	for path, want := range map[string]int{
		"/ws/channels/none": 404, "/ws/channels/x": 403,
		"/ws/channels/hq?after_seq=-1": 422, "/ws/channels/hq?after_seq=": 422, "/ws/channels/hq?after_seq=1.0": 422,
	} {
		_, status := r.dial(uli, path)
		require.Equal(t, want, status, path)
	}
	require.Equal(t, "unauthenticated", r.want(401, person{}, "GET", "/ws/channels/hq", nil).code())
	require.Equal(t, "upgrade-required", r.want(426, uli, "GET", "/ws/channels/hq", nil).code())
	require.Equal(t, "forbidden", r.want(403, uli, "GET", "/ws/channels/hq", nil, "Origin", "https://evil.test").code())
}

func TestResumeSendsMissedMessagesOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		uli, olga := s.user("Uli"), s.user("Olga")
		for chunk := range slices.Chunk(numbered(5100), 100) {
			r.append(olga, chunk...)
		}
		history := items(r.want(200, olga, "GET", "/channels/hq/messages?after_seq=5049&limit=1", nil))
		r.want(204, olga, "DELETE", "/channels/hq/messages/"+history[0]["id"].(string), nil)
		for from, first := range map[int64]int64{0: 101, 99: 101, 100: 101, 5090: 5091} {
			a := r.enter(uli, fmt.Sprintf("/ws/channels/hq?after_seq=%d", from))
			f := a.next()
			if from < 100 {
				require.Equal(t, object{"type": "gap", "from_seq": float64(from + 1), "to_seq": 100.0}, f)
				f = a.next()
			}
			for want := first; want <= 5100; want++ {
				require.Equal(t, "message", f["type"], f)
				require.Equal(t, want, seqOf(f))
				require.Equal(t, want == 5050, f["deleted"])
				if want < 5100 {
					f = a.next()
				}
			}
			a.send(object{"type": "ping"})
			require.Equal(t, "pong", a.next()["type"])
		}
		for _, from := range []int{5100, 9999} {
			a := r.enter(uli, fmt.Sprintf("/ws/channels/hq?after_seq=%d", from))
			a.send(object{"type": "ping"})
			require.Equal(t, "pong", a.next()["type"])
		}
	})
}

// Readers that come and go while many post get every message after their last one, in order, once.
func TestReadersGetEachMessageOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		replicas := []*replica{s.replica()}
		if s.db.URL != "" {
			replicas = append(replicas, s.replica(), s.replica())
		}
		const speakers, each = 6, 40
		var talk, listen sync.WaitGroup
		for i := range speakers {
			p, r := s.user(fmt.Sprint(i)), replicas[i%len(replicas)]
			talk.Go(func() {
				a, status := r.dial(p, "/ws/channels/hq")
				if status != 101 {
					t.Error(status)
					return
				}
				go func() { // they receive their own messages, too
					for n := range each {
						_ = a.WriteJSON(object{"type": "message", "body": fmt.Sprint(i, n), "client_id": fmt.Sprint(n)})
					}
				}()
				for n := range each {
					if f := a.until("ack", "error"); f["client_id"] != fmt.Sprint(n) {
						t.Errorf("ack %d: %v", n, f)
						return
					}
				}
			})
		}
		for i := range 6 {
			p := s.user(fmt.Sprint("listener", i))
			listen.Go(func() {
				last := int64(0)
				for round := 0; last < speakers*each; round++ {
					a, status := replicas[(i+round)%len(replicas)].dial(p, fmt.Sprintf("/ws/channels/hq?after_seq=%d", last))
					if status != 101 {
						t.Error(status)
						return
					}
					for n := 0; (n < 37 || round > 5) && last < speakers*each; n++ {
						f := a.until("message")
						if seqOf(f) != last+1 {
							t.Errorf("listener %d, round %d: got %d after %d", i, round, seqOf(f), last)
							return
						}
						last++
					}
					_ = a.Close()
				}
			})
		}
		talk.Wait()
		listen.Wait()
	})
}

func TestPresenceOverAllReplicas(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		first, second := s.replicas()
		uli, olga := s.user("Uli"), s.user("Olga")
		a := first.enter(uli, "/ws/channels/hq")
		a2 := second.enter(uli, "/ws/channels/hq")
		b := second.enter(olga, "/ws/channels/hq")
		join := a.until("presence")
		require.Equal(t, []any{"join", object{"id": olga.id, "display_name": "Olga"}}, pick(join, "event", "user"))
		require.Len(t, join, 3)
		names := func(r *replica) (out []string) {
			for _, p := range items(r.want(200, uli, "GET", "/channels/hq/presence", nil)) {
				require.NotEmpty(t, p["since"])
				out = append(out, p["user"].(object)["display_name"].(string))
			}
			return out
		}
		require.Equal(t, []string{"Uli", "Olga"}, names(first))
		require.Equal(t, []string{"Uli", "Olga"}, names(second))
		_ = a2.Close() // one of two sockets: Uli is still there
		_ = b.Close()
		leave := a.until("presence")
		require.Equal(t, []any{"leave", "Olga"}, []any{leave["event"], leave["user"].(object)["display_name"]})
		require.Equal(t, []string{"Uli"}, names(second))
	})
}

// The accounts of a replica that dies are present no more.
func TestAccountsOfADeadReplicaAreNotPresent(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	uli := s.user("Uli")
	r.enter(uli, "/ws/channels/hq")
	require.Len(t, items(r.want(200, uli, "GET", "/channels/hq/presence", nil)), 1)
	old := time.Now().Add(-time.Hour).UnixMilli()
	require.NoError(t, r.db.Conn(t.Context()).Exec("UPDATE chat_replicas SET seen_at = ?", old).Error)
	require.Empty(t, items(r.want(200, uli, "GET", "/channels/hq/presence", nil)))
	// It was only frozen: it comes back by itself, even when it was forgotten meanwhile.
	require.NoError(t, r.db.Conn(t.Context()).Exec("DELETE FROM chat_replicas").Error)
	require.NoError(t, r.db.Conn(t.Context()).Exec("DELETE FROM chat_presence").Error)
	require.Eventually(t, func() bool {
		return len(items(r.want(200, uli, "GET", "/channels/hq/presence", nil))) == 1
	}, 5*time.Second, 50*time.Millisecond)
}

func TestNotificationsReachEverySocketOfTheirUser(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		first, second := s.replicas()
		uli, olga := s.user("Uli"), s.user("Olga")
		a, b := first.enter(uli, "/ws/channels/hq"), second.enter(uli, "/ws/channels/hq")
		c := second.enter(olga, "/ws/channels/hq")
		first.live.Push(uli.id, struct {
			ID    string  `json:"id"`
			Title string  `json:"title"`
			Read  *string `json:"read_at"`
		}{"n1", "hello", nil})
		want := object{"type": "notification", "id": "n1", "title": "hello", "read_at": nil}
		require.Equal(t, want, a.until("notification"))
		require.Equal(t, want, b.until("notification"))
		c.send(object{"type": "ping"})
		require.Equal(t, "pong", c.until("notification", "pong")["type"])
		first.live.Push(uli.id, "no object")          // told in the log
		first.live.Push(uli.id, make(chan int))       // so is this
		first.bus.SendSignal("chat.push", "nonsense") // and this is ignored
	})
}

func TestCloseCodes(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		s.ttl = 3 * time.Second
		r := s.replica()
		ivo := s.instructor("Ivo")
		r.want(201, ivo, "POST", "/channels", object{"title": "club", "visibility": "member"})
		for name, c := range map[string]struct {
			code  int
			cause func(p person)
		}{
			"role lost": {4403, func(p person) { r.changeAccount(p, func(a *usersapi.Account) { a.Role = usersapi.RoleUser }) }},
			"disabled":  {4401, func(p person) { r.changeAccount(p, func(a *usersapi.Account) { a.Active = false }) }},
			"logged out": {4401, func(p person) {
				s.accounts.mu.Lock()
				delete(s.accounts.sessions, p.session)
				s.accounts.mu.Unlock()
				r.bus.SendSignal(identity.TopicSession, p.session)
			}},
			"narrowed": {4403, func(person) {
				r.want(200, ivo, "PATCH", "/channels/club", object{"visibility": "private"})
			}},
		} {
			p := s.member("Mira")
			a := r.enter(p, "/ws/channels/club")
			began := time.Now()
			c.cause(p)
			require.Equal(t, c.code, a.closeCode(), name)
			require.Less(t, time.Since(began), time.Second, name)
			r.want(200, ivo, "PATCH", "/channels/club", object{"visibility": "member"})
		}
		p := s.member("Mira")
		a := r.enter(p, "/ws/channels/club")
		r.want(204, ivo, "DELETE", "/channels/club", nil)
		require.Equal(t, 4404, a.closeCode())
		b := r.enter(p, "/ws/channels/hq")
		require.Equal(t, 4401, b.closeCode()) // its token has run out
		d := r.enter(p, "/ws/channels/hq")
		go r.stop()
		require.Equal(t, 1001, d.closeCode())
	})
}

// W9: a message is refused after the right is lost, even before the socket is checked again.
func TestEachMessageIsAuthorized(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	ivo, mira := s.instructor("Ivo"), s.member("Mira")
	r.want(201, ivo, "POST", "/channels", object{"title": "club", "visibility": "member"})
	a := r.enter(mira, "/ws/channels/club")
	r.changeAccount(mira, func(a *usersapi.Account) { a.Role = usersapi.RoleUser })
	for range 20 {
		_ = a.WriteJSON(object{"type": "message", "body": "too late"})
	}
	require.Equal(t, 4403, a.closeCode())
	require.Equal(t, 0.0, r.want(200, ivo, "GET", "/channels/club", nil).body["last_seq"])
}

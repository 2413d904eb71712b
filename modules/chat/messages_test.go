package chat

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/chat/chatapi"
	"lyceum/modules/chat/internal/messages"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

func TestPostMessage(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		uli, olga := s.user("Uli"), s.user("Olga")
		const path = "/channels/hq/messages"
		r.want(401, person{}, "POST", path, object{"body": "x"})
		r.want(404, uli, "POST", "/channels/none/messages", object{"body": "x"})
		for name, bad := range map[string]object{
			"nothing": {}, "an empty body": {"body": ""}, "a long body": {"body": strings.Repeat("ü", 4001)},
			"an empty client id": {"body": "x", "client_id": ""},
			"a long client id":   {"body": "x", "client_id": strings.Repeat("x", 65)},
			"an unknown field":   {"body": "x", "seq": 1}, "U+0000": {"body": "a\x00b"},
		} {
			t.Run("refuses "+name, func(t *testing.T) { r.want(422, uli, "POST", path, bad) })
		}
		r.want(201, uli, "POST", path, object{"body": strings.Repeat("ü", 4000)})
		posted := r.want(201, uli, "POST", path, object{"body": "hello <b>", "client_id": "c"})
		require.Equal(t, path+"/"+posted.body["id"].(string), posted.header.Get("Location"))
		require.Equal(t, object{"id": uli.id, "display_name": "Uli"}, posted.body["user"])
		require.Equal(t, []any{2.0, "hq", "hello <b>", nil, false},
			pick(posted.body, "seq", "channel", "body", "edited_at", "deleted"))
		require.NotContains(t, posted.body, "client_id")
		again := r.want(200, uli, "POST", path, object{"body": "something else", "client_id": "c"})
		require.Equal(t, posted.body, again.body)
		other := r.want(201, olga, "POST", path, object{"body": "other author", "client_id": "c"})
		require.Equal(t, 3.0, other.body["seq"])
	})
}

func TestEditAndDeleteMessage(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		uli, olga, ivo := s.user("Uli"), s.user("Olga"), s.instructor("Ivo")
		const path = "/channels/hq/messages"
		posted := r.want(201, uli, "POST", path, object{"body": "x", "client_id": "c"})
		id := posted.body["id"].(string)
		r.want(403, olga, "PATCH", path+"/"+id, object{"body": "y"})
		r.want(403, ivo, "PATCH", path+"/"+id, object{"body": "y"})
		r.want(404, uli, "PATCH", path+"/"+ids.New(), object{"body": "y"})
		r.want(404, uli, "PATCH", path+"/x", object{"body": "y"})
		r.want(422, uli, "PATCH", path+"/"+id, object{"body": ""})
		etag := posted.header.Get("ETag")
		edited := r.want(200, uli, "PATCH", path+"/"+id, object{"body": "y"}, "If-Match", etag)
		require.Equal(t, "y", edited.body["body"])
		require.NotNil(t, edited.body["edited_at"])
		r.want(412, uli, "PATCH", path+"/"+id, object{"body": "z"}, "If-Match", etag)
		same := r.want(200, uli, "PATCH", path+"/"+id, object{"body": "y"})
		require.Equal(t, edited.header.Get("ETag"), same.header.Get("ETag"))

		r.want(403, olga, "DELETE", path+"/"+id, nil)
		r.want(404, uli, "DELETE", path+"/x", nil)
		r.want(204, ivo, "DELETE", path+"/"+id, nil)
		r.want(404, uli, "DELETE", path+"/"+id, nil)
		r.want(404, uli, "PATCH", path+"/"+id, object{"body": "back"})
		tombstone := items(r.want(200, olga, "GET", path, nil))[0]
		require.Equal(t, []any{1.0, id, "", true}, pick(tombstone, "seq", "id", "body", "deleted"))
		require.Equal(t, []string{"message.deleted"}, r.audit.actions())
		taken := r.want(200, uli, "POST", path, object{"body": "x", "client_id": "c"})
		require.Equal(t, 1.0, taken.body["seq"], "the client id of a tombstone stays taken")
	})
}

// A2: a message is found only in its own channel.
func TestMessagesAreFoundInTheirChannelOnly(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	ivo := s.instructor("Ivo")
	r.want(201, ivo, "POST", "/channels", object{"title": "other", "visibility": "public"})
	id := r.want(201, ivo, "POST", "/channels/hq/messages", object{"body": "x"}).body["id"].(string)
	r.want(404, ivo, "PATCH", "/channels/other/messages/"+id, object{"body": "y"})
	r.want(404, ivo, "DELETE", "/channels/other/messages/"+id, nil)
}

func TestEditingEndsAfterFifteenMinutes(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	uli := s.user("Uli")
	id := r.want(201, uli, "POST", "/channels/hq/messages", object{"body": "x"}).body["id"].(string)
	age := func(by time.Duration) {
		at := clock.System{}.Now().Add(-by)
		require.NoError(t, r.db.Conn(t.Context()).Exec("UPDATE chat_messages SET created_at = ?", at).Error)
	}
	age(14 * time.Minute)
	r.want(200, uli, "PATCH", "/channels/hq/messages/"+id, object{"body": "y"})
	age(15 * time.Minute)
	r.want(403, uli, "PATCH", "/channels/hq/messages/"+id, object{"body": "z"})
	r.want(204, uli, "DELETE", "/channels/hq/messages/"+id, nil)
}

func TestMessagesOfDeletedAccountsStay(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	uli, olga := s.user("Uli"), s.user("Olga")
	r.want(201, uli, "POST", "/channels/hq/messages", object{"body": "x"})
	s.accounts.Remove(uli.id)
	got := items(r.want(200, olga, "GET", "/channels/hq/messages", nil))[0]
	require.Equal(t, object{"id": uli.id, "display_name": usersapi.DeletedName}, got["user"])
}

func TestHistoryPages(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		uli := s.user("Uli")
		r.append(uli, numbered(25)...)
		walk := func(query string) (out [][]int64) {
			for path := "/channels/hq/messages?limit=10" + query; path != ""; {
				a := r.want(200, uli, "GET", path, nil)
				var page []int64
				for _, m := range items(a) {
					page = append(page, seqOf(m))
				}
				require.True(t, slices.IsSorted(page))
				out, path = append(out, page), ""
				if next, ok := a.body["next_cursor"].(string); ok {
					path = "/channels/hq/messages?limit=10" + query + "&cursor=" + next
				}
			}
			return out
		}
		from := func(a, b int64) (out []int64) {
			for ; a <= b; a++ {
				out = append(out, a)
			}
			return out
		}
		require.Equal(t, [][]int64{from(16, 25), from(6, 15), from(1, 5)}, walk(""))
		require.Equal(t, [][]int64{from(3, 12), from(1, 2)}, walk("&before_seq=13"))
		require.Equal(t, [][]int64{from(14, 23), from(24, 25)}, walk("&after_seq=13"))
		require.Equal(t, [][]int64{from(14, 16)}, walk("&after_seq=13&before_seq=17"))
		require.Equal(t, [][]int64{from(1, 10), from(11, 20), from(21, 25)}, walk("&after_seq=0"))
		require.Equal(t, [][]int64{nil}, walk("&after_seq=99"))
		require.Equal(t, [][]int64{nil}, walk("&before_seq=0"))
		for _, bad := range []string{"after_seq=-1", "after_seq=1.5", "before_seq=x", "limit=0", "limit=101", "cursor=x"} {
			r.want(422, uli, "GET", "/channels/hq/messages?"+bad, nil)
		}
		a := r.want(200, uli, "GET", "/channels/hq/messages", nil)
		r.want(422, uli, "GET", "/channels/hq/messages?after_seq=3&cursor="+a.body["next_cursor"].(string), nil)
		require.Equal(t, 304, r.call(uli, "GET", "/channels/hq/messages", nil, "If-None-Match", a.header.Get("ETag")).status)
	})
}

// W8: numbers have no gaps and no doubles, whoever writes at once and however.
func TestConcurrentSendersGetGaplessNumbers(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		c := r.hq()
		const senders, each = 8, 25
		var wg sync.WaitGroup
		var mu sync.Mutex
		seen := map[int64]string{}
		for i := range senders {
			p := s.user(fmt.Sprint(i))
			wg.Go(func() {
				for n := range each {
					id := fmt.Sprintf("%d", n/2*2) // every second one repeats the one before
					said := messages.NewMessage{Body: fmt.Sprint(i, n), ClientID: &id}
					if i == 0 { // as a request with an Idempotency-Key does
						said.ID = ids.New()
					}
					m, err := r.post(p, c, said)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					if m.IsFresh && seen[m.Seq] != "" || m.IsFresh != (n%2 == 0) {
						t.Errorf("seq %d: fresh %v, before %q", m.Seq, m.IsFresh, seen[m.Seq])
					}
					seen[m.Seq] = m.ID
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		const total = senders * (each/2 + 1)
		require.Len(t, seen, total)
		for seq := int64(1); seq <= total; seq++ {
			require.NotEmpty(t, seen[seq], "seq %d is missing", seq)
		}
		after, err := r.service.findChannel(t.Context(), hqSlug)
		require.NoError(t, err)
		require.Equal(t, int64(total), after.LastSeq)
	})
}

// What is rolled back takes no number.
func TestMessagesRolledBackLeaveNoGap(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	uli := s.user("Uli")
	c := r.hq()
	err := r.db.InTx(r.as(uli), func(x ctx) error {
		draft := messages.Draft{AuthorID: uli.id, NewMessage: messages.NewMessage{Body: "never"}}
		if _, err := r.messages.Append(x, c.ID, []messages.Draft{draft}); err != nil {
			return err
		}
		return errNotReader
	})
	require.ErrorIs(t, err, errNotReader)
	m, err := r.post(uli, c, messages.NewMessage{Body: "kept"})
	require.NoError(t, err)
	require.Equal(t, int64(1), m.Seq)
}

// A process that dies between the commit of a message and that of its answer leaves a record that is not done.
func TestInterruptedRequestFindsItsMessage(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		uli := s.user("Uli")
		for _, body := range []object{{"body": "once"}, {"body": "with a client id", "client_id": "c1"}} {
			first := r.call(uli, "POST", "/channels/hq/messages", body, "Idempotency-Key", body["body"].(string))
			require.Equal(t, 201, first.status)
			undone := "UPDATE idempotency_records SET done = FALSE, claimed_until = 0"
			require.NoError(t, r.db.Conn(t.Context()).Exec(undone).Error)
			again := r.call(uli, "POST", "/channels/hq/messages", body, "Idempotency-Key", body["body"].(string))
			require.Equal(t, 201, again.status)
			require.Empty(t, again.header.Get("Idempotency-Replayed"), "the answer is made anew")
			require.Equal(t, first.body, again.body)
			require.Equal(t, first.header.Get("Location"), again.header.Get("Location"))
		}
		require.Len(t, r.want(200, uli, "GET", "/channels/hq/messages", nil).body["items"], 2)
	})
}

func TestMentionsReachReadersOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		ivo, uli, olga := s.instructor("Ivo"), s.user("Uli"), s.user("Olga")
		r.want(201, ivo, "POST", "/channels", object{"title": "staff", "visibility": "private"})
		r.want(200, ivo, "PUT", "/channels/staff/members/"+uli.id, nil)
		body := fmt.Sprintf("<@%s> <@%s> <@%s> <@%s> <@%s> <@x>", uli.id, uli.id, olga.id, ivo.id, ids.New())
		said := r.want(201, ivo, "POST", "/channels/staff/messages", object{"body": body})
		deliver := func() []chatapi.Mentioned {
			_, err := r.events.RelayOnce(t.Context())
			require.NoError(t, err)
			var out []chatapi.Mentioned
			for len(r.mentions) > 0 {
				out = append(out, <-r.mentions)
			}
			return out
		}
		id := said.body["id"].(string)
		want := chatapi.Mentioned{MessageID: id, ChannelSlug: "staff", AuthorID: ivo.id, UserIDs: []string{uli.id}}
		require.Equal(t, []chatapi.Mentioned{want}, deliver())
		r.want(200, ivo, "PATCH", "/channels/staff/messages/"+id, object{"body": "again <@" + uli.id + ">"})
		require.Empty(t, deliver())
		plain := r.want(201, ivo, "POST", "/channels/staff/messages", object{"body": "nobody"}).body["id"].(string)
		r.want(200, ivo, "PATCH", "/channels/staff/messages/"+plain, object{"body": "<@" + uli.id + ">"})
		require.Len(t, deliver(), 1)
	})
}

func TestTicketsOpenOneSocketOnAnyReplica(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		other := s.replica()
		uli := s.user("Uli")
		issue := func() string {
			a := r.want(201, uli, "POST", "/ws/tickets", nil)
			require.Equal(t, 30.0, a.body["expires_in"])
			return a.body["ticket"].(string)
		}
		code := issue()
		require.Len(t, code, 43)
		var stored int64
		require.NoError(t, r.db.Conn(t.Context()).Raw("SELECT count(*) FROM chat_tickets").Scan(&stored).Error)
		require.Equal(t, int64(1), stored)
		open := func(code string) int {
			return other.call(person{}, "GET", "/ws/channels/hq?ticket="+code, nil).status
		}
		require.Equal(t, 426, open(code)) // a plain GET, on another replica: the ticket held and is used up
		require.Equal(t, 401, open(code))
		require.Equal(t, 401, open("x"))
		late := issue()
		require.NoError(t, r.db.Conn(t.Context()).Exec("UPDATE chat_tickets SET expires_at = ?", clock.System{}.Now()).Error)
		require.Equal(t, 401, open(late))
		r.want(401, person{}, "POST", "/ws/tickets", nil)
	})
}

func TestCleanUp(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		ivo, uli := s.instructor("Ivo"), s.user("Uli")
		r.want(201, ivo, "POST", "/channels", object{"title": "gone", "visibility": "private"})
		r.want(200, ivo, "PUT", "/channels/gone/members/"+uli.id, nil)
		r.want(201, ivo, "POST", "/channels/gone/messages", object{"body": "x"})
		r.want(201, ivo, "POST", "/channels/hq/messages", object{"body": "stays"})
		r.want(204, ivo, "DELETE", "/channels/gone", nil)
		r.want(201, uli, "POST", "/ws/tickets", nil)
		count := func(table string) (n int64) {
			require.NoError(t, r.db.Conn(t.Context()).Raw("SELECT count(*) FROM "+table).Scan(&n).Error)
			return n
		}
		require.NoError(t, r.service.cleanUp(t.Context()))
		require.Equal(t, int64(2), count("chat_messages"))
		old := clock.System{}.Now().Add(-25 * time.Hour)
		conn := r.db.Conn(t.Context())
		require.NoError(t, conn.Exec("UPDATE chat_channels SET deleted_at = ? WHERE deleted_at IS NOT NULL", old).Error)
		require.NoError(t, conn.Exec("UPDATE chat_tickets SET expires_at = ?", old).Error)
		require.NoError(t, conn.Exec("INSERT INTO chat_replicas (id, seen_at) VALUES (?, ?)", ids.New(), old).Error)
		require.NoError(t, r.service.cleanUp(t.Context()))
		for table, want := range map[string]int64{
			"chat_messages": 1, "chat_channels": 1, "chat_members": 0, "chat_tickets": 0, "chat_replicas": 0,
		} {
			require.Equal(t, want, count(table), table)
		}
	})
}

// A list costs the same number of queries whatever its length.
func TestChannelListIsOneQuery(t *testing.T) {
	s := onSQLite(t)
	r := s.replica()
	uli := s.user("Uli")
	r.append(uli)
	counted, n := db.CountStatements(r.as(uli))
	h := newHandlers(r.service, r.live, r.hub, nil, nil)
	v, err := r.service.access.filterFor(counted, identity.CallerFrom(counted))
	require.NoError(t, err)
	_, err = h.service.store.listChannels(counted, v, nil, 20)
	require.NoError(t, err)
	require.Equal(t, int64(1), n.Load())
}

package chat

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/chat/internal/holdings"
	"lyceum/modules/users/userstest"
)

// export reads an account's holdings in pages of two.
func (r *replica) export(p person) map[string][]object {
	r.t.Helper()
	return userstest.ReadExport(r.t, holdings.NewHolder(r.db, r.service.signalAccountErased, 2), p.id)
}

func (r *replica) erase(p person) {
	r.t.Helper()
	require.NoError(r.t, r.db.InTx(r.t.Context(), func(x ctx) error { return newHolder(r.db, r.service).Erase(x, p.id) }))
}

func (r *replica) rows(table string, p person) (n int64) {
	r.t.Helper()
	require.NoError(r.t, r.db.Conn(r.t.Context()).Table(table).Where("user_id = ?", p.id).Count(&n).Error)
	return n
}

// chatter lets people do the same in hq and in three private channels of ivo.
func chatter(r *replica, ivo person, people ...person) {
	for i := range 3 {
		slug := fmt.Sprintf("room-%d", i)
		r.want(201, ivo, "POST", "/channels", object{"slug": slug, "title": "Room", "visibility": "private"})
		for _, p := range people {
			r.want(200, ivo, "PUT", "/channels/"+slug+"/members/"+p.id, nil)
		}
	}
	for i := range 5 {
		for _, p := range people {
			r.want(201, p, "POST", "/channels/hq/messages", object{"body": fmt.Sprintf("m %d", i)})
			r.want(201, p, "POST", "/channels/room-1/messages", object{"body": "here, too"})
		}
	}
	for _, p := range people {
		for _, slug := range []string{"hq", "room-0", "room-1", "room-2"} {
			c, err := r.service.findChannel(r.t.Context(), slug)
			require.NoError(r.t, err)
			require.NoError(r.t, r.service.store.raiseReadMarker(r.t.Context(), p.id, c.ID, 3))
		}
		r.want(201, p, "POST", "/ws/tickets", nil)
	}
}

func TestHoldingsAreExportedAndErased(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		ivo, uli, olga := s.instructor("Ivo"), s.user("Uli"), s.user("Olga")
		chatter(r, ivo, uli, olga)
		mine := items(r.want(200, uli, "GET", "/channels/hq/messages", nil))[0]
		r.want(204, ivo, "DELETE", "/channels/hq/messages/"+mine["id"].(string), nil)
		r.enter(uli, "/ws/channels/hq")

		got, before := r.export(uli), r.export(olga)
		require.Len(t, got, 3)
		require.Len(t, got["messages"], 9)
		first := got["messages"][0]
		require.Equal(t, []any{"hq", 3.0, "m 1", nil}, pick(first, "channel", "seq", "body", "edited_at"))
		require.Len(t, first, 6)
		require.Equal(t, []any{"room-1", 9.0, "here, too"}, pick(got["messages"][8], "channel", "seq", "body"))
		require.Len(t, got["memberships"], 3)
		require.Equal(t, "room-2", got["memberships"][2]["channel"])
		require.Len(t, got["read_marks"], 4)
		require.Equal(t, object{"channel": "hq", "seq": 3.0}, got["read_marks"][0])
		require.Len(t, before["messages"], 10)

		for range 2 {
			r.erase(uli)
			require.Equal(t, map[string][]object{"messages": got["messages"]}, r.export(uli), "what was said stays")
			require.Equal(t, before, r.export(olga))
		}
		for _, table := range []string{"chat_members", "chat_marks", "chat_tickets", "chat_presence"} {
			require.Zero(t, r.rows(table, uli), table)
		}
		require.EqualValues(t, 1, r.rows("chat_tickets", olga))
	})
}

func TestChannelsOfErasedAccountsStay(t *testing.T) {
	onBoth(t, func(t *testing.T, s *site) {
		r := s.replica()
		ivo, other, uli, ada := s.instructor("Ivo"), s.instructor("Ina"), s.user("Uli"), s.admin("Ada")
		chatter(r, ivo, uli)
		r.want(201, ivo, "POST", "/channels", object{"slug": "gone", "title": "Gone", "visibility": "public"})
		r.want(204, ivo, "DELETE", "/channels/gone", nil)
		r.want(201, other, "POST", "/channels", object{"slug": "others", "title": "Others", "visibility": "private"})
		made, others := r.export(ivo)["channels_created"], r.export(other)
		require.Len(t, made, 3)
		require.Equal(t, []any{"room-0", "Room", "private", nil}, pick(made[0], "slug", "title", "visibility", "course_id"))
		require.Len(t, others["channels_created"], 1)

		r.erase(ivo)
		require.Empty(t, r.export(ivo))
		require.Equal(t, others, r.export(other))
		r.want(403, ivo, "GET", "/channels/room-0", nil)
		r.want(200, uli, "GET", "/channels/room-0", nil)
		r.want(200, ada, "PATCH", "/channels/room-0", object{"title": "Kept"})
	})
}

// Replicas ask again for the rights of an erased account: it does not stay in a private channel.
func TestErasedAccountsLoseTheirSockets(t *testing.T) {
	s := onSQLite(t)
	here, there := s.replica(), s.replica()
	ivo, uli := s.instructor("Ivo"), s.user("Uli")
	chatter(here, ivo, uli)
	owner, member := there.enter(ivo, "/ws/channels/room-0"), there.enter(uli, "/ws/channels/room-0")
	for _, s := range []*socket{owner, member} {
		require.Equal(t, "ack", s.say("still here")["type"]) // so the right and the channel are known there
	}
	began := time.Now()
	here.erase(uli)
	here.erase(ivo)
	require.Equal(t, 4403, member.closeCode())
	require.Equal(t, 4403, owner.closeCode())
	require.Less(t, time.Since(began), 3*time.Second)
}

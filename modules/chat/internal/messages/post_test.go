package messages

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/chat/chatapi"
	"lyceum/platform/apperr"
	"lyceum/platform/ids"
)

func TestPost(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		uli, olga := b.newAccount(), b.newAccount()
		first := b.post(uli, NewMessage{Body: "one", ClientID: pointer("c")})
		require.Equal(t, []any{int64(1), uli, "one", true, true},
			[]any{first.Seq, first.AuthorID, first.Body, first.IsFresh, first.IsCreated})
		require.Equal(t, []string{TopicMessages + " " + b.channel.ID}, b.signals)

		// Cases follow each other: each says which number the channel ends with.
		operationID := ids.New()
		for _, c := range []struct {
			name           string
			author         string
			message        NewMessage
			want           string
			fresh, created bool
			lastSeq        int64
		}{
			{"a used client id returns the first message", uli, NewMessage{Body: "other", ClientID: pointer("c")},
				"one", false, false, 1},
			{"client ids belong to their author", olga, NewMessage{Body: "two", ClientID: pointer("c")}, "two", true, true, 2},
			{"an operation stores its message", uli, NewMessage{Body: "three", ID: operationID}, "three", true, true, 3},
			{"an operation finds its message again", uli, NewMessage{Body: "three", ID: operationID}, "three", false, true, 3},
			{"the longest body is accepted", uli, NewMessage{Body: strings.Repeat("ü", MaxBody)},
				strings.Repeat("ü", MaxBody), true, true, 4},
		} {
			got := b.post(c.author, c.message)
			require.Equal(t, []any{c.want, c.fresh, c.created}, []any{got.Body, got.IsFresh, got.IsCreated}, c.name)
			require.Equal(t, c.lastSeq, b.head().LastSeq, c.name)
		}
		require.Len(t, b.signals, 4, "nothing is signaled for what was stored before")
	})
}

func TestPostRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		uli := b.newAccount()
		for name, refused := range map[string]NewMessage{
			"an empty body":         {},
			"a long body":           {Body: strings.Repeat("ü", MaxBody+1)},
			"U+0000 in the body":    {Body: "a\x00b"},
			"an empty client id":    {Body: "x", ClientID: pointer("")},
			"a long client id":      {Body: "x", ClientID: pointer(strings.Repeat("ü", maxClientID+1))},
			"U+0000 in a client id": {Body: "x", ClientID: pointer("\x00")},
		} {
			_, err := b.Post(b.as(uli), b.channel, refused)
			e, ok := apperr.As(err)
			require.True(t, ok, name)
			require.Equal(t, "validation-failed", e.Code, name)
		}
		_, err := b.Post(b.as(uli), Channel{ID: ids.New()}, NewMessage{Body: "x"})
		require.ErrorIs(t, err, errNoChannel)
		require.Zero(t, b.head().LastSeq)
		require.Empty(t, b.signals)
	})
}

func TestAppendStoresAllOrNone(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		uli := b.newAccount()
		same := NewMessage{Body: "same", ClientID: pointer("c")}
		drafts := []Draft{
			{NewMessage: NewMessage{Body: "first"}, AuthorID: uli},
			{NewMessage: same, AuthorID: uli}, {NewMessage: same, AuthorID: uli}, // twice in one group
			{NewMessage: NewMessage{Body: "last"}, AuthorID: uli},
		}
		posted, err := b.Append(t.Context(), b.channel.ID, drafts)
		require.NoError(t, err)
		var got []string
		for _, p := range posted {
			got = append(got, fmt.Sprint(p.Seq, " ", p.Body, " ", p.IsFresh))
		}
		require.Equal(t, []string{"1 first true", "2 same true", "2 same false", "3 last true"}, got)
		require.EqualValues(t, 3, b.head().LastSeq, "the number that was not needed is returned")

		planted := errors.New("planted")
		err = b.db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := b.Append(ctx, b.channel.ID, drafts[:1])
			require.NoError(t, err)
			return planted
		})
		require.ErrorIs(t, err, planted)
		require.EqualValues(t, 3, b.head().LastSeq)
		require.EqualValues(t, 4, b.post(uli, NewMessage{Body: "after"}).Seq)
	})
}

func TestMentionsReachReadersOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		author, reader, hidden, disabled := b.newAccount(), b.newAccount(), b.newAccount(), b.newAccount()
		b.hidden[hidden] = true
		b.accounts.Disable(disabled)
		body := fmt.Sprintf("<@%s> <@%s> <@%s> <@%s> <@%s> <@%s>", reader, reader, author, hidden, disabled, ids.New())
		m := b.post(author, NewMessage{Body: body})
		want := chatapi.Mentioned{MessageID: m.ID, ChannelSlug: "hq", AuthorID: author, UserIDs: []string{reader}}
		require.Equal(t, []chatapi.Mentioned{want}, b.mentions)

		other := b.newAccount()
		_, err := b.Edit(b.as(author), b.channel, m.ID, fmt.Sprintf("<@%s> <@%s>", reader, other))
		require.NoError(t, err)
		want.UserIDs = []string{other}
		require.Equal(t, want, b.mentions[1], "an edit tells those whom the message did not mention before")
		require.Len(t, b.mentions, 2)
	})
}

func TestParseMentions(t *testing.T) {
	author, one, two := ids.New(), ids.New(), ids.New()
	many := ""
	for range maxMentions + 5 {
		many += "<@" + ids.New() + ">"
	}
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"none":                       {"hello @one <@x> <@" + one[:35] + ">", nil},
		"each once, in their order":  {"<@" + two + "><@" + one + "> <@" + two + ">", []string{two, one}},
		"without the author":         {"<@" + author + "> <@" + one + ">", []string{one}},
		"no id though it looks like": {"<@" + strings.Repeat("-", 36) + ">", nil},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, parseMentions(c.body, author)) })
	}
	t.Run("at most fifty", func(t *testing.T) { require.Len(t, parseMentions(many, author), maxMentions) })
}

func TestMessageCanBeEditedForFifteenMinutes(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		uli := b.newAccount()
		m := b.post(uli, NewMessage{Body: "x"})
		setAge := func(age time.Duration) {
			at := b.clock.Now().Add(-age)
			require.NoError(t, b.db.Conn(t.Context()).Exec("UPDATE chat_messages SET created_at = ?", at).Error)
		}
		setAge(editWindow - time.Second)
		edited, err := b.Edit(b.as(uli), b.channel, m.ID, "y")
		require.NoError(t, err)
		require.Equal(t, []any{"y", int64(1), int64(2)}, []any{edited.Body, edited.Change, edited.Version})
		setAge(editWindow)
		_, err = b.Edit(b.as(uli), b.channel, m.ID, "z")
		require.ErrorIs(t, err, errTooLate)
		require.NoError(t, b.Delete(b.as(uli), b.channel, m.ID), "deleting has no end")
	})
}

func TestEditAndDelete(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		uli, olga := b.newAccount(), b.newAccount()
		m := b.post(uli, NewMessage{Body: "x"})
		b.signals = nil
		for name, c := range map[string]struct {
			caller, id, body string
			want             error
		}{
			"another author":     {olga, m.ID, "y", errNotAuthor},
			"an unknown message": {uli, ids.New(), "y", ErrNoMessage},
			"no id":              {uli, "x", "y", ErrNoMessage},
		} {
			_, err := b.Edit(b.as(c.caller), b.channel, c.id, c.body)
			require.ErrorIs(t, err, c.want, name)
		}
		_, err := b.Edit(b.as(uli), Channel{ID: ids.New()}, m.ID, "y")
		require.ErrorIs(t, err, errNoChannel)
		same, err := b.Edit(b.as(uli), b.channel, m.ID, "x")
		require.NoError(t, err)
		require.EqualValues(t, 1, same.Version, "the same body changes nothing")
		require.Empty(t, b.signals)
		require.Zero(t, b.head().LastChange)

		require.ErrorIs(t, b.Delete(b.as(olga), b.channel, m.ID), errNotRemover)
		require.NoError(t, b.Delete(b.as(uli), b.channel, m.ID))
		require.Equal(t, []string{TopicChanges + " " + b.channel.ID}, b.signals)
		require.Equal(t, "message.deleted", b.entries[0].Action)
		require.EqualValues(t, 1, b.head().LastChange)
		require.ErrorIs(t, b.Delete(b.as(uli), b.channel, m.ID), ErrNoMessage)
		_, err = b.Edit(b.as(uli), b.channel, m.ID, "back")
		require.ErrorIs(t, err, ErrNoMessage)
	})
}

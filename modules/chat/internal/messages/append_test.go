package messages

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/db"
)

// What is new takes one statement on PostgreSQL; a repeated message makes the steps sort the group out.
func TestAppendTakesOneStatement(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		uli, olga := b.newAccount(), b.newAccount()
		drafts := []Draft{
			{NewMessage: NewMessage{Body: "one", ClientID: pointer("c")}, AuthorID: uli},
			{NewMessage: NewMessage{Body: "two"}, AuthorID: olga},
		}
		ctx, statements := db.CountStatements(t.Context())
		posted, err := b.Append(ctx, b.channel.ID, drafts)
		require.NoError(t, err)
		require.Equal(t, []int64{1, 2}, []int64{posted[0].Seq, posted[1].Seq})
		stored, err := b.ListAfter(t.Context(), b.channel.ID, 0, 10)
		require.NoError(t, err)
		require.Equal(t, []Message{posted[0].Message, posted[1].Message}, stored, "what is returned is what is stored")
		if b.db.Dialect() == db.Postgres {
			require.EqualValues(t, 1, statements.Load())
			require.Equal(t, []Appended{{b.channel.ID, stored, 0}}, b.appended)
		} else {
			require.Empty(t, b.appended)
		}

		posted, err = b.Append(t.Context(), b.channel.ID, drafts)
		require.NoError(t, err)
		require.Equal(t, []int64{1, 3}, []int64{posted[0].Seq, posted[1].Seq})
		require.Equal(t, []bool{false, true}, []bool{posted[0].IsFresh, posted[1].IsFresh})
		require.Len(t, b.signals, 2)

		_, err = b.Edit(b.as(uli), b.channel, posted[0].ID, "changed")
		require.NoError(t, err)
		_, err = b.Append(t.Context(), b.channel.ID, drafts[1:])
		require.NoError(t, err)
		if n := len(b.appended); n > 0 {
			require.EqualValues(t, 1, b.appended[n-1].LastChange)
		}
		_, err = b.Append(t.Context(), uli, drafts)
		require.ErrorIs(t, err, errNoChannel)
	})
}

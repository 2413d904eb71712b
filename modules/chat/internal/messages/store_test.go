package messages

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// seed stores messages "1" to "9" and changes 2, 5, 3 and 2 again, in this order.
func (b *bench) seed() {
	b.t.Helper()
	uli := b.newAccount()
	ids := map[int]string{}
	for n := 1; n <= 9; n++ {
		ids[n] = b.post(uli, NewMessage{Body: fmt.Sprint(n)}).ID
	}
	for _, n := range []int{2, 5, 3} {
		_, err := b.Edit(b.as(uli), b.channel, ids[n], fmt.Sprint(n, "'"))
		require.NoError(b.t, err)
	}
	require.NoError(b.t, b.Delete(b.as(uli), b.channel, ids[2]))
}

func TestListSpan(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.seed()
		for _, c := range []struct {
			span Span
			want string
		}{
			{Span{}, "[1  3' 4 5']"},
			{Span{NewestFirst: true}, "[9 8 7 6 5']"},
			{Span{After: 6}, "[7 8 9]"},
			{Span{After: 6, Before: 9}, "[7 8]"},
			{Span{Before: 4, NewestFirst: true}, "[3'  1]"},
			{Span{After: 9}, "[]"},
			{Span{Before: 1}, "[]"},
		} {
			got, err := b.ListSpan(t.Context(), b.channel.ID, c.span, 5)
			require.NoError(t, err)
			require.Equal(t, c.want, fmt.Sprint(bodies(got)), "%+v", c.span)
		}
		after, err := b.ListAfter(t.Context(), b.channel.ID, 7, 5)
		require.NoError(t, err)
		require.Equal(t, []string{"8", "9"}, bodies(after))
	})
}

func TestListChanged(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.seed()
		for _, c := range []struct {
			changes ChangeRange
			want    string // changes with their messages
			older   OlderChanges
		}{
			{ChangeRange{After: 0, UpTo: NoUpperBound, MaxSeq: 9}, "[2:5 3:3 4:2]", OlderChanges{1, 5, 5, 2}},
			{ChangeRange{After: -1, UpTo: NoUpperBound, MaxSeq: 9}, "[2:5 3:3 4:2]", OlderChanges{1, 5, 5, 2}},
			{ChangeRange{After: 2, UpTo: NoUpperBound, MaxSeq: 9}, "[3:3 4:2]", OlderChanges{}},
			{ChangeRange{After: 0, UpTo: 3, MaxSeq: 9}, "[2:5 3:3]", OlderChanges{}},
			{ChangeRange{After: 0, UpTo: NoUpperBound, MaxSeq: 3}, "[3:3 4:2]", OlderChanges{}},
			{ChangeRange{After: 4, UpTo: NoUpperBound, MaxSeq: 9}, "[]", OlderChanges{}},
		} {
			list, err := b.ListChanged(t.Context(), b.channel.ID, c.changes, 5)
			require.NoError(t, err)
			got := []string{}
			for _, m := range list {
				got = append(got, fmt.Sprint(m.Change, ":", m.Seq))
			}
			require.Equal(t, c.want, fmt.Sprint(got), "%+v", c.changes)
			older, err := b.DescribeOlderChanges(t.Context(), b.channel.ID, c.changes, 2)
			require.NoError(t, err)
			require.Equal(t, c.older, older, "%+v", c.changes)
		}
		require.Equal(t, Head{b.channel.ID, 9, 4}, b.head())
	})
}

func TestListAuthorIDs(t *testing.T) {
	require.Equal(t, []string{"a", "b"}, ListAuthorIDs([]Message{{AuthorID: "b"}, {AuthorID: "a"}, {AuthorID: "b"}}))
	require.Empty(t, ListAuthorIDs(nil))
}

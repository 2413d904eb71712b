package text

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCutsSplitNoCharacter(t *testing.T) {
	for _, c := range []struct {
		in             string
		limit          int
		cut, shortened string
	}{
		{"", 3, "", ""},
		{"abc", 3, "abc", "abc"},
		{"abcd", 3, "abc", "abc…"},
		{"aü", 3, "aü", "aü"},
		{"aü", 2, "a", "a…"},
		{"日本", 5, "日", "日…"},
		{"🙂", 3, "", "…"},
	} {
		require.Equal(t, c.cut, CutBytes(c.in, c.limit), c.in)
		require.Equal(t, c.shortened, Shorten(c.in, c.limit), c.in)
	}
}

package storage

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"lyceum/platform/keyset"
)

func TestPrefixesAreComparedByBytes(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, key := range []string{"a_b/1", "a%b/2", "A_B/3", "日本/4"} {
			w.storeAsset(key)
		}
		last := string(utf8.MaxRune)
		for _, key := range []string{"x\uD7FF", "x\uE000", "x" + last, "x" + last + last, "y"} {
			w.storeAsset(key)
		}
		w.mustBeginUpload(textUpload("pending"))
		keys := func(uploader, prefix string, after *keyset.Position, limit int) (out []string) {
			found, err := w.store.list(t.Context(), uploader, prefix, after, limit)
			require.NoError(t, err)
			for _, a := range found {
				out = append(out, a.Key)
			}
			return out
		}
		require.Equal(t, []string{"y", "x" + last + last, "x" + last, "x\uE000", "x\uD7FF"}, keys("", "", nil, 5))
		require.Equal(t, []string{"x" + last + last, "x" + last, "x\uE000", "x\uD7FF"}, keys("", "x", nil, 10))
		require.Equal(t, []string{"x\uD7FF"}, keys("", "x\uD7FF", nil, 10))
		require.Equal(t, []string{"x" + last + last, "x" + last}, keys("", "x"+last, nil, 10))
		require.Empty(t, keys("", last, nil, 10))
		require.Equal(t, []string{"a_b/1"}, keys(teacher.UserID, "a_", nil, 10), "a prefix is no pattern and minds case")
		require.Equal(t, []string{"a%b/2"}, keys("", "a%", nil, 10))
		require.Equal(t, []string{"日本/4"}, keys("", "日", nil, 10))
		require.Empty(t, keys(other.UserID, "", nil, 10))
	})
}

package assetkey

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A key is only a name, and one that misleads nobody.
func TestWhatIsAKey(t *testing.T) {
	for _, key := range []string{
		"a", "lessons/video.mp4", "Ünïcode/日本語/🎬.mp4", "...", "a/.hidden", "with space/and 'quotes'",
		strings.Repeat("é", MaxLength), "x\uF8FF",
	} {
		require.NoError(t, Check(key), key)
	}
	for _, key := range []string{
		"", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/..", `a\b`, "a\x00", "a\nb", "a\x7f", "a\u0085",
		"a\u202eb", "a\u2066b", "\u061c",
		"a\u200b", "a\u00adb", "\ufeffa", "a\u00a0b", "a\u3000b", "a\xff", strings.Repeat("é", MaxLength+1),
	} {
		require.Error(t, Check(key), "%q", key)
	}
	require.Equal(t, "video.mp4", FileName("lessons/video.mp4"))
	require.Equal(t, "a", FileName("a"))
}

func TestWithNumber(t *testing.T) {
	long := strings.Repeat("ü", 500) + ".tar.gz"
	for _, c := range [][2]string{
		{"a/.env", "a/.env-2"}, {".env", ".env-2"}, {"a", "a-2"}, {"a.b/c", "a.b/c-2"}, {"a.", "a-2."},
		{long, strings.Repeat("ü", 500) + ".tar-2.gz"},
		{strings.Repeat("x", 512), strings.Repeat("x", 510) + "-2"}, {"a." + strings.Repeat("x", 510), "a-2"},
	} {
		got := WithNumber(c[0], 2)
		require.Equal(t, c[1], got)
		require.NoError(t, Check(got))
	}
	require.NoError(t, Check(WithNumber(long, MaxNumber+1)))
}

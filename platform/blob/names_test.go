package blob

import (
	"mime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestDisposition(t *testing.T) {
	for _, c := range []struct{ contentType, asked, filename, want string }{
		{"image/png", "", "", "inline"},
		{"IMAGE/PNG; x=y", "inline", "", "inline"},
		{"image/svg+xml", "inline", "", "attachment"},
		{"application/pdf", "inline", "", "attachment"},
		{"text/html", "inline", "", "attachment"},
		{"audio/mpeg", "attachment", "", "attachment"},
		{"", "", "a.txt", `attachment; filename="a.txt"`},
		{"", "", `a"b\c%d.txt`, `attachment; filename="a_b_c_d.txt"; filename*=UTF-8''a%22b_c%25d.txt`},
		{"", "", "x\r\nSet-Cookie: a=b", `attachment; filename="xSet-Cookie: a=b"`},
		{"", "", "../../etc/passwd", `attachment; filename="_.._etc_passwd"`},
		{"", "", "gpj\u202egnp.exe", `attachment; filename="gpjgnp.exe"`},
		{"", "", "...", "attachment"},
		{"", "", "講義.mp4", `attachment; filename="__.mp4"; filename*=UTF-8''%E8%AC%9B%E7%BE%A9.mp4`},
	} {
		got := ContentDisposition(c.contentType, c.asked, c.filename)
		require.Equal(t, c.want, got, "%q: got %s, want %s", c.filename, got, c.want)
	}
}

func TestLongNamesAreCutBetweenLetters(t *testing.T) {
	name := cleanFilename(strings.Repeat("ü", 200))
	require.LessOrEqual(t, len(name), maxFilenameBytes)
	require.True(t, utf8.ValidString(name))
}

// FuzzDisposition looks for a name that breaks out of its header or is not the one cleaned.
func FuzzDisposition(f *testing.F) {
	for _, seed := range []string{"a.txt", "Prüfung.pdf", `"; filename=x`, "\x00\r\n", "\xff\xfe"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		header := ContentDisposition("text/plain", "", name)
		require.True(t, isHeaderSafe(header), "%q is no header", header)
		_, params, err := mime.ParseMediaType(header)
		require.NoError(t, err, "%q: %v", header, err)
		got := params["filename"]
		require.Equal(t, cleanFilename(name), got, "%q is read as %q", header, got)
	})
}

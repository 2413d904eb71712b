package text

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestV9OneFormPerAddress(t *testing.T) {
	for in, want := range map[string]string{
		" User@Example.COM ": "user@example.com", "ÜSER@example.com": "üser@example.com",
		"a@BÜCHER.example": "a@xn--bcher-kva.example", "ｕｓｅｒ@example.com": "user@example.com", "user+tag@lyceum.local": "user+tag@lyceum.local",
	} {
		got, err := NormalizeEmail(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got)
	}
}

func TestHostileAddressesAreRefused(t *testing.T) {
	for _, in := range []string{"", "@", "a@", "@b.example", "a b@c.example", "a@b.example\r\nBcc: x@y.example", "a@b..example", "<a@b.example>",
		"a@b.example,c@d.example", "\"a b\"@c.example", "a\x00@b.example", "a\u202e@b.example", strings.Repeat("a", 65) + "@b.example",
		strings.Repeat("(", 100_000) + "@b.example", "a@" + strings.Repeat("b.", 200) + "example"} {
		_, err := NormalizeEmail(in)
		require.Error(t, err, "%.40q", in)
	}
}

func TestFoldIgnoresCaseForAllOfUnicode(t *testing.T) {
	require.Equal(t, FoldCase("STRASSE"), FoldCase("straße"))
	require.Equal(t, FoldCase("ΣΊΣΥΦΟΣ"), FoldCase("σίσυφος"))
	require.Equal(t, FoldCase("ﬁn"), FoldCase("FIN"))
}

func FuzzEmail(f *testing.F) {
	for _, s := range []string{"user@example.com", "J\u030cane@example.com", "\u03aa\u0301x@example.com", "H\u0331q@example.com", "\u0130x@EXAMPLE.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, err := NormalizeEmail(s)
		if err != nil {
			return
		}
		twice, err := NormalizeEmail(once)
		if err != nil || twice != once || strings.ContainsAny(once, "\r\n\x00 ") {
			t.Fatalf("%q became %q, then %q (%v)", s, once, twice, err)
		}
	})
}

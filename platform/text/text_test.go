package text

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestV9OneFormPerAddress(t *testing.T) {
	for in, want := range map[string]string{
		" User@Example.COM ": "user@example.com", "ÜSER@example.com": "üser@example.com",
		"a@BÜCHER.example":      "a@xn--bcher-kva.example",
		"ｕｓｅｒ@example.com":      "user@example.com",
		"user+tag@lyceum.local": "user+tag@lyceum.local",
	} {
		got, err := NormalizeEmail(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got)
	}
}

func TestHostileAddressesAreRefused(t *testing.T) {
	for _, in := range []string{
		"", "@", "a@", "@b.example", "a b@c.example", "a@b.example\r\nBcc: x@y.example", "a@b..example",
		"<a@b.example>",
		"a@b.example,c@d.example", "\"a b\"@c.example", "a\x00@b.example", "a\u202e@b.example",
		strings.Repeat("a", 65) + "@b.example",
		strings.Repeat("(", 100_000) + "@b.example", "a@" + strings.Repeat("b.", 200) + "example",
	} {
		_, err := NormalizeEmail(in)
		require.Error(t, err, "%.40q", in)
	}
}

func TestFoldIgnoresCaseForAllOfUnicode(t *testing.T) {
	require.Equal(t, FoldCase("STRASSE"), FoldCase("straße"))
	require.Equal(t, FoldCase("ΣΊΣΥΦΟΣ"), FoldCase("σίσυφος"))
	require.Equal(t, FoldCase("ﬁn"), FoldCase("FIN"))
}

func FuzzNormalizeEmail(f *testing.F) {
	for _, s := range []string{
		"user@example.com", "J\u030cane@example.com", "\u03aa\u0301x@example.com", "H\u0331q@example.com",
		"\u0130x@EXAMPLE.com",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, err := NormalizeEmail(s)
		if err != nil {
			return
		}
		twice, err := NormalizeEmail(once)
		require.NoError(t, err, "%q", s)
		require.Equal(t, once, twice, "%q", s)
		require.False(t, strings.ContainsAny(once, "\r\n\x00 "), "%q became %q", s, once)
	})
}

func TestBoundsOfAddresses(t *testing.T) {
	local := strings.Repeat("a", 64)
	label := strings.Repeat("b", 63)
	for address, valid := range map[string]bool{
		local + "@b.example":       true,
		local + "a@b.example":      false,
		"a@" + label + ".example":  true,
		"a@" + label + "b.example": false,
		"a@localhost":              true,
		"a@b.example.":             false,
		"a@-b.example":             false,
		"a@b_c.example":            false,
		"a@[192.0.2.1]":            false,
		"a@@b.example":             false,
		"a.@b.example":             false,
		"..a@b.example":            false,
		"o'brien+x@b.example":      true,
		"a@b.example\u2028":        true, // a space at its end
		"a\u2028@b.example":        false,
		"\xff@b.example":           false,
		local + "@" + label + "." + label + "." + label + ".example": false,
	} {
		_, err := NormalizeEmail(address)
		require.Equal(t, valid, err == nil, "%q: %v", address, err)
		if !valid {
			require.ErrorIs(t, err, ErrInvalidEmail)
		}
	}
}

func TestEscapeLike(t *testing.T) {
	for s, want := range map[string]string{"": "", "abc": "abc", `50%`: `50\%`, `a_b`: `a\_b`, `\`: `\\`, `\%`: `\\\%`} {
		require.Equal(t, want, EscapeLike(s))
	}
}

func TestCountRunes(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "äöü": 3, "日本": 2, "👩\u200D🔬": 3, "\xff\xfe": 2} {
		require.Equal(t, want, CountRunes(s), "%q", s)
	}
}

func ExampleNormalizeEmail() {
	for _, s := range []string{" Jörg@BÜCHER.example ", "Jörg <jörg@example.com>"} {
		address, err := NormalizeEmail(s)
		fmt.Printf("%q %v\n", address, err)
	}
	// Output:
	// "jörg@xn--bcher-kva.example" <nil>
	// "" not a mail address
}

func ExampleMakeSlug() {
	fmt.Println(MakeSlug("Математика 5 класс: Łódź & 北京", 30))
	// Output: matematika-5-klass-lodz-bei-ji
}

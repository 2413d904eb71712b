package text

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

// invisible are characters that a reader does not see, one of each kind.
var invisible = []rune{
	'\u00AD', '\u034F', '\u061C', '\u115F', '\u1160', '\u17B4', '\u180B', '\u180E', '\u200B', '\u200C', '\u200D',
	'\u200E', '\u200F',
	'\u202A', '\u202E', '\u2060', '\u2061', '\u2064', '\u2066', '\u206A', '\u206F', '\u2800', '\u3164', '\uFE00',
	'\uFE0F', '\uFEFF', '\uFFA0', '\uFFFC',
	'\uFFF9', '\U0001BCA0', '\U0001D159', '\U0001D173', '\U000E0001', '\U000E0041', '\U000E0100',
}

func TestEmailWithInvisibleCharacters(t *testing.T) {
	for _, r := range invisible {
		t.Run(fmt.Sprintf("%U", r), func(t *testing.T) {
			for _, inside := range []string{
				"bo%cb@school.example", "bob%c@school.example", "bob@%cschool.example", "bob@sch%cool.example",
			} {
				_, err := NormalizeEmail(fmt.Sprintf(inside, r))
				require.ErrorIs(t, err, ErrInvalidEmail, inside)
			}
			for _, around := range []string{"%cbob@school.example", "bob@school.example%c", " %c bob@school.example"} {
				got, err := NormalizeEmail(fmt.Sprintf(around, r))
				require.NoError(t, err, around)
				require.Equal(t, "bob@school.example", got)
			}
		})
	}
}

func TestEmailWithOtherSpacesInside(t *testing.T) {
	for _, r := range []rune{'\u00A0', '\u1680', '\u2003', '\u2028', '\u2029', '\u202F', '\u3000', '\u0085'} {
		_, err := NormalizeEmail(fmt.Sprintf("bo%cb@school.example", r))
		require.ErrorIs(t, err, ErrInvalidEmail, "%U", r)
	}
}

// A letter whose full lower case differs from Go's simple one must not become somebody else's
// address.
func TestEmailInFullLowerCase(t *testing.T) {
	dotted, err := NormalizeEmail("İxd@example.com")
	require.NoError(t, err)
	plain, err := NormalizeEmail("ixd@example.com")
	require.NoError(t, err)
	require.NotEqual(t, plain, dotted)
	require.Equal(t, "i\u0307xd@example.com", dotted)
	again, err := NormalizeEmail(dotted)
	require.NoError(t, err)
	require.Equal(t, dotted, again)
}

func TestCheckLineWithInvisibleCharacters(t *testing.T) {
	for _, r := range invisible {
		require.Error(t, CheckLine(fmt.Sprintf("Al%cgebra", r)), "%U", r)
		require.Error(t, CheckLine(fmt.Sprintf("%cAlgebra", r)), "%U", r)
		require.Equal(t, "Algebra", CleanLine(fmt.Sprintf("%cAlgebra%c %c", r, r, r)), "%U", r)
	}
	for _, equal := range []string{"a\u200Cb", "د\u200Cا", "ب\u200Dب", "x\uFE0F", "क\u200Dख"} {
		require.ErrorIs(t, CheckLine(equal), ErrInvisible, "%+q", equal)
	}
}

// What changes the picture of a word or an emoji is text like any other.
func TestCheckLineWithJoinersInPlace(t *testing.T) {
	for _, line := range []string{
		"می\u200Cخواهم", "نمی\u200Cشود بخوانم", "क्\u200Dष", "ශ්\u200Dරී", "👩\u200D🏫 Biology", "👩🏽\u200D🔬",
		"❤\uFE0F", "1\uFE0F⃣ First", "🏳\uFE0F\u200D🌈", "Œuvre – “quoted”… 日本語 한국어", "e\u0301te\u0301",
		"☀\uFE0F Summer", "\uF8FF Works", "\U0001FAE9 New",
	} {
		require.NoError(t, CheckLine(line), "%+q", line)
		require.Equal(t, norm.NFC.String(line), CleanLine(line), "nothing is cut off")
	}
}

func FuzzCheckLine(f *testing.F) {
	for _, s := range []string{"Algebra", "می\u200Cخواهم", "👩\u200D🏫", "\u200B", "a\u200D", "\u200Da"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line := CleanLine(s)
		if CheckLine(line) != nil {
			return
		}
		require.Equal(t, line, CleanLine(line), "%+q", s)
	})
}

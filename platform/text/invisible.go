package text

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// ErrInvisible is the error for characters that nobody sees: with them, two names that look alike
// differ.
var ErrInvisible = errors.New("invisible characters are not accepted")

// Invisible characters that change the picture in some places and nothing in others.
const (
	zeroWidthNonJoiner = '\u200C'
	zeroWidthJoiner    = '\u200D'
	emojiPresentation  = '\uFE0F'
)

// blankGlyphs holds graphic characters whose glyph is empty. No property of Unicode says so:
// Braille pattern blank, object replacement character, musical symbol null notehead.
var blankGlyphs = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}, {Lo: 0xFFFC, Hi: 0xFFFC, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x1D159, Hi: 0x1D159, Stride: 1}},
}

// IsInvisible reports whether r leaves no mark of its own in a line of text: format characters
// (Cf), all others that a reader may ignore (Default_Ignorable_Code_Point), and blank glyphs. It
// returns false for spaces, and for characters that a font lacks: those show as a box, and emoji of
// future versions of Unicode are among them.
func IsInvisible(r rune) bool {
	if r < 0x80 {
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point,
		unicode.Variation_Selector, blankGlyphs)
}

// TrimInvisible returns s without spaces and invisible characters at its ends, which come along
// when text is copied. Characters that belong to an emoji at the end stay.
func TrimInvisible(s string) string {
	s = strings.TrimLeftFunc(s, isTrimmable)
	for {
		last, size := utf8.DecodeLastRuneInString(s)
		before, _ := utf8.DecodeLastRuneInString(s[:len(s)-size])
		if size == 0 || !isTrimmable(last) || last == emojiPresentation && hasEmojiForm(before) || endsWithFlag(s) {
			return s
		}
		s = s[:len(s)-size]
	}
}

// endsWithFlag reports whether s ends with the flag of a region (UTS 51): a black flag, tag
// characters, and the tag that ends them.
func endsWithFlag(s string) bool {
	ended, found := strings.CutSuffix(s, "\U000E007F")
	base := strings.TrimRightFunc(ended, func(r rune) bool { return r >= 0xE0020 && r <= 0xE007E })
	return found && base != ended && strings.HasSuffix(base, "\U0001F3F4")
}

// isTrimmable reports whether r is removed at the ends of a line. Control characters stay, so that
// CheckLine refuses them.
func isTrimmable(r rune) bool { return unicode.IsSpace(r) || IsInvisible(r) && !unicode.IsControl(r) }

// checkInvisible returns ErrInvisible unless each invisible character stands where it changes the
// picture: joiners inside of words of scripts that need them (RFC 5892, appendix A), and joiners
// and presentation selectors in emoji (UTS 51).
func checkInvisible(s string) error {
	runes := []rune(s)
	for i, r := range runes {
		if !IsInvisible(r) {
			continue
		}
		before, after := runeAt(runes, i-1), runeAt(runes, i+1)
		switch {
		case r == emojiPresentation && hasEmojiForm(before):
		case r == zeroWidthJoiner && (isEmojiSymbol(before) || before == emojiPresentation) && isEmojiSymbol(after):
		case (r == zeroWidthJoiner || r == zeroWidthNonJoiner) && isJoinerInWord(runes, i):
		default:
			return ErrInvisible
		}
	}
	return nil
}

// runeAt returns the rune at an index, or 0 outside of runes.
func runeAt(runes []rune, i int) rune {
	if i < 0 || i >= len(runes) {
		return 0
	}
	return runes[i]
}

// isEmojiSymbol reports whether r is a symbol of which emoji are made, such as a face or a skin
// tone.
func isEmojiSymbol(r rune) bool { return unicode.Is(unicode.So, r) || r >= 0x1F3FB && r <= 0x1F3FF }

// hasEmojiForm reports whether r has two pictures, so that a presentation selector may follow it.
func hasEmojiForm(r rune) bool {
	return isEmojiSymbol(r) || unicode.Is(unicode.Sm, r) || r >= '0' && r <= '9' ||
		strings.ContainsRune("#*\u203C\u2049\u3030\u303D", r)
}

// joinerRules checks that a joiner has an effect where it stands (rule CONTEXTJ of RFC 5892).
var joinerRules = idna.New(idna.ValidateLabels(true), idna.CheckJoiners(true))

// isJoinerInWord reports whether the joiner at index i stands inside of a word where it has an
// effect.
func isJoinerInWord(runes []rune, i int) bool {
	inWord := func(r rune) bool {
		return unicode.In(r, unicode.L, unicode.M) || r == zeroWidthJoiner || r == zeroWidthNonJoiner
	}
	from, to := i, i+1
	for from > 0 && inWord(runes[from-1]) {
		from--
	}
	for to < len(runes) && inWord(runes[to]) {
		to++
	}
	if from == i || to == i+1 {
		return false // at an end of the word it joins nothing
	}
	_, err := joinerRules.ToUnicode(norm.NFC.String(string(runes[from:to])))
	return err == nil
}

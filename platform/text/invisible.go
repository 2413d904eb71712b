package text

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// ErrInvisible refuses characters that nobody sees, as they make two names that look alike differ.
var ErrInvisible = errors.New("invisible characters are not accepted")

// Characters with a meaning in some places and none in others.
const (
	zeroWidthNonJoiner = '\u200C'
	zeroWidthJoiner    = '\u200D'
	emojiPresentation  = '\uFE0F'
)

// blankGlyphs are graphic characters whose glyph is empty, which no property of Unicode tells.
var blankGlyphs = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}, {Lo: 0xFFFC, Hi: 0xFFFC, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x1D159, Hi: 0x1D159, Stride: 1}},
}

// IsInvisible reports whether r leaves no mark of its own in a line of text: format characters
// (Cf), everything else that a reader may ignore (Default_Ignorable_Code_Point), and blanks. Spaces
// are not meant, nor characters that a font lacks: those show as a box, and tomorrow's emoji are
// among them.
func IsInvisible(r rune) bool {
	if r < 0x80 {
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, blankGlyphs)
}

// TrimInvisible removes spaces and invisible characters from both ends, as they come along when
// text is copied. What may belong to a picture at the end stays.
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

// endsWithFlag reports whether s ends with the flag of a region: a black flag, tag characters, and
// the tag that ends them.
func endsWithFlag(s string) bool {
	ended, found := strings.CutSuffix(s, "\U000E007F")
	base := strings.TrimRightFunc(ended, func(r rune) bool { return r >= 0xE0020 && r <= 0xE007E })
	return found && base != ended && strings.HasSuffix(base, "\U0001F3F4")
}

func isTrimmable(r rune) bool { return unicode.IsSpace(r) || IsInvisible(r) && !unicode.IsControl(r) }

// checkInvisible returns ErrInvisible unless each invisible character stands where it changes what
// a reader sees: joiners inside words of scripts that need them (RFC 5892, appendix A), and joiners
// and presentation selectors in emoji.
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

func runeAt(runes []rune, i int) rune {
	if i < 0 || i >= len(runes) {
		return 0
	}
	return runes[i]
}

// isEmojiSymbol reports whether r is a symbol of which emoji are made, skin tones included.
func isEmojiSymbol(r rune) bool { return unicode.Is(unicode.So, r) || r >= 0x1F3FB && r <= 0x1F3FF }

// hasEmojiForm reports whether a presentation selector may follow r.
func hasEmojiForm(r rune) bool {
	return isEmojiSymbol(r) || unicode.Is(unicode.Sm, r) || r == '#' || r == '*' || r >= '0' && r <= '9' || r == '\u203C' || r == '\u2049' || r == '\u3030' || r == '\u303D'
}

// joinerRules checks that joiners have an effect (CONTEXTJ).
var joinerRules = idna.New(idna.ValidateLabels(true), idna.CheckJoiners(true))

// isJoinerInWord reports whether the joiner at i stands inside a word where it has an effect.
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

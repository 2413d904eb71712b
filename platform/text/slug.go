package text

import (
	"slices"
	"strings"
	"unicode"

	"github.com/mozillazg/go-unidecode"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/runenames"
)

// MakeSlug makes a name for addresses from a title: lower-case letters a to z, digits and single
// dashes, at most limit bytes. Letters of every script are transliterated; what is neither a letter
// nor a digit separates. It returns the empty text for a title that gives none.
func MakeSlug(title string, limit int) string {
	var b strings.Builder
	for _, r := range FoldCase(title) {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r) {
			b.WriteByte('-')
			continue
		}
		for _, plain := range strings.ToLower(transliterateLetter(r)) {
			switch {
			case plain >= 'a' && plain <= 'z' || plain >= '0' && plain <= '9':
				b.WriteRune(plain)
			case plain == ' ': // a character that is a word, such as a Chinese one
				b.WriteByte('-')
			}
		}
	}
	s := strings.Join(strings.FieldsFunc(b.String(), func(r rune) bool { return r == '-' }), "-")
	return strings.Trim(s[:min(len(s), limit)], "-")
}

// latinLetters has letters that the library takes for punctuation or doesn't know, and whose name
// is not their sound.
var latinLetters = map[rune]string{
	'ə': "a", 'ǝ': "a", 'ɚ': "a", 'ʌ': "a", 'ә': "a", 'ӛ': "a", 'ӏ': "l", 'ة': "h", 'ى': "a", 'ې': "e", 'ϗ': "kai", 'ƿ': "w",
	'ҋ': "i", 'ӆ': "l", 'ӊ': "n", 'ӎ': "m", 'ӷ': "g", 'ӻ': "g", 'ӽ': "h", 'ӿ': "h", 'ԁ': "d", 'ԃ': "d", 'ԅ': "z", 'ԇ': "dz",
	'ԉ': "l", 'ԋ': "n", 'ԍ': "s", 'ԏ': "t", 'ԑ': "z", 'ԓ': "l", 'ԕ': "l", 'ԗ': "r", 'ԙ': "ya", 'ԛ': "q", 'ԝ': "w", 'ԟ': "k",
	'ԡ': "l", 'ԣ': "n", 'ԥ': "p", 'ԧ': "h", 'ԩ': "n", 'ԫ': "dz", 'ԭ': "ch", 'ԯ': "l", 'ꝺ': "d", 'ꝼ': "f",
}

// transliterateLetter returns the Latin letters of one of any script, the empty text if none are
// known.
func transliterateLetter(r rune) string {
	if plain, ok := latinLetters[unicode.ToLower(r)]; ok {
		return plain
	}
	if plain := unidecode.Unidecode(string(r)); plain != "" {
		return plain
	}
	if parts := norm.NFKD.String(string(r)); parts != string(r) {
		if plain := unidecode.Unidecode(parts); plain != "" {
			return plain
		}
	}
	return soundFromName(r)
}

// soundFromName returns what Unicode calls a letter of a script that the library lacks: "ga" for
// CHEROKEE LETTER GA. Signs that only change or part other letters give nothing, nor do ideographs.
func soundFromName(r rune) string {
	if !unicode.IsLetter(r) || unicode.Is(unicode.Lm, r) {
		return ""
	}
	name, _, _ := strings.Cut(runenames.Name(r), " WITH ")
	words := strings.Fields(name)
	if !slices.Contains(words, "LETTER") && !slices.Contains(words, "SYLLABLE") {
		return ""
	}
	last, _, _ := strings.Cut(words[len(words)-1], "-") // HENTAIGANA LETTER A-1
	if slices.Contains([]string{"STOP", "SALTILLO", "DOT"}, last) || unicode.Is(unicode.Arabic, r) && (last == "ALEF" || last == "HAMZA") {
		return ""
	}
	return strings.ToLower(last)
}

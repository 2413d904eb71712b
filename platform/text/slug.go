package text

import (
	"slices"
	"strings"
	"unicode"

	"github.com/mozillazg/go-unidecode"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/runenames"
)

// MakeSlug returns a name for addresses that is made from a title: lower-case letters a to z,
// digits and single dashes, at most limit bytes. Letters of every script are transliterated; every
// other character becomes a dash. It returns "" for a title without letters and digits. The slug of
// a slug is itself.
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

// latinLetters has the letters that the library takes for punctuation or does not know, and whose
// Unicode name is not their sound.
var latinLetters = map[rune]string{
	'ə': "a", 'ǝ': "a", 'ɚ': "a", 'ʌ': "a", 'ә': "a", 'ӛ': "a", 'ӏ': "l", 'ة': "h",
	'ى': "a", 'ې': "e", 'ϗ': "kai", 'ƿ': "w", 'ҋ': "i", 'ӆ': "l", 'ӊ': "n", 'ӎ': "m",
	'ӷ': "g", 'ӻ': "g", 'ӽ': "h", 'ӿ': "h", 'ԁ': "d", 'ԃ': "d", 'ԅ': "z", 'ԇ': "dz",
	'ԉ': "l", 'ԋ': "n", 'ԍ': "s", 'ԏ': "t", 'ԑ': "z", 'ԓ': "l", 'ԕ': "l", 'ԗ': "r",
	'ԙ': "ya", 'ԛ': "q", 'ԝ': "w", 'ԟ': "k", 'ԡ': "l", 'ԣ': "n", 'ԥ': "p", 'ԧ': "h",
	'ԩ': "n", 'ԫ': "dz", 'ԭ': "ch", 'ԯ': "l", 'ꝺ': "d", 'ꝼ': "f",
}

// transliterateLetter returns the Latin letters for a letter of any script, or "" if none are
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

// soundFromName returns the sound that the Unicode name of a letter ends with: "ga" for CHEROKEE
// LETTER GA. It is for scripts that the library lacks. It returns "" for signs that only change or
// separate other letters, and for ideographs, whose names have no sound.
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
	if slices.Contains([]string{"STOP", "SALTILLO", "DOT"}, last) {
		return ""
	}
	if unicode.Is(unicode.Arabic, r) && (last == "ALEF" || last == "HAMZA") {
		return "" // carriers of a vowel that is not written
	}
	return strings.ToLower(last)
}

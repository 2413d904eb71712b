package text

import (
	"strings"
	"unicode"

	"github.com/mozillazg/go-unidecode"
	"golang.org/x/text/unicode/norm"
)

// Slug makes a name for addresses from a title: lower-case letters a to z, digits and single dashes, at most limit
// bytes. Letters of every script are transliterated; what is neither a letter nor a digit separates. It returns the empty
// text for a title that gives none.
func Slug(title string, limit int) string {
	var b strings.Builder
	for _, r := range Fold(title) {
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r) {
			b.WriteByte('-')
			continue
		}
		for _, plain := range strings.ToLower(transliterate(r)) {
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

// transliterate returns the Latin letters of one of any script, the empty text if none are known.
func transliterate(r rune) string {
	if plain := unidecode.Unidecode(string(r)); plain != "" {
		return plain
	}
	if parts := norm.NFKD.String(string(r)); parts != string(r) {
		return unidecode.Unidecode(parts)
	}
	return ""
}

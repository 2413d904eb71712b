// Package text holds the rules for text that people write: one folding for every comparison that
// ignores case, one canonical form of a mail address, the characters that a name may have, and
// names for addresses. Go and both databases compare the results byte by byte, so that they agree.
package text

import (
	"errors"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// FoldCase returns s in the form by which texts are searched and sorted: NFKC and full case folding
// (Unicode §3.13). Databases fold only some scripts, and each of them others.
func FoldCase(s string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
}

// CleanLine returns a text of one line as it is stored: in NFC, without spaces and invisible
// characters at its ends. It does not check the characters inside; see CheckLine.
func CleanLine(s string) string { return TrimInvisible(norm.NFC.String(s)) }

// ErrControlCharacter is the error for control characters, line ends and characters that change the
// direction of text. Names made of them mislead readers (ASVS 2.2.1).
var ErrControlCharacter = errors.New("control and direction-changing characters are not accepted")

// CheckLine returns an error if a line may not be a name, a title or a key: ErrControlCharacter for
// control and direction-changing characters, ErrInvisible for characters that nobody sees and that
// change nothing. It returns nil for an empty line.
func CheckLine(s string) error {
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return ErrControlCharacter
		}
	}
	return checkInvisible(s)
}

// CountRunes returns the number of code points in s. The bounds of all fields are counted so.
func CountRunes(s string) int { return utf8.RuneCountInString(s) }

// MaxEmailBytes is the length of the longest accepted address (RFC 5321 and its erratum 1690).
const MaxEmailBytes = 254

// ErrInvalidEmail is the error for a text that is not a plain mail address.
var ErrInvalidEmail = errors.New("not a mail address")

// lowerCase returns the full lower case of Unicode. U+0130 becomes two characters, where the simple
// mapping of strings.ToLower gives a plain i: another person's address.
func lowerCase(s string) string { return cases.Lower(language.Und).String(s) }

// NormalizeEmail returns the one form in which an address is stored and compared: without spaces
// and invisible characters at its ends, in NFKC and full lower case, its domain in ASCII (IDNA, UTS
// 46). It returns ErrInvalidEmail for a text that is not one plain address, such as a list, an
// address with a display name or quotes, and one with invisible characters inside.
func NormalizeEmail(s string) (string, error) {
	if len(s) > 4*MaxEmailBytes || !utf8.ValidString(s) {
		return "", ErrInvalidEmail // the cost of parsing grows with the length
	}
	s = foldEmail(s)
	local, domain, ok := cutLast(s, "@")
	if !ok || local == "" || len(local) > 64 || !isPlain(s) {
		return "", ErrInvalidEmail
	}
	ascii, ok := toASCIIDomain(domain)
	if !ok {
		return "", ErrInvalidEmail
	}
	address := local + "@" + ascii
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || len(address) > MaxEmailBytes {
		return "", ErrInvalidEmail
	}
	return address, nil
}

// foldEmail returns an address in NFKC and lower case. Lower case may leave characters that NFKC
// composes, so both are repeated until nothing changes: folding twice must give the same address.
func foldEmail(s string) string {
	for range 4 {
		folded := norm.NFKC.String(lowerCase(norm.NFKC.String(strings.TrimFunc(s, isTrimmable))))
		if folded == s {
			break
		}
		s = folded
	}
	return s
}

// isPlain reports whether an address has only visible characters that need no quoting.
func isPlain(s string) bool {
	return CheckLine(s) == nil && !strings.ContainsAny(s, " \t\r\n<>,;:\"()[]\\") &&
		!strings.ContainsFunc(s, func(r rune) bool { return IsInvisible(r) || unicode.IsSpace(r) })
}

// toASCIIDomain returns the ASCII form of a domain. It returns false for a text that is not a
// domain name (RFC 1035 §2.3.4), or whose ASCII form is not one.
func toASCIIDomain(domain string) (ascii string, ok bool) {
	ascii, err := idna.Lookup.ToASCII(domain)
	if err == nil {
		ascii, err = idna.Lookup.ToASCII(ascii)
	}
	if err != nil || ascii == "" || strings.HasPrefix(ascii, ".") || strings.Contains(ascii, "..") {
		return "", false
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if len(label) > 63 {
			return "", false
		}
	}
	return ascii, true
}

// cutLast cuts s around the last sep. It returns false if there is none.
func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// EscapeLike returns s as a literal part of a LIKE pattern whose escape character is the backslash.
func EscapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

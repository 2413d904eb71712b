// Package text holds the rules for text that people write: one folding for every comparison that
// ignores case, one canonical mail address, and what may stand in a name.
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

// FoldCase is NFKC and Unicode case folding, so that searching and sorting give the same on every
// database.
func FoldCase(s string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
}

// CleanLine tidies a one-line text: NFC, without spaces and invisible characters at its ends.
func CleanLine(s string) string { return TrimInvisible(norm.NFC.String(s)) }

// ErrControlCharacter refuses control characters and characters that change the direction of text
// in a line, as names made of them mislead readers (ASVS 2.2.1).
var ErrControlCharacter = errors.New("control and direction-changing characters are not accepted")

// CheckLine says whether a line may be shown as a name, a title or a key: ErrLine for control and
// direction-changing characters, ErrInvisible for those that nobody sees and that change nothing.
func CheckLine(s string) error {
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return ErrControlCharacter
		}
	}
	return checkInvisible(s)
}

// CountRunes counts code points, as the contract's bounds do.
func CountRunes(s string) int { return utf8.RuneCountInString(s) }

// MaxEmailBytes is the longest accepted address (RFC 5321 and its erratum 1690).
const MaxEmailBytes = 254

// ErrInvalidEmail refuses what is no plain address.
var ErrInvalidEmail = errors.New("not a mail address")

// lowerCase returns the full lower case of Unicode: U+0130 becomes two characters, where Go's
// simple mapping gives a plain i.
func lowerCase(s string) string { return cases.Lower(language.Und).String(s) }

// NormalizeEmail returns the one form in which an address is stored and compared: without spaces
// and invisible characters at its ends, NFKC, the full Unicode lower case, the domain in IDNA's
// ASCII form (UTS 46). It returns ErrEmail for what is no plain address, one with invisible
// characters inside included.
func NormalizeEmail(s string) (string, error) {
	if len(s) > 4*MaxEmailBytes || !utf8.ValidString(s) {
		return "", ErrInvalidEmail // not parsed at all: parsing long addresses is slow
	}
	// Lower case may leave what NFKC composes: both are done until nothing changes, so that the
	// form is one.
	for range 4 {
		folded := norm.NFKC.String(lowerCase(norm.NFKC.String(strings.TrimFunc(s, isTrimmable))))
		if folded == s {
			break
		}
		s = folded
	}
	local, domain, ok := cutLast(s, "@")
	if !ok || local == "" || len(local) > 64 || strings.ContainsAny(s, " \t\r\n<>,;:\"()[]\\") || CheckLine(s) != nil ||
		strings.ContainsFunc(s, func(r rune) bool { return IsInvisible(r) || unicode.IsSpace(r) }) {
		return "", ErrInvalidEmail
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err == nil {
		ascii, err = idna.Lookup.ToASCII(ascii) // what its own form does not pass again is no domain
	}
	if err != nil || ascii == "" || strings.HasPrefix(ascii, ".") || strings.Contains(ascii, "..") {
		return "", ErrInvalidEmail
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if len(label) > 63 { // RFC 1035 2.3.4
			return "", ErrInvalidEmail
		}
	}
	address := local + "@" + ascii
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || len(address) > MaxEmailBytes {
		return "", ErrInvalidEmail
	}
	return address, nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// EscapeLike makes s literal inside a LIKE pattern whose escape character is the backslash.
func EscapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

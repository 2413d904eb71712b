package invites

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// alphabet is Crockford's base 32: no letters that look like digits.
var alphabet = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// lookalikes are read as the digit they were taken for.
var lookalikes = strings.NewReplacer("O", "0", "I", "1", "L", "1")

const (
	// A code has six groups of five letters of five bits each; the prefix that everybody sees leaves 130 of them.
	codeGroups, groupSize = 6, 5
	prefixSize            = 4
	// maxTyped bounds what is read as a code, in characters.
	maxTyped = 128
)

// newCode is 150 random bits, in groups that are easy to type.
func newCode() string {
	raw := make([]byte, 20)
	_, _ = rand.Read(raw)
	var groups []string
	for group := range slices.Chunk([]byte(alphabet.EncodeToString(raw))[:codeGroups*groupSize], groupSize) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, "-")
}

// canonical is the one form of a code: case, dashes, spaces and look-alikes don't matter, whatever dashes and
// spaces a mail program has made of them.
func canonical(code string) string {
	return lookalikes.Replace(strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Pd, r) || unicode.IsSpace(r) || r == '\u2212' || r == '\u200b' {
			return -1
		}
		return r
	}, code)))
}

// readable is as much of what was typed as is looked at.
func readable(typed string) string {
	if r := []rune(typed[:min(len(typed), utf8.UTFMax*maxTyped)]); len(r) > maxTyped {
		return string(r[:maxTyped])
	}
	return typed
}

// hashOf finds a code without storing it. Any string has one, so that what is no code takes the same time.
func hashOf(key []byte, code string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(canonical(code)))
	return h.Sum(nil)
}

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

// codeAlphabet is Crockford's base 32, which has no letters that look like digits.
var codeAlphabet = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// lookalikes replaces letters by the digits that they were mistaken for.
var lookalikes = strings.NewReplacer("O", "0", "I", "1", "L", "1")

const (
	// A code has six groups of five letters of five bits each.
	codeGroups, codeGroupSize = 6, 5
	// codePrefixSize is how many letters everybody sees. 130 bits stay secret.
	codePrefixSize = 4
	// maxCodeLength bounds what is read as a code, in characters.
	maxCodeLength = 128
)

// newCode returns a code of 150 random bits, in groups that are easy to type.
func newCode() string {
	raw := make([]byte, 20)
	_, _ = rand.Read(raw) // never fails
	letters := []byte(codeAlphabet.EncodeToString(raw))[:codeGroups*codeGroupSize]
	var groups []string
	for group := range slices.Chunk(letters, codeGroupSize) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, "-")
}

// normalizeCode returns the one form of a code. Case, spaces, look-alikes and every kind of dash
// that a mail program makes do not matter.
func normalizeCode(code string) string {
	return lookalikes.Replace(strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Pd, r) || unicode.IsSpace(r) || r == '\u2212' || r == '\u200b' {
			return -1
		}
		return r
	}, code)))
}

// truncateCode returns the first maxCodeLength characters of a text. No more of it is looked at.
func truncateCode(typed string) string {
	if r := []rune(typed[:min(len(typed), utf8.UTFMax*maxCodeLength)]); len(r) > maxCodeLength {
		return string(r[:maxCodeLength])
	}
	return typed
}

// hashCode returns the keyed hash by which a code is found. It takes the same steps for every text,
// so that the time does not tell what looks like a code.
func hashCode(key []byte, code string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(normalizeCode(code)))
	return h.Sum(nil)
}

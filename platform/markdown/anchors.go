package markdown

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// maxAnchorLetters is the greatest length of an anchor that is made from a heading, in letters.
const maxAnchorLetters = 100

// anchorSet holds the anchors of one text: the ids of its headings and HTML elements without
// idPrefix. Each is there once.
type anchorSet struct {
	taken map[string]bool
	// nextSuffix is the number that was tried last behind a taken name. Without it, a thousand
	// equal headings would take a million tries.
	nextSuffix map[string]int
}

// newAnchorSet returns an empty set.
func newAnchorSet() *anchorSet { return &anchorSet{map[string]bool{}, map[string]int{}} }

// assignName reserves and returns the anchor of a heading: slug, or slug with a number behind it if
// it is taken. A heading without letters gets "section".
func (a *anchorSet) assignName(slug string) string {
	if slug == "" {
		slug = "section"
	}
	name := slug
	for !a.reserveName(name) {
		a.nextSuffix[slug]++
		name = slug + "-" + strconv.Itoa(a.nextSuffix[slug])
	}
	return name
}

// reserveName takes a name. It returns false if the name is taken already.
func (a *anchorSet) reserveName(name string) bool {
	if a.taken[name] {
		return false
	}
	a.taken[name] = true
	return true
}

// resolveLink returns the address of the anchor that a link of the text means. A link may name an
// anchor as it is written, with idPrefix, percent-encoded, or by the words of the heading. Every
// other address is returned unchanged.
func (a *anchorSet) resolveLink(address string) string {
	name, local := strings.CutPrefix(address, "#")
	if !local {
		return address
	}
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	for _, candidate := range []string{name, strings.TrimPrefix(name, idPrefix), makeAnchor(name)} {
		if a.taken[candidate] {
			return "#" + idPrefix + candidate
		}
	}
	return address
}

// makeAnchor returns the anchor of a heading as GitHub makes it, so that links in texts from there
// work: letters and digits of any script in lower case, dashes for spaces.
func makeAnchor(heading string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.ToLower(strings.TrimSpace(heading)) {
		switch {
		case n >= maxAnchorLetters:
			return b.String()
		case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) || r == '-' || r == '_':
			b.WriteRune(r)
		case unicode.IsSpace(r):
			b.WriteByte('-')
		default:
			continue
		}
		n++
	}
	return b.String()
}

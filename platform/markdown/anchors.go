package markdown

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// maxAnchorLetters bounds the letters that a heading gives its id.
const maxAnchorLetters = 100

// anchorSet are the ids of one text, without their prefix.
type anchorSet struct {
	taken map[string]bool
	// nextSuffix is the number to try next for a name that is taken.
	nextSuffix map[string]int
}

func newAnchorSet() *anchorSet { return &anchorSet{map[string]bool{}, map[string]int{}} }

// assignName takes a name for a heading, with a number where it is taken.
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

// reserveName returns false if the name is taken.
func (a *anchorSet) reserveName(name string) bool {
	if a.taken[name] {
		return false
	}
	a.taken[name] = true
	return true
}

// resolveLink gives a link within the text the id that it means; others stay as they are.
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

// makeAnchor makes the name of a heading as GitHub does: letters and digits of any script in lower
// case, dashes for spaces.
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

package markdown

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// maxSlug bounds the letters that a heading gives its id.
const maxSlug = 100

// anchors are the ids of one text, without their prefix.
type anchors struct {
	taken map[string]bool
	// next is the number to try next for a name that is taken.
	next map[string]int
}

func newAnchors() *anchors { return &anchors{map[string]bool{}, map[string]int{}} }

// add takes a name for a heading, with a number where it is taken.
func (a *anchors) add(slug string) string {
	if slug == "" {
		slug = "section"
	}
	name := slug
	for !a.take(name) {
		a.next[slug]++
		name = slug + "-" + strconv.Itoa(a.next[slug])
	}
	return name
}

// take returns false if the name is taken.
func (a *anchors) take(name string) bool {
	if a.taken[name] {
		return false
	}
	a.taken[name] = true
	return true
}

// resolve gives a link within the text the id that it means; others stay as they are.
func (a *anchors) resolve(address string) string {
	name, local := strings.CutPrefix(address, "#")
	if !local {
		return address
	}
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	for _, candidate := range []string{name, strings.TrimPrefix(name, idPrefix), slugOf(name)} {
		if a.taken[candidate] {
			return "#" + idPrefix + candidate
		}
	}
	return address
}

// slugOf makes the name of a heading as GitHub does: letters and digits of any script in lower case, dashes for spaces.
func slugOf(heading string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.ToLower(strings.TrimSpace(heading)) {
		switch {
		case n >= maxSlug:
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

package markdown

import (
	"html"
	"regexp"
	"slices"
	"strings"
)

// tag is an opening or closing tag of a harmless element.
type tag struct {
	// name is in lower case.
	name    string
	closing bool
	// attributes are the accepted ones, in the order of the source.
	attributes []attribute
	// source is the tag as it stands in the text.
	source string
	// isMarkup says that the tag has its other half or needs none. Any other tag is shown as text.
	isMarkup bool
}

// attribute is an attribute of a tag. Its name is in lower case, its value without quotes and
// entities.
type attribute struct{ name, value string }

// Elements whose tags pass, by the place where they may stand. A tag of blockElements begins a
// block of HTML at the start of a line. Elements that load, run or submit something are in none of
// them.
var (
	inlineElements = wordSet("a abbr b bdi bdo big br cite code del dfn em i img ins kbd mark q rp rt " +
		"ruby s samp small span strike strong sub sup time tt u var wbr")
	blockElements = wordSet("address article aside blockquote caption center dd details div dl dt " +
		"figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li ol p pre section summary table " +
		"tbody td tfoot th thead tr ul")
	voidElements = wordSet("br hr img wbr")
	// optionalEndElements may stand without their closing tag inside of another element (HTML
	// §13.1.2.4).
	optionalEndElements = wordSet("dd dt li p rp rt tbody td tfoot th thead tr")
)

// Attributes that pass, of every element and by element. Any other attribute is dropped from its
// tag.
var (
	globalAttributes  = wordSet("id title lang dir")
	elementAttributes = map[string]map[string]bool{
		"a": wordSet("href name"), "img": wordSet("src alt width height"),
		"ol": wordSet("start type reversed"), "li": wordSet("value"),
		"td": wordSet("align colspan rowspan"), "th": wordSet("align colspan rowspan"),
		"details": wordSet("open"), "p": wordSet("align"), "div": wordSet("align"),
		"h1": wordSet("align"), "h2": wordSet("align"), "h3": wordSet("align"),
		"h4": wordSet("align"), "h5": wordSet("align"), "h6": wordSet("align"),
		"time": wordSet("datetime"), "ins": wordSet("datetime"), "del": wordSet("datetime"),
	}
	// bareAttributes may stand without a value. Any other bare word makes the tag a text, such as
	// the "<b and c>" of "if a<b and c>d".
	bareAttributes = wordSet("open reversed")
)

// wordSet returns the set of the words in a text.
func wordSet(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// The grammar of tags (CommonMark 0.31 §6.6).
const (
	tagName       = `([A-Za-z][A-Za-z0-9-]*)`
	attributeForm = `[ \t\r\n]+([A-Za-z_:][A-Za-z0-9:._-]*)` +
		`(?:[ \t\r\n]*=[ \t\r\n]*([^"'=<>` + "`" + `\x00-\x20]+|'[^']*'|"[^"]*"))?`
)

var (
	openTagPattern   = regexp.MustCompile(`^<` + tagName + `((?:` + attributeForm + `)*)[ \t\r\n]*(/?)>`)
	closeTagPattern  = regexp.MustCompile(`^</` + tagName + `[ \t\r\n]*>`)
	attributePattern = regexp.MustCompile(attributeForm)
)

// maxTagBytes is the greatest length of a tag. A longer one is text: the pattern would take long to match.
const maxTagBytes = 4096

// parseTag returns the tag at the start of s. It returns false if there is none, if its element is not
// harmless, or if it has an attribute without a value that HTML does not know.
func parseTag(s []byte) (t *tag, ok bool) {
	s = s[:min(len(s), maxTagBytes)]
	if m := closeTagPattern.FindSubmatch(s); m != nil {
		t = &tag{name: strings.ToLower(string(m[1])), closing: true, source: string(m[0])}
		return t, isHarmlessElement(t.name) && !voidElements[t.name]
	}
	m := openTagPattern.FindSubmatch(s)
	if m == nil {
		return nil, false
	}
	t = &tag{name: strings.ToLower(string(m[1])), source: string(m[0])}
	if !isHarmlessElement(t.name) || len(m[len(m)-1]) > 0 && !voidElements[t.name] {
		return nil, false
	}
	for _, a := range attributePattern.FindAllSubmatch(m[2], -1) {
		name, value := strings.ToLower(string(a[1])), a[2]
		if value == nil && !bareAttributes[name] {
			return nil, false
		}
		if globalAttributes[name] || elementAttributes[t.name][name] {
			t.attributes = append(t.attributes, attribute{name, html.UnescapeString(strings.Trim(string(value), `"'`))})
		}
	}
	return t, t.name != "img" || isImageAddress(t.attributeValue("src"))
}

// isHarmlessElement reports whether tags of the element may pass.
func isHarmlessElement(name string) bool { return inlineElements[name] || blockElements[name] }

// attributeValue returns the value of an attribute, or "" if the tag does not have it.
func (t *tag) attributeValue(name string) string {
	i := slices.IndexFunc(t.attributes, func(a attribute) bool { return a.name == name })
	if i < 0 {
		return ""
	}
	return t.attributes[i].value
}

// renderTag returns the tag as HTML, or its source as escaped text if it is not markup.
func (t *tag) renderTag() string {
	if !t.isMarkup {
		return html.EscapeString(t.source)
	}
	if t.closing {
		return "</" + t.name + ">"
	}
	var b strings.Builder
	b.WriteString("<" + t.name)
	for _, a := range t.attributes {
		b.WriteString(" " + a.name + `="` + html.EscapeString(a.value) + `"`)
	}
	b.WriteString(">")
	return b.String()
}

// maxTagDepth is how deep tags may stand in each other. Deeper ones are text: browsers lay out deep trees
// slowly.
const maxTagDepth = 64

// matchTags finds the other half of each tag among the tags of one container and marks the pairs as
// markup. An element that is closed closes the elements inside of it; those are markup only if HTML lets
// their closing tag be left out.
func matchTags(tags []*tag) {
	var open []*tag
	openCount := map[string]int{}
	for _, t := range tags {
		switch {
		case voidElements[t.name]:
			t.isMarkup = true
		case !t.closing && len(open) < maxTagDepth:
			open = append(open, t)
			openCount[t.name]++
		case t.closing && openCount[t.name] > 0:
			for {
				last := open[len(open)-1]
				open = open[:len(open)-1]
				openCount[last.name]--
				if last.name == t.name {
					last.isMarkup, t.isMarkup = true, true
					break
				}
				last.isMarkup = optionalEndElements[last.name]
			}
		}
	}
}

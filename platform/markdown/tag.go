package markdown

import (
	"html"
	"regexp"
	"slices"
	"strings"
)

// tag is an opening or closing tag of a harmless element.
type tag struct {
	name       string
	closing    bool
	attributes []attribute
	// source is the tag as it stands in the source.
	source string
	// isMarkup says that the tag has its other half, or needs none; without it the tag is text.
	isMarkup bool
}

type attribute struct{ name, value string }

// Elements whose tags pass, by where they may stand. Tags of blocks begin a block of HTML at the
// start of a line.
var (
	inlineElements = wordSet("a abbr b bdi bdo big br cite code del dfn em i img ins kbd mark q rp rt ruby s samp small span " +
		"strike strong sub sup time tt u var wbr")
	blockElements = wordSet("address article aside blockquote caption center dd details div dl dt figcaption figure footer " +
		"h1 h2 h3 h4 h5 h6 header hr li ol p pre section summary table tbody td tfoot th thead tr ul")
	voidElements = wordSet("br hr img wbr")
	// optionalEndElements are elements whose closing tag HTML lets a writer leave out, within the
	// element around them.
	optionalEndElements = wordSet("dd dt li p rp rt tbody td tfoot th thead tr")
)

// Attributes that pass, of every element and by element.
var (
	globalAttributes  = wordSet("id title lang dir")
	elementAttributes = map[string]map[string]bool{
		"a": wordSet("href name"), "img": wordSet("src alt width height"), "ol": wordSet("start type reversed"), "li": wordSet("value"),
		"td": wordSet("align colspan rowspan"), "th": wordSet("align colspan rowspan"), "details": wordSet("open"),
		"p": wordSet("align"), "div": wordSet("align"), "h1": wordSet("align"), "h2": wordSet("align"), "h3": wordSet("align"),
		"h4": wordSet("align"), "h5": wordSet("align"), "h6": wordSet("align"),
		"time": wordSet("datetime"), "ins": wordSet("datetime"), "del": wordSet("datetime"),
	}
	// bareAttributes may stand without a value. Any other bare word makes a tag text: "a<b and
	// c>d".
	bareAttributes = wordSet("open reversed")
)

func wordSet(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// The grammar of tags (CommonMark 0.31, 6.6).
const (
	tagName       = `([A-Za-z][A-Za-z0-9-]*)`
	attributeForm = `[ \t\r\n]+([A-Za-z_:][A-Za-z0-9:._-]*)(?:[ \t\r\n]*=[ \t\r\n]*([^"'=<>` + "`" + `\x00-\x20]+|'[^']*'|"[^"]*"))?`
)

var (
	openTagPattern   = regexp.MustCompile(`^<` + tagName + `((?:` + attributeForm + `)*)[ \t\r\n]*(/?)>`)
	closeTagPattern  = regexp.MustCompile(`^</` + tagName + `[ \t\r\n]*>`)
	attributePattern = regexp.MustCompile(attributeForm)
)

// maxTagBytes bounds the bytes of a tag; a longer one is text.
const maxTagBytes = 4096

// parseTag reads the tag at the start of s. It returns false for what is no tag of a harmless element.
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

func isHarmlessElement(name string) bool { return inlineElements[name] || blockElements[name] }

func (t *tag) attributeValue(name string) string {
	i := slices.IndexFunc(t.attributes, func(a attribute) bool { return a.name == name })
	if i < 0 {
		return ""
	}
	return t.attributes[i].value
}

// render returns the tag as HTML, or as text if it is not shown.
func (t *tag) render() string {
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

// maxTagDepth bounds how deep tags may stand in each other; deeper ones are text.
const maxTagDepth = 64

// matchTags finds the other half of each tag among tags that stand in one container, and marks those as shown that have it.
func matchTags(tags []*tag) {
	var open []*tag
	count := map[string]int{}
	for _, t := range tags {
		switch {
		case voidElements[t.name]:
			t.isMarkup = true
		case !t.closing && len(open) < maxTagDepth:
			open = append(open, t)
			count[t.name]++
		case t.closing && count[t.name] > 0:
			for {
				last := open[len(open)-1]
				open = open[:len(open)-1]
				count[last.name]--
				if last.name == t.name {
					last.isMarkup, t.isMarkup = true, true
					break
				}
				last.isMarkup = optionalEndElements[last.name]
			}
		}
	}
}

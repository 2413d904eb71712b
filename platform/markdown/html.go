package markdown

import (
	"bytes"
	"html"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// inlineHTMLParser reads comments and harmless tags within a text, and leaves every other < to be
// text.
type inlineHTMLParser struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (p inlineHTMLParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, _ := block.PeekLine()
	if bytes.HasPrefix(line, []byte("<?")) || bytes.HasPrefix(line, []byte("<!")) && !bytes.HasPrefix(line, []byte("<!--")) {
		return nil
	}
	node := p.InlineParser.Parse(parent, block, pc)
	raw, ok := node.(*ast.RawHTML)
	if !ok {
		return nil
	}
	typed := raw.Segments.Value(block.Source())
	if bytes.HasPrefix(typed, []byte("<!--")) {
		return raw
	}
	if t, ok := parseTag(typed); ok {
		return &tagNode{tag: t}
	}
	return nil
}

// blockHTMLParser opens a block of HTML where a line begins with a comment or a tag of a harmless
// block, and leaves every other < to be the start of a paragraph.
type blockHTMLParser struct{ parser.BlockParser }

// Open implements parser.BlockParser.
func (p blockHTMLParser) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	start := bytes.TrimLeft(line, " ")
	if rest, isComment := bytes.CutPrefix(start, []byte("<!--")); isComment {
		_, behind, closed := bytes.Cut(rest, []byte("-->"))
		if closed && !util.IsBlank(behind) || !closed && !endsLater(pc, reader, segment.Stop, "-->") {
			return nil, parser.NoChildren
		}
		return p.BlockParser.Open(parent, reader, pc)
	}
	t, ok := parseTag(start)
	if !ok || !blockElements[t.name] || t.name == "pre" && !t.closing && !endsLater(pc, reader, segment.Start, "</pre>") {
		return nil, parser.NoChildren
	}
	return p.BlockParser.Open(parent, reader, pc)
}

var lastEndsContextKey = parser.NewContextKey()

// endsLater returns true if the end of a block stands in the source behind a position. A block
// without its end would take in all the rest of the text.
func endsLater(pc parser.Context, reader text.Reader, at int, end string) bool {
	last := pc.ComputeIfAbsent(lastEndsContextKey, func() any {
		lower := bytes.ToLower(reader.Source())
		return map[string]int{"-->": bytes.LastIndex(lower, []byte("-->")), "</pre>": bytes.LastIndex(lower, []byte("</pre>"))}
	}).(map[string]int)
	return last[end] >= at
}

// Nodes of HTML that passes.
var (
	kindTag     = ast.NewNodeKind("HarmlessTag")
	kindRawHTML = ast.NewNodeKind("HarmlessHTML")
)

// tagNode is a tag within a text.
type tagNode struct {
	ast.BaseInline
	*tag
}

// Kind implements ast.Node.
func (*tagNode) Kind() ast.NodeKind { return kindTag }

// Dump implements ast.Node.
func (n *tagNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// htmlNode is a block of HTML: texts and tags in turns.
type htmlNode struct {
	ast.BaseBlock
	pieces []piece
}

// piece is a tag or, without one, a text as it stands in the source.
type piece struct {
	*tag
	text string
}

// Kind implements ast.Node.
func (*htmlNode) Kind() ast.NodeKind { return kindRawHTML }

// Dump implements ast.Node.
func (n *htmlNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// newHTMLNode cuts a block of HTML into its pieces. Comments are left out.
func newHTMLNode(block *ast.HTMLBlock, source []byte) *htmlNode {
	raw := block.Lines().Value(source)
	if block.HasClosure() {
		raw = append(bytes.Clone(raw), block.ClosureLine.Value(source)...)
	}
	n := &htmlNode{}
	var typed []byte
	flush := func() {
		if len(typed) > 0 {
			n.pieces = append(n.pieces, piece{text: string(typed)})
		}
		typed = nil
	}
	noComment := false
	for len(raw) > 0 {
		next := bytes.IndexByte(raw[1:], '<') + 1
		if next == 0 {
			next = len(raw)
		}
		if bytes.HasPrefix(raw, []byte("<!--")) && !noComment {
			end := bytes.Index(raw, []byte("-->"))
			if end >= 0 {
				raw = raw[max(end+3, 5):]
				continue
			}
			noComment = true
		}
		if t, ok := parseTag(raw); ok {
			flush()
			n.pieces = append(n.pieces, piece{tag: t})
			raw = raw[len(t.source):]
			continue
		}
		typed = append(typed, raw[:next]...)
		raw = raw[next:]
	}
	flush()
	return n
}

// angleEscaper escapes what would begin or end a tag; entities stay what they are.
var angleEscaper = strings.NewReplacer("<", "&lt;", ">", "&gt;", `"`, "&#34;")

// htmlRenderer writes the nodes of this package.
type htmlRenderer struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (htmlRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(kindTag, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			_, _ = w.WriteString(n.(*tagNode).render())
		}
		return ast.WalkContinue, nil
	})
	r.Register(kindRawHTML, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			n.(*htmlNode).render(w)
		}
		return ast.WalkContinue, nil
	})
}

func (n *htmlNode) render(w util.BufWriter) {
	plain := true
	for _, p := range n.pieces {
		plain = plain && (p.tag == nil || !p.isMarkup)
	}
	var b strings.Builder
	for _, p := range n.pieces {
		if p.tag != nil {
			b.WriteString(p.render())
		} else {
			b.WriteString(angleEscaper.Replace(p.text))
		}
	}
	switch out := b.String(); {
	case strings.TrimSpace(out) == "":
	case plain:
		_, _ = w.WriteString("<p>" + strings.TrimSpace(out) + "</p>\n")
	default:
		_, _ = w.WriteString(out)
	}
}

// verbatimNode is text that is shown as it stands.
func verbatimNode(s string) ast.Node {
	n := ast.NewString([]byte(html.EscapeString(s)))
	n.SetCode(true) // written as it is
	return n
}

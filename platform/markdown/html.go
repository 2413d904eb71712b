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

// inlineHTMLParser reads comments and harmless tags inside of a paragraph. Every other "<" stays
// text.
type inlineHTMLParser struct{ parser.InlineParser }

// Parse implements parser.InlineParser.
func (p inlineHTMLParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, _ := block.PeekLine()
	isComment := bytes.HasPrefix(line, []byte("<!--"))
	if bytes.HasPrefix(line, []byte("<?")) || bytes.HasPrefix(line, []byte("<!")) && !isComment {
		return nil // an instruction or a declaration, which goldmark would take for HTML
	}
	node := p.InlineParser.Parse(parent, block, pc)
	raw, ok := node.(*ast.RawHTML)
	if !ok {
		return nil
	}
	source := raw.Segments.Value(block.Source())
	if bytes.HasPrefix(source, []byte("<!--")) {
		return raw
	}
	if t, ok := parseTag(source); ok {
		return &tagNode{tag: t}
	}
	return nil
}

// blockHTMLParser opens a block of HTML at a line that begins with a comment or with the tag of a
// harmless block element. Every other "<" begins a paragraph.
type blockHTMLParser struct{ parser.BlockParser }

// Open implements parser.BlockParser.
func (p blockHTMLParser) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	line = bytes.TrimLeft(line, " ")
	if rest, isComment := bytes.CutPrefix(line, []byte("<!--")); isComment {
		_, behind, isClosed := bytes.Cut(rest, []byte("-->"))
		if isClosed && !util.IsBlank(behind) || !isClosed && !endsLater(pc, reader, segment.Stop, "-->") {
			return nil, parser.NoChildren
		}
		return p.BlockParser.Open(parent, reader, pc)
	}
	t, ok := parseTag(line)
	if !ok || !blockElements[t.name] {
		return nil, parser.NoChildren
	}
	if t.name == "pre" && !t.closing && !endsLater(pc, reader, segment.Start, "</pre>") {
		return nil, parser.NoChildren
	}
	return p.BlockParser.Open(parent, reader, pc)
}

// lastEndsContextKey finds the last positions of block ends in the context of a text.
var lastEndsContextKey = parser.NewContextKey()

// endsLater reports whether end, "-->" or "</pre>", stands in the source at or behind a position. A
// block without its end would hide all the rest of the text. The positions are found once for each
// text: a search for each block would take quadratic time.
func endsLater(pc parser.Context, reader text.Reader, at int, end string) bool {
	last := pc.ComputeIfAbsent(lastEndsContextKey, func() any {
		lower := bytes.ToLower(reader.Source())
		return map[string]int{
			"-->":    bytes.LastIndex(lower, []byte("-->")),
			"</pre>": bytes.LastIndex(lower, []byte("</pre>")),
		}
	}).(map[string]int)
	return last[end] >= at
}

// The kinds of nodes that this package adds to the tree.
var (
	kindTag     = ast.NewNodeKind("HarmlessTag")
	kindRawHTML = ast.NewNodeKind("HarmlessHTML")
)

// tagNode is a tag inside of a paragraph.
type tagNode struct {
	ast.BaseInline
	*tag
}

// Kind implements ast.Node.
func (*tagNode) Kind() ast.NodeKind { return kindTag }

// Dump implements ast.Node.
func (n *tagNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// htmlNode is a block of HTML, cut into texts and tags.
type htmlNode struct {
	ast.BaseBlock
	pieces []piece
}

// piece is a tag or, if tag is nil, a text as it stands in the source.
type piece struct {
	*tag
	text string
}

// Kind implements ast.Node.
func (*htmlNode) Kind() ast.NodeKind { return kindRawHTML }

// Dump implements ast.Node.
func (n *htmlNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// newHTMLNode returns the node of a block of HTML. Comments are left out, unless they are never
// closed.
func newHTMLNode(block *ast.HTMLBlock, source []byte) *htmlNode {
	raw := block.Lines().Value(source)
	if block.HasClosure() {
		raw = append(bytes.Clone(raw), block.ClosureLine.Value(source)...)
	}
	n := &htmlNode{}
	var text []byte
	flush := func() {
		if len(text) > 0 {
			n.pieces = append(n.pieces, piece{text: string(text)})
		}
		text = nil
	}
	hasOpenComment := false // then no later "<!--" is closed either
	for len(raw) > 0 {
		if bytes.HasPrefix(raw, []byte("<!--")) && !hasOpenComment {
			if end := bytes.Index(raw, []byte("-->")); end >= 0 {
				raw = raw[max(end+3, 5):] // "<!-->" and "<!--->" are whole comments
				continue
			}
			hasOpenComment = true
		}
		if t, ok := parseTag(raw); ok {
			flush()
			n.pieces = append(n.pieces, piece{tag: t})
			raw = raw[len(t.source):]
			continue
		}
		next := bytes.IndexByte(raw[1:], '<') + 1
		if next == 0 {
			next = len(raw)
		}
		text = append(text, raw[:next]...)
		raw = raw[next:]
	}
	flush()
	return n
}

// angleEscaper escapes the characters that begin or end a tag. Entities such as "&amp;" stay as
// they are.
var angleEscaper = strings.NewReplacer("<", "&lt;", ">", "&gt;", `"`, "&#34;")

// htmlRenderer renders the nodes of this package.
type htmlRenderer struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (htmlRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(kindTag, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			_, _ = w.WriteString(n.(*tagNode).renderTag())
		}
		return ast.WalkContinue, nil
	})
	r.Register(kindRawHTML, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			n.(*htmlNode).renderBlock(w)
		}
		return ast.WalkContinue, nil
	})
}

// renderBlock writes the block. A block whose tags are all shown as text becomes a paragraph, and an
// empty block, such as a comment, leaves nothing.
func (n *htmlNode) renderBlock(w util.BufWriter) {
	isText := true
	var b strings.Builder
	for _, p := range n.pieces {
		isText = isText && (p.tag == nil || !p.isMarkup)
		if p.tag != nil {
			b.WriteString(p.renderTag())
		} else {
			b.WriteString(angleEscaper.Replace(p.text))
		}
	}
	switch out := b.String(); {
	case strings.TrimSpace(out) == "":
	case isText:
		_, _ = w.WriteString("<p>" + strings.TrimSpace(out) + "</p>\n")
	default:
		_, _ = w.WriteString(out)
	}
}

// verbatimNode returns a node that shows s as it stands, without any meaning in Markdown.
func verbatimNode(s string) ast.Node {
	n := ast.NewString([]byte(html.EscapeString(s)))
	n.SetCode(true) // its value is HTML already and is not escaped again
	return n
}

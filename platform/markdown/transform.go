package markdown

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	extensions "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// documentTransformer changes the tree of goldmark between parsing and rendering. It runs before
// the transformer of the footnotes, which drops those that nothing refers to.
type documentTransformer struct{}

// Transform implements parser.ASTTransformer.
func (documentTransformer) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	t := &tree{doc: doc, source: reader.Source(), anchors: newAnchorSet()}
	t.showUnusedDefinitions()
	t.restoreExtraCells()
	t.assignHeadingIDs()
	t.resolveTags()
	t.rewriteLinks()
}

// tree is the tree of one text while it is changed.
type tree struct {
	doc     *ast.Document
	source  []byte
	anchors *anchorSet
	// tags are all tags of the text, once resolveTags has collected them.
	tags []*tag
}

// nodesOf returns the nodes of a type in the order of the text. The caller may change the tree
// while it goes through them.
func nodesOf[N ast.Node](t *tree) (out []N) {
	_ = ast.Walk(t.doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if found, ok := n.(N); ok && entering {
			out = append(out, found)
		}
		return ast.WalkContinue, nil
	})
	return out
}

// replaceNode puts nodes in the place of another one. Without nodes it removes that one.
func replaceNode(old ast.Node, by ...ast.Node) {
	parent := old.Parent()
	for _, n := range by {
		parent.InsertBefore(parent, old, n)
	}
	parent.RemoveChild(parent, old)
}

// childNodes returns the children of a node as they are now.
func childNodes(n ast.Node) (out []ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		out = append(out, c)
	}
	return out
}

// showUnusedDefinitions turns definitions of links and footnotes that nothing refers to into
// paragraphs. Their author may have meant text, such as "[Note]: remember".
func (t *tree) showUnusedDefinitions() {
	used := map[string]bool{}
	for _, l := range nodesOf[*ast.Link](t) {
		if l.Reference != nil {
			used[util.ToLinkReference(l.Reference.Value)] = true
		}
	}
	for _, i := range nodesOf[*ast.Image](t) {
		if i.Reference != nil {
			used[util.ToLinkReference(i.Reference.Value)] = true
		}
	}
	for _, d := range nodesOf[*ast.LinkReferenceDefinition](t) {
		label := util.ToLinkReference(d.Label)
		if used[label] {
			delete(used, label) // Markdown ignores a second definition of the label
			continue
		}
		p := ast.NewParagraph()
		p.AppendChild(p, verbatimNode(strings.TrimSpace(string(d.Lines().Value(t.source)))))
		replaceNode(d, p)
	}
	for _, f := range nodesOf[*extensions.Footnote](t) {
		if f.Index < 0 {
			t.showUnusedFootnote(f)
		}
	}
}

// showUnusedFootnote moves a footnote that nothing refers to, with its label, to the end of the
// text.
func (t *tree) showUnusedFootnote(f *extensions.Footnote) {
	label := verbatimNode("[^" + string(f.Ref) + "]: ")
	first := f.FirstChild()
	if first == nil || !ast.IsParagraph(first) {
		p := ast.NewParagraph()
		p.AppendChild(p, label)
		t.doc.AppendChild(t.doc, p)
	} else if first.FirstChild() != nil {
		first.InsertBefore(first, first.FirstChild(), label)
	} else {
		first.AppendChild(first, label)
	}
	for _, c := range childNodes(f) {
		f.RemoveChild(f, c)
		t.doc.AppendChild(t.doc, c)
	}
}

// restoreExtraCells adds the cells that a row of a table has beyond those of the header. GFM drops
// them.
func (t *tree) restoreExtraCells() {
	for _, row := range nodesOf[*extensions.TableRow](t) {
		last, ok := row.LastChild().(*extensions.TableCell)
		if !ok || last.Lines().Len() == 0 {
			continue
		}
		start := last.Lines().At(0).Stop
		line := t.source[start:]
		if end := bytes.IndexByte(line, '\n'); end >= 0 {
			line = line[:end]
		}
		line = bytes.TrimSpace(line)
		line = bytes.TrimPrefix(line, []byte("|"))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		line = bytes.TrimSuffix(line, []byte("|"))
		for cell := range bytes.SplitSeq(line, []byte("|")) {
			node := extensions.NewTableCell()
			node.AppendChild(node, verbatimNode(strings.TrimSpace(string(cell))))
			row.AppendChild(row, node)
		}
	}
}

// assignHeadingIDs gives each heading the id of its words.
func (t *tree) assignHeadingIDs() {
	for _, h := range nodesOf[*ast.Heading](t) {
		h.SetAttributeString("id", []byte(idPrefix+t.anchors.assignName(makeAnchor(t.textOf(h)))))
	}
}

// textOf returns the text that a reader sees of a node, without markup.
func (t *tree) textOf(n ast.Node) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			b.Write(util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(n.Value(t.source)))))
			if n.SoftLineBreak() || n.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(n.Value)
		case *ast.AutoLink:
			b.Write(n.Label(t.source))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// resolveTags finds the other half of each tag: for a tag inside of a paragraph among its siblings,
// for one of a block among the blocks of HTML beside it. It replaces goldmark's nodes of HTML and
// drops comments.
func (t *tree) resolveTags() {
	groups, order := map[ast.Node][]*tag{}, []ast.Node{}
	add := func(parent ast.Node, tags ...*tag) {
		if groups[parent] == nil {
			order = append(order, parent)
		}
		groups[parent] = append(groups[parent], tags...)
		t.tags = append(t.tags, tags...)
	}
	for _, n := range nodesOf[*tagNode](t) {
		if isInImage(n) {
			replaceNode(n, verbatimNode(n.source))
		} else {
			add(n.Parent(), n.tag)
		}
	}
	for _, b := range nodesOf[*ast.HTMLBlock](t) {
		n := newHTMLNode(b, t.source)
		for _, p := range n.pieces {
			if p.tag != nil {
				add(b.Parent(), p.tag)
			}
		}
		replaceNode(b, n)
	}
	for _, c := range nodesOf[*ast.RawHTML](t) {
		replaceNode(c) // a comment
	}
	for _, parent := range order {
		matchTags(groups[parent])
	}
	for _, tag := range t.tags {
		t.assignTagID(tag)
	}
}

// assignTagID gives the id of a tag its prefix. It drops an id that is taken or is no anchor. The
// attribute name, by which old HTML marks a place, becomes an id.
func (t *tree) assignTagID(tag *tag) {
	if !tag.isMarkup {
		return
	}
	isID := func(a attribute) bool { return a.name == "id" || a.name == "name" }
	tag.attributes = slices.DeleteFunc(tag.attributes, func(a attribute) bool {
		isAnchor := a.value != "" && makeAnchor(a.value) == strings.ToLower(a.value)
		return isID(a) && (!isAnchor || !t.anchors.reserveName(a.value))
	})
	for i, a := range tag.attributes {
		if isID(a) {
			tag.attributes[i] = attribute{"id", idPrefix + a.value}
		}
	}
}

// rewriteLinks makes links of the text lead to its ids. It shows the text in place of an image that
// a browser must not load and of an address that is none.
func (t *tree) rewriteLinks() {
	for _, l := range nodesOf[*ast.Link](t) {
		l.Destination = []byte(t.anchors.resolveLink(string(l.Destination)))
	}
	for _, tag := range t.tags {
		for i, a := range tag.attributes {
			if a.name == "href" {
				tag.attributes[i].value = t.anchors.resolveLink(a.value)
			}
		}
	}
	for _, i := range nodesOf[*ast.Image](t) {
		if !isImageAddress(string(i.Destination)) {
			replaceNode(i, childNodes(i)...)
		}
	}
	for _, l := range nodesOf[*ast.AutoLink](t) {
		label := string(l.Label(t.source))
		switch {
		case isInImage(l):
			replaceNode(l, verbatimNode(label))
		case l.AutoLinkType == ast.AutoLinkURL && l.Protocol == nil && !hasLinkedScheme(label):
			replaceNode(l, verbatimNode("<"+label+">"))
		}
	}
}

// isInImage reports whether a node stands in the alternative text of an image, which has no markup.
func isInImage(n ast.Node) bool {
	for p := n.Parent(); p != nil && p.Type() == ast.TypeInline; p = p.Parent() {
		if p.Kind() == ast.KindImage {
			return true
		}
	}
	return false
}

// hasLinkedScheme reports whether an address in angle brackets becomes a link. Others, such as
// <std::string>, are text.
func hasLinkedScheme(address string) bool {
	scheme, _, _ := strings.Cut(strings.ToLower(address), ":")
	return slices.Contains([]string{"http", "https", "ftp", "mailto"}, scheme)
}

// isImageAddress reports whether a browser may load an image from the address: over HTTP or from
// this server.
func isImageAddress(address string) bool {
	address = strings.TrimSpace(address)
	u, err := url.Parse(address)
	return err == nil && address != "" && slices.Contains([]string{"", "http", "https"}, u.Scheme)
}

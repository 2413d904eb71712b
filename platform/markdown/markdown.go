// Package markdown renders CommonMark and GFM as HTML that is safe to show, and loses no text on
// the way.
//
// Harmless HTML passes: a tag of a known element whose attributes are HTML's and whose other half
// stands in the same block of text (or, for tags that begin a line, beside it in the same
// container). Every other <…> is text, and shown as typed. What renders as nothing is what Markdown
// defines so: comments, marks, and definitions of links that are used; unused definitions are
// shown.
//
// Ids of headings, footnotes and HTML begin with "md-", so that they name nothing of the page
// around them, and links to them are rewritten. The result passes an allow-list as a second line of
// defense.
package markdown

import (
	"bytes"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// Version rises with every change of what Render returns, so that stored HTML can be told to be out
// of date.
const Version = 1

// idPrefix begins every id in rendered HTML.
const idPrefix = "md-"

var converter = goldmark.New(
	goldmark.WithParser(parser.NewParser(
		parser.WithBlockParsers(blockParsers()...),
		parser.WithInlineParsers(inlineParsers()...),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
		parser.WithASTTransformers(util.Prioritized(documentTransformer{}, 500)),
	)),
	goldmark.WithExtensions(
		extension.Linkify, extension.Strikethrough, extension.TaskList,
		extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
		extension.NewFootnote(extension.WithFootnoteIDPrefix(idPrefix)),
	),
	goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(htmlRenderer{}, 100))),
)

// Render returns the HTML of a Markdown text. Its time grows with the square of links, emphasis and
// nesting, which the caller bounds.
func Render(source string) (string, error) {
	var html bytes.Buffer
	if err := converter.Convert([]byte(source), &html); err != nil {
		return "", err
	}
	return sanitizePolicy().Sanitize(html.String()), nil
}

// blockParsers are goldmark's, with HTML read by htmlBlocks.
func blockParsers() []util.PrioritizedValue {
	out := parser.DefaultBlockParsers()
	for i, p := range out {
		if p.Value == parser.NewHTMLBlockParser() {
			out[i].Value = blockHTMLParser{parser.NewHTMLBlockParser()}
		}
	}
	return out
}

// inlineParsers are goldmark's, with HTML read by htmlInlines.
func inlineParsers() []util.PrioritizedValue {
	out := parser.DefaultInlineParsers()
	for i, p := range out {
		if p.Value == parser.NewRawHTMLParser() {
			out[i].Value = inlineHTMLParser{parser.NewRawHTMLParser()}
		}
	}
	return out
}

package markdown

import (
	"bytes"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/util"
)

// Version rises with every change of the output of Render. Modules store it beside rendered HTML
// and render again if it has risen.
const Version = 1

// idPrefix begins every id in rendered HTML, so that no id of a text is one of the page around it
// (DOM clobbering).
const idPrefix = "md-"

// converter parses with this package's parsers of HTML and renders without goldmark's raw HTML. It
// is safe for concurrent use.
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

// Render returns the HTML of a Markdown text. It returns an error only for a fault of the renderer.
// Its time grows with the square of the number of links, emphasis marks and levels of nesting, so
// the caller bounds the length of source.
func Render(source string) (string, error) {
	var unchecked bytes.Buffer
	if err := converter.Convert([]byte(source), &unchecked); err != nil {
		return "", err
	}
	return sanitizePolicy().Sanitize(unchecked.String()), nil
}

// blockParsers returns the block parsers of goldmark, with blockHTMLParser in place of its own for
// HTML.
func blockParsers() []util.PrioritizedValue {
	out := parser.DefaultBlockParsers()
	for i, p := range out {
		if p.Value == parser.NewHTMLBlockParser() {
			out[i].Value = blockHTMLParser{parser.NewHTMLBlockParser()}
		}
	}
	return out
}

// inlineParsers returns the inline parsers of goldmark, with inlineHTMLParser in place of its own
// for HTML.
func inlineParsers() []util.PrioritizedValue {
	out := parser.DefaultInlineParsers()
	for i, p := range out {
		if p.Value == parser.NewRawHTMLParser() {
			out[i].Value = inlineHTMLParser{parser.NewRawHTMLParser()}
		}
	}
	return out
}

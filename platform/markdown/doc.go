// Package markdown renders CommonMark and GFM as HTML that is safe to show (ASVS 1.3.1), and loses
// no text on the way.
//
//	source ─▶ goldmark's parsers, with stricter ones for HTML   "<" of an unknown tag is text
//	       ─▶ tree: pair tags, restore dropped text, name ids   see documentTransformer
//	       ─▶ goldmark's renderers                              no raw HTML is ever copied
//	       ─▶ allow-list (sanitizePolicy)                       a second line of defense
//
// Harmless HTML passes: a tag of a known element whose attributes HTML knows and whose other half
// stands in the same paragraph or, for tags that begin a line, beside it in the same container.
// Every other <…> is text and is shown as it was typed, such as "List<String>" or "<script>".
//
// Only what Markdown defines so renders as nothing: marks, comments, and definitions of links that
// are used. Unused definitions and surplus table cells, which other renderers drop, are shown.
//
// Ids of headings, footnotes and HTML begin with "md-", so that they name nothing of the page
// around them. Links to them are rewritten.
package markdown

package course

import (
	"context"
	"runtime"
	"strings"

	"golang.org/x/sync/semaphore"

	"lyceum/platform/apperr"
	"lyceum/platform/markdown"
)

// maxContent is how many code points the Markdown of a lesson has at most.
const maxContent = 200_000

// Bounds of Markdown that is rendered. The time for links, emphasis and nested blocks grows with
// their square.
const (
	maxLinks  = 4000
	maxMarks  = 30_000
	maxMarker = 400
	maxCells  = 100_000
)

// Content is the Markdown of a lesson with its HTML. The HTML is sanitized by an allow-list when it
// is written, so that nothing unsafe is ever stored (ASVS 1.3.1).
type Content struct{ Markdown, HTML string }

// RenderContent returns the Markdown in the form in which it is stored, with its HTML. It returns
// the errors of CheckContent. It must not be called inside a transaction, as it may take a second.
func RenderContent(ctx context.Context, source string) (Content, error) {
	source, err := CheckContent(source)
	if err != nil {
		return Content{}, err
	}
	html, err := RenderHTML(ctx, source)
	return Content{source, html}, err
}

// CheckContent returns Markdown in the form in which it is stored. It returns an error of kind
// Invalid for a text that is too long or would take too long to render.
func CheckContent(source string) (string, error) {
	source, err := CleanProse("content", source, maxContent)
	if err != nil {
		return "", err
	}
	if strings.Count(source, "](") > maxLinks {
		return "", apperr.Invalid("content", "more than 4,000 links")
	}
	if strings.Count(source, "*")+strings.Count(source, "_")+strings.Count(source, "~") > maxMarks {
		return "", apperr.Invalid("content", "more than 30,000 marks of emphasis")
	}
	for line := range strings.Lines(source) {
		if len(line)-len(strings.TrimLeft(line, "> \t-+*.)0123456789")) > maxMarker {
			return "", apperr.Invalid("content", "a line has more than 400 marks before its text")
		}
	}
	if countCells(source) > maxCells {
		return "", apperr.Invalid("content", "tables of more than 100,000 cells")
	}
	return source, nil
}

// countCells returns an upper bound of the number of cells in the tables of a text. Every row is
// filled up to the width of its header, which the line of dashes tells.
func countCells(source string) (cells int) {
	columns := 0
	for line := range strings.Lines(source) {
		if strings.Trim(line, ">\t\n ") == "" {
			columns = 0 // a blank line ends a table
		} else if strings.Trim(line, "|:->\t\n ") == "" {
			dashes := strings.FieldsFunc(line, func(r rune) bool { return r == '|' || r == '\n' })
			columns = max(columns, len(dashes))
		}
		cells += columns
	}
	return cells
}

// rendering lets one text for each core be rendered at a time: a burst of long lessons must not
// starve the rest of the program.
var rendering = semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))

// RenderHTML returns checked Markdown as sanitized HTML. It waits until a core is free for it.
func RenderHTML(ctx context.Context, source string) (string, error) {
	if err := rendering.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer rendering.Release(1)
	return markdown.Render(source)
}

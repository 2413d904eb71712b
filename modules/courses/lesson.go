package courses

import (
	"context"
	"log/slog"
	"runtime"
	"strings"

	"golang.org/x/sync/semaphore"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/markdown"
)

const maxContent = 200_000

type lesson struct {
	ID          string
	CourseID    string
	Position    int
	Title       string
	Content     string
	ContentHTML string `gorm:"column:content_html"`
	// HTMLVersion is the version of the renderer that made ContentHTML.
	HTMLVersion     int `gorm:"column:html_version"`
	AssetKey        *string
	DurationSeconds int
	// Captions is a JSON array of caption.
	Captions string
	// AvailableFrom and AvailableAfterDays, counted from the learner's first enrollment, keep learners out until then.
	AvailableFrom      *clock.Time
	AvailableAfterDays *int
	Version            int64
	CreatedAt          clock.Time
	UpdatedAt          clock.Time
	// Prerequisites are the lessons that come first, in the course's order.
	Prerequisites []string `gorm:"-"`
}

// TableName of lessons.
func (lesson) TableName() string { return "lessons" }

// lessonPosition is where a page of a course's lessons ends.
type lessonPosition struct{ Position int }

// listLessons returns one page of the lessons of a course in its order, without their texts. The caller must have been
// checked to read the course.
func (s *Service) listLessons(ctx context.Context, courseID string, after *lessonPosition, limit int) ([]lesson, error) {
	position := 0
	if after != nil {
		position = after.Position
	}
	return s.store.lessonsAfter(ctx, courseID, position, limit)
}

// getLesson returns a lesson that is open to the caller, with HTML of the current renderer. It returns the errors of
// openLesson.
func (s *Service) getLesson(ctx context.Context, courseID, lessonID string) (*lesson, error) {
	_, l, err := s.openLesson(ctx, courseID, lessonID)
	if err != nil {
		return nil, err
	}
	s.renderAnew(ctx, l)
	return l, nil
}

// Bounds of what is rendered: the time of links, emphasis and nested blocks grows with their square.
const (
	maxLinks  = 4000
	maxMarks  = 30_000
	maxMarker = 400
	maxCells  = 100_000
)

// rendering admits one text for each core at a time: a burst of long lessons must not starve the rest.
var rendering = semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))

// prose is Markdown with its HTML, sanitised by an allow-list when written, so that nothing unsafe
// is ever stored (ASVS 1.3.1).
type prose struct{ content, html string }

// render makes prose. It is done outside every transaction, as it may take a second: 422 for what
// is too long or would take much longer.
func render(ctx context.Context, content string) (prose, error) {
	content, err := checkContent(content)
	if err != nil {
		return prose{}, err
	}
	html, err := renderBounded(ctx, content)
	return prose{content, html}, err
}

// checkContent tidies Markdown and holds it to the bounds of what can be rendered quickly: 422 beyond them.
func checkContent(content string) (string, error) {
	content, err := cleanProse("content", content, maxContent)
	if err != nil {
		return "", err
	}
	if strings.Count(content, "](") > maxLinks {
		return "", apperr.Invalid("content", "more than 4,000 links")
	}
	if strings.Count(content, "*")+strings.Count(content, "_")+strings.Count(content, "~") > maxMarks {
		return "", apperr.Invalid("content", "more than 30,000 marks of emphasis")
	}
	for line := range strings.Lines(content) {
		if len(line)-len(strings.TrimLeft(line, "> \t-+*.)0123456789")) > maxMarker {
			return "", apperr.Invalid("content", "a line has more than 400 marks before its text")
		}
	}
	if countCells(content) > maxCells {
		return "", apperr.Invalid("content", "tables of more than 100,000 cells")
	}
	return content, nil
}

// countCells returns at least how many cells the tables of a text get: every row is filled up to the width of its header,
// which the line of dashes tells.
func countCells(content string) (cells int) {
	columns := 0
	for line := range strings.Lines(content) {
		if strings.Trim(line, ">\t\n ") == "" {
			columns = 0 // a blank line ends a table
		} else if strings.Trim(line, "|:->\t\n ") == "" {
			columns = max(columns, len(strings.FieldsFunc(line, func(r rune) bool { return r == '|' || r == '\n' })))
		}
		cells += columns
	}
	return cells
}

// renderBounded renders a text once one of the cores is free for it.
func renderBounded(ctx context.Context, content string) (string, error) {
	if err := rendering.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer rendering.Release(1)
	return markdown.Render(content)
}

// renderAnew brings HTML up to date that another version of the renderer has made, and keeps it for the next reader. A
// failure leaves the lesson with the HTML that it has, which was safe when it was made.
func (s *Service) renderAnew(ctx context.Context, l *lesson) {
	if l.HTMLVersion == markdown.Version {
		return
	}
	html, err := renderBounded(ctx, l.Content)
	if err != nil {
		slog.Warn("a lesson's HTML is of another version and could not be rendered anew", "lesson_id", l.ID, "error", err)
		return
	}
	l.ContentHTML, l.HTMLVersion = html, markdown.Version
	if err := s.store.saveHTML(ctx, l); err != nil {
		slog.Warn("a lesson's HTML could not be kept", "lesson_id", l.ID, "error", err)
	}
}

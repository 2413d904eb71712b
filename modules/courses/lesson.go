package courses

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"golang.org/x/sync/semaphore"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
)

const maxContent = 200_000

type lesson struct {
	ID              string
	CourseID        string
	Position        int
	Title           string
	Content         string
	ContentHTML     string `gorm:"column:content_html"`
	AssetKey        *string
	DurationSeconds int
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

var (
	markdown  = goldmark.New(goldmark.WithExtensions(extension.GFM))
	sanitizer = sync.OnceValue(func() *bluemonday.Policy {
		p := bluemonday.UGCPolicy()
		p.RequireNoFollowOnLinks(true)
		p.RequireNoReferrerOnLinks(true)
		p.AllowAttrs("checked", "disabled", "type").OnElements("input") // GFM's task lists
		return p
	})
)

// Bounds of what is rendered: the time of links, emphasis and nested blocks grows with their square.
const (
	maxLinks  = 4000
	maxMarks  = 30_000
	maxMarker = 400
)

// rendering admits one text for each core at a time: a burst of long lessons must not starve the rest.
var rendering = semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))

// prose is Markdown with its HTML, sanitised by an allow-list when written, so that nothing unsafe
// is ever stored (ASVS 1.3.1).
type prose struct{ content, html string }

// render makes prose. It is done outside every transaction, as it may take a second: 422 for what
// is too long or would take much longer.
func render(ctx context.Context, content string) (prose, error) {
	content, err := cleanProse("body.content", content, maxContent)
	if err != nil {
		return prose{}, err
	}
	if strings.Count(content, "](") > maxLinks {
		return prose{}, apperr.Invalid("body.content", "more than 4,000 links")
	}
	if strings.Count(content, "*")+strings.Count(content, "_")+strings.Count(content, "~") > maxMarks {
		return prose{}, apperr.Invalid("body.content", "more than 30,000 marks of emphasis")
	}
	for line := range strings.Lines(content) {
		if len(line)-len(strings.TrimLeft(line, "> \t-+*.)0123456789")) > maxMarker {
			return prose{}, apperr.Invalid("body.content", "a line has more than 400 marks before its text")
		}
	}
	if err := rendering.Acquire(ctx, 1); err != nil {
		return prose{}, err
	}
	defer rendering.Release(1)
	var html bytes.Buffer
	if err := markdown.Convert([]byte(content), &html); err != nil {
		return prose{}, err
	}
	return prose{content, sanitizer().Sanitize(html.String())}, nil
}

package courses

import (
	"bytes"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

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
	Version         int64
	CreatedAt       clock.Time
	UpdatedAt       clock.Time
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

// write sets the content and its HTML, sanitised by an allow-list now, so that nothing unsafe is
// ever stored (ASVS 1.3.1).
func (l *lesson) write(content string) error {
	var html bytes.Buffer
	if err := markdown.Convert([]byte(content), &html); err != nil {
		return err
	}
	l.Content, l.ContentHTML = content, sanitizer().Sanitize(html.String())
	return nil
}

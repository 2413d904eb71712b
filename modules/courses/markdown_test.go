package courses_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
)

// Lessons are shown as they were typed: what looks like a tag and is none, harmless HTML, tables, code, footnotes.
func TestLessonMarkdown(t *testing.T) {
	sitetest.OnBothInside(t, func(t *testing.T, s *sitetest.Site, d *db.DB) {
		admin := s.AdminToken()
		lessons := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Words","status":"published"}`).Text("id") + "/lessons"
		content := "If a<b and c>d then stop. List<String> <your name> H<sub>2</sub>O\n\n# Part\n\n[part](#part) note[^1]\n\n" +
			"| l | r |\n|:--|--:|\n| 1 | 2 |\n\n```go\nx\n```\n\n[^1]: noted"
		lesson := s.Want(201, "POST", lessons, admin, map[string]any{"title": "One", "content": content})
		markup := lesson.Text("content_html")
		for _, part := range []string{
			"If a&lt;b and c&gt;d then stop. List&lt;String&gt; &lt;your name&gt; H<sub>2</sub>O",
			`<h1 id="md-part">`, `href="#md-part"`,
			`id="md-fn:1"`, `href="#md-fn:1"`, `id="md-fnref:1"`, `href="#md-fnref:1"`, `<td align="right">2</td>`,
			`<code class="language-go">`,
		} {
			require.Contains(t, markup, part)
		}
		require.Equal(t, content, lesson.Text("content"))

		// HTML that an older program has stored is rendered anew when it is read, and copies of it are.
		path := lesson.Header.Get("Location")
		_, err := d.Exec(t.Context(), "UPDATE lessons SET content_html = 'old', html_version = 0 WHERE id = ?",
			lesson.Text("id"))
		require.NoError(t, err)
		copied := s.Want(201, "POST", strings.TrimSuffix(lessons, "/lessons")+"/clone", admin, nil)
		changed := s.Want(200, "PATCH", path, admin, `{"title":"Two"}`)
		require.Equal(t, markup, changed.Text("content_html"))
		for _, read := range []string{path, "/courses/" + copied.Text("id") + "/lessons/" + copied.Text("lessons.0.id")} {
			got := s.Want(200, "GET", read, admin, nil)
			require.Equal(t, markup, got.Text("content_html"))
			require.Equal(t, got.Header.Get("ETag"), s.Want(200, "GET", read, admin, nil).Header.Get("ETag"))
		}
		require.Equal(t, changed.Text("updated_at"), s.Want(200, "GET", path, admin, nil).Text("updated_at"),
			"rendering is no change")
		var left int
		require.NoError(t,
			d.Conn(t.Context()).Raw("SELECT count(*) FROM lessons WHERE content_html = 'old'").Scan(&left).Error)
		require.Zero(t, left)
	})
}

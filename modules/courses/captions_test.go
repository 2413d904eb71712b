package courses_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

func captionOf(language, label, key string) map[string]any {
	return map[string]any{"language": language, "label": label, "asset_key": key}
}

const vtt = "WEBVTT\n\n00:00.000 --> 00:04.000\nHello\n"

// captioned is a site with a lesson that has captions in two languages.
type captioned struct {
	*sitetest.Site
	cast sitetest.Cast
	// course and lesson are paths.
	course, lesson string
	en, de         map[string]any
}

// newCaptioned uploads the files and creates the course of an instructor.
func newCaptioned(s *sitetest.Site) captioned {
	s.T.Helper()
	c := captioned{Site: s, cast: s.NewCast()}
	for key, kind := range map[string]string{"c/en.vtt": "text/vtt", "c/de.vtt": "text/vtt", "c/plain.txt": "text/plain"} {
		s.AddAsset(c.cast.Instructor, key, kind, vtt)
	}
	s.AddAsset(c.cast.Admin, "c/admin.vtt", "text/vtt", vtt)
	course := s.Want(201, "POST", "/courses", c.cast.Instructor, `{"title":"Heard","status":"published"}`)
	c.course = "/courses/" + course.Text("id")
	c.en, c.de = captionOf("en", "English", "c/en.vtt"), captionOf("de-AT", "Deutsch (Österreich)", "c/de.vtt")
	created := s.Want(201, "POST", c.course+"/lessons", c.cast.Instructor,
		map[string]any{"title": "One", "captions": []any{c.en, c.de}})
	require.Equal(s.T, []any{c.en, c.de}, created.Get("captions"))
	c.lesson = created.Header.Get("Location")
	return c
}

// set replaces the captions of the lesson.
func (c captioned) set(token string, captions ...any) sitetest.Answer {
	return c.Call("PATCH", c.lesson, token, map[string]any{"captions": captions})
}

// listUses returns what uses the English captions.
func (c captioned) listUses() any {
	return c.Want(200, "GET", "/storage/assets?prefix=c/en", c.cast.Instructor, nil).Get("items.0.used_by")
}

// Captions of a lesson are stored, changed, cleared and copied. Readers of the lesson read them, and
// their files are in use.
func TestLessonCaptions(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		all := newCaptioned(s)
		for _, step := range []struct {
			name string
			test func(t *testing.T, c captioned)
		}{
			{"readers get them with the lesson", testCaptionsAreShown},
			{"their files are in use, and locked with the lesson", testCaptionFiles},
			{"captions that break a rule are refused", testCaptionRules},
			{"only usable files with captions may be added", testCaptionKeys},
			{"copies have them, null clears them", testCaptionsAreCopied},
		} {
			t.Run(step.name, func(t *testing.T) {
				c := all
				c.Site = s.For(t)
				step.test(t, c)
			})
		}
	})
}

func testCaptionsAreShown(t *testing.T, c captioned) {
	both := []any{c.en, c.de}
	require.Equal(t, both, c.Want(200, "GET", c.lesson, c.cast.User, nil).Get("captions"))
	require.Equal(t, both, c.Want(200, "GET", c.course, "", nil).Get("lessons.0.captions"))
	second := c.Want(201, "POST", c.course+"/lessons", c.cast.Instructor, `{"title":"Two"}`)
	require.Equal(t, []any{}, second.Get("captions"))
	etag := c.Want(200, "GET", c.lesson, c.cast.Instructor, nil).Header.Get("ETag")
	require.Equal(t, etag, c.set(c.cast.Instructor, c.en, c.de).Header.Get("ETag"), "nothing new, no new version")
}

func testCaptionFiles(t *testing.T, c captioned) {
	c.Want(200, "GET", "/storage/sign?key=c/en.vtt", c.cast.User, nil)
	c.WantProblem(403, "forbidden", "GET", "/storage/sign?key=c/plain.txt", c.cast.User, nil)
	assets := c.Want(200, "GET", "/storage/assets?prefix=c/en", c.cast.Instructor, nil)
	lessonID := c.Want(200, "GET", c.lesson, c.cast.Instructor, nil).Text("id")
	require.Equal(t, lessonID, assets.Text("items.0.used_by.0.id"))
	c.WantProblem(409, "asset-in-use", "DELETE", "/storage/assets/"+assets.Text("items.0.id"), c.cast.Instructor, nil)

	c.Want(200, "PATCH", c.lesson, c.cast.Instructor, `{"available_from":"2999-01-01T00:00:00Z"}`)
	c.WantProblem(403, "lesson-locked", "GET", "/storage/sign?key=c/en.vtt", c.cast.User, nil)
	c.Want(200, "PATCH", c.lesson, c.cast.Instructor, `{"available_from":null}`)
}

func testCaptionRules(t *testing.T, c captioned) {
	many := []any{}
	for i := range 21 {
		many = append(many, captionOf(fmt.Sprintf("en-x-a%d", i), "x", "c/en.vtt"))
	}
	require.Equal(t, 200, c.set(c.cast.Instructor, many[:20]...).Status)
	one := func(language, label string) []any { return []any{captionOf(language, label, "c/en.vtt")} }
	for name, captions := range map[string]any{
		"too many":      many,
		"no tag":        one("", "x"),
		"no language":   one("not a tag", "x"),
		"underscore":    one("en_US", "x"),
		"twice":         []any{c.en, captionOf("EN", "Other", "c/de.vtt")},
		"no label":      one("en", ""),
		"blank label":   one("en", " "),
		"long label":    one("en", strings.Repeat("x", 101)),
		"two lines":     one("en", "a\nb"),
		"no key":        []any{map[string]any{"language": "en", "label": "x"}},
		"unknown field": []any{sitetest.With(captionOf("en", "x", "c/en.vtt"), "kind", "subtitles")},
		"not a list":    "en",
	} {
		t.Run(name, func(t *testing.T) {
			body := map[string]any{"captions": captions}
			a := c.For(t).WantProblem(422, "validation-failed", "PATCH", c.lesson, c.cast.Instructor, body)
			require.Contains(t, a.Text("errors.0.location"), "captions", "%s", a.Raw)
		})
	}
}

func testCaptionKeys(t *testing.T, c captioned) {
	for _, key := range []string{"c/nowhere.vtt", "c/plain.txt", "c/admin.vtt", ""} {
		body := map[string]any{"captions": []any{captionOf("fr", "x", key)}}
		a := c.WantProblem(422, "asset-unusable", "PATCH", c.lesson, c.cast.Instructor, body)
		require.Equal(t, "body.captions[0].asset_key", a.Text("errors.0.location"))
	}
	require.Equal(t, 200, c.set(c.cast.Admin, c.en, captionOf("fr", "Français", "c/admin.vtt")).Status)
	changed := c.set(c.cast.Instructor, captionOf("fr", "Changed", "c/admin.vtt"), c.en)
	require.Equal(t, 200, changed.Status, "captions that the lesson had before may stay")
	canonical := c.set(c.cast.Instructor, captionOf("PT-br", "x", "c/en.vtt"))
	require.Equal(t, "pt-BR", canonical.Text("captions.0.language"))
	newest := c.Want(200, "GET", "/admin/audit-logs?action=lesson.updated&limit=1", c.cast.Admin, nil)
	require.Equal(t, []any{"captions"}, newest.Get("items.0.data.fields"))
}

func testCaptionsAreCopied(t *testing.T, c captioned) {
	c.set(c.cast.Instructor, c.en, c.de)
	copied := c.Want(201, "POST", c.course+"/clone", c.cast.Instructor, nil)
	require.Equal(t, []any{c.en, c.de}, copied.Get("lessons.0.captions"))
	require.Len(t, c.listUses(), 2)
	require.Equal(t, []any{}, c.Want(200, "PATCH", c.lesson, c.cast.Instructor, `{"captions":null}`).Get("captions"))
	require.Len(t, c.listUses(), 1, "the copy's")
}

func TestCaptionsNeedStorage(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"MODULES_DISABLED": "storage"})
	admin := s.AdminToken()
	lessons := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Silent"}`).Text("id") + "/lessons"
	body := map[string]any{"title": "One", "captions": []any{captionOf("en", "English", "x.vtt")}}
	s.WantProblem(422, "asset-unusable", "POST", lessons, admin, body)
	s.Want(201, "POST", lessons, admin, `{"title":"One","captions":[]}`)
}

package course

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/markdown"
)

func TestLessonChangesApply(t *testing.T) {
	at, days := clock.FromMillis(1000), 7
	captions := []Caption{{Language: "EN-us", Label: " English ", AssetKey: "en.vtt"}}
	for name, c := range map[string]struct {
		changes LessonChanges
		want    []string
	}{
		"nothing":    {LessonChanges{}, nil},
		"same title": {LessonChanges{Title: pointerTo(" Lesson ")}, nil},
		"texts": {
			LessonChanges{Title: pointerTo("New"), Content: &Content{"# Hi", "<h1>Hi</h1>"}}, []string{"title", "content"},
		},
		"files": {
			LessonChanges{HasAsset: true, AssetKey: pointerTo("video"), Captions: &captions},
			[]string{"asset_key", "captions"},
		},
		"locks": {
			LessonChanges{HasAvailableFrom: true, AvailableFrom: &at, HasAvailableAfter: true, AvailableAfterDays: &days},
			[]string{"available_from", "available_after_days"},
		},
		"duration":               {LessonChanges{DurationSeconds: pointerTo(5)}, []string{"duration_seconds"}},
		"locks that are not set": {LessonChanges{HasAvailableFrom: true, HasAvailableAfter: true}, nil},
		"prerequisites":          {LessonChanges{Prerequisites: pointerTo([]string{"x"})}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			l := &Lesson{Title: "Lesson", Captions: NoCaptions}
			changed, err := c.changes.Apply(l)
			require.NoError(t, err)
			require.Equal(t, c.want, changed)
		})
	}
	t.Run("new content has the version of the renderer", func(t *testing.T) {
		l := &Lesson{}
		_, err := LessonChanges{Content: &Content{"x", "<p>x</p>"}}.Apply(l)
		require.NoError(t, err)
		require.Equal(t, []any{"x", "<p>x</p>", markdown.Version}, []any{l.Content, l.ContentHTML, l.HTMLVersion})
	})
	t.Run("before 1970", func(t *testing.T) {
		before := clock.FromMillis(-1)
		_, err := LessonChanges{HasAvailableFrom: true, AvailableFrom: &before}.Apply(&Lesson{})
		requireInvalid(t, err, "available_from")
	})
}

func TestCleanCaptions(t *testing.T) {
	cleaned, err := CleanCaptions("captions", []Caption{{"PT-br", " Português ", "pt.vtt"}, {"en", "English", "en.vtt"}})
	require.NoError(t, err)
	require.Equal(t, []Caption{{"pt-BR", "Português", "pt.vtt"}, {"en", "English", "en.vtt"}}, cleaned)

	for name, c := range map[string]struct {
		captions []Caption
		fields   []string
	}{
		"too many":         {make([]Caption, maxCaptions+1), []string{"captions"}},
		"no language":      {[]Caption{{"no tag", "x", "k"}}, []string{"captions[0].language"}},
		"an underscore":    {[]Caption{{"en_US", "x", "k"}}, []string{"captions[0].language"}},
		"a language twice": {[]Caption{{"en", "x", "k"}, {"EN", "y", "l"}}, []string{"captions[1].language"}},
		"every fault":      {[]Caption{{"", "", "k"}}, []string{"captions[0].language", "captions[0].label"}},
		"a long label":     {[]Caption{{"en", strings.Repeat("x", maxLabel+1), "k"}}, []string{"captions[0].label"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := CleanCaptions("captions", c.captions)
			fault, ok := apperr.As(err)
			require.True(t, ok, "%v", err)
			var fields []string
			for _, f := range fault.Fields {
				fields = append(fields, f.Location)
			}
			require.Equal(t, c.fields, fields)
		})
	}
}

func TestIsCaptionType(t *testing.T) {
	for mediaType, want := range map[string]bool{
		"text/vtt": true, "Text/VTT; charset=utf-8": true, "text/plain": false, "": false, "text/vttx": false,
	} {
		require.Equal(t, want, IsCaptionType(mediaType), mediaType)
	}
}

func TestRenderContent(t *testing.T) {
	content, err := RenderContent(t.Context(), "# Hi\r\n\r\n<script>x</script>")
	require.NoError(t, err)
	require.Equal(t, "# Hi\n\n<script>x</script>", content.Markdown)
	require.Contains(t, content.HTML, "<h1")
	require.NotContains(t, content.HTML, "<script")
}

// The bounds are those of texts whose rendering would take seconds.
func TestCheckContent(t *testing.T) {
	table := func(columns, rows int) string {
		return strings.Repeat("|a", columns) + "\n" + strings.Repeat("|-", columns) + "\n" + strings.Repeat("|\n", rows)
	}
	for name, c := range map[string]struct {
		source  string
		isValid bool
	}{
		"empty":                {"", true},
		"as long as allowed":   {strings.Repeat("é", maxContent), true},
		"too long":             {strings.Repeat("é", maxContent+1), false},
		"many links":           {strings.Repeat("[a](b)", maxLinks), true},
		"too many links":       {strings.Repeat("[a](b)", maxLinks+1), false},
		"too many marks":       {strings.Repeat("*", maxMarks+1), false},
		"a long line of marks": {strings.Repeat(">", maxMarker+1), false},
		"a large table":        {table(10, 5000), true},
		"too large a table":    {table(50, 5000), false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := CheckContent(c.source)
			if c.isValid {
				require.NoError(t, err)
				return
			}
			requireInvalid(t, err, "content")
		})
	}
}

func TestIsCircular(t *testing.T) {
	others := map[string][]string{"b": {"c"}, "c": {"d"}, "d": nil}
	for name, c := range map[string]struct {
		lesson        string
		prerequisites []string
		want          bool
	}{
		"none":       {"a", nil, false},
		"a chain":    {"a", []string{"b", "c"}, false},
		"itself":     {"a", []string{"a"}, true},
		"a circle":   {"d", []string{"b"}, true},
		"both ways":  {"c", []string{"b"}, true},
		"of no harm": {"d", nil, false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, IsCircular(c.lesson, c.prerequisites, others)) })
	}
}

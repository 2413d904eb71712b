package course

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
)

// requireInvalid checks that an error names a field as invalid.
func requireInvalid(t *testing.T, err error, field string) {
	t.Helper()
	fault, ok := apperr.As(err)
	require.True(t, ok, "%v", err)
	require.Equal(t, apperr.KindInvalid, fault.Kind)
	require.Equal(t, field, fault.Fields[0].Location)
}

func pointerTo[T any](v T) *T { return &v }

func TestCourseMarkPublished(t *testing.T) {
	now, later := clock.FromMillis(1000), clock.FromMillis(2000)
	c := &Course{Status: Draft}
	require.False(t, c.MarkPublished(now), "a draft is not published")
	c.Status = Published
	require.True(t, c.MarkPublished(now))
	require.False(t, c.MarkPublished(later), "only the first time counts")
	require.Equal(t, now, *c.PublishedAt)
}

func TestCourseIsRestorable(t *testing.T) {
	deletedAt := clock.FromMillis(1000)
	c := &Course{DeletedAt: &deletedAt}
	require.True(t, c.IsRestorable(deletedAt.Add(TrashLife-1_000_000)))
	require.False(t, c.IsRestorable(deletedAt.Add(TrashLife)))
}

func TestCourseSetTags(t *testing.T) {
	for name, c := range map[string]struct{ tags, want []string }{
		"none":                    {nil, []string{}},
		"lower case":              {[]string{"Go", "WEB"}, []string{"go", "web"}},
		"each once":               {[]string{"go", "Go", "GO"}, []string{"go"}},
		"each once in any script": {[]string{"STRASSE", "straße", "ΣΟΦΌΣ", "σοφός"}, []string{"strasse", "σοφόσ"}},
		"spaces":                  {[]string{"  a b "}, []string{"a b"}},
	} {
		t.Run(name, func(t *testing.T) {
			course := &Course{}
			require.NoError(t, course.SetTags(c.tags))
			require.Equal(t, c.want, course.TagList())
		})
	}
	for name, tag := range map[string]string{
		"empty": " ", "long": strings.Repeat("x", MaxTag+1), "control characters": "a\tb\x01",
	} {
		t.Run(name, func(t *testing.T) { requireInvalid(t, new(Course).SetTags([]string{tag}), "tags") })
	}
}

func TestCourseUpdateSearchText(t *testing.T) {
	c := &Course{Title: "Straße", Summary: "100 %"}
	require.NoError(t, c.SetTags([]string{"Go"}))
	c.UpdateSearchText()
	require.Equal(t, "strasse", c.FoldedTitle)
	require.Equal(t, "strasse\n100 %\ngo", c.SearchText)
}

func TestCleanSlug(t *testing.T) {
	slug, err := CleanSlug("Intro-to-GO-2")
	require.NoError(t, err)
	require.Equal(t, "intro-to-go-2", slug)
	for name, bad := range map[string]string{
		"two dashes": "a--b", "a dash at the end": "a-", "a space": "a b", "an id": ids.New(),
		"too long": strings.Repeat("a", maxSlug+1), "empty": "",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := CleanSlug(bad)
			requireInvalid(t, err, "slug")
		})
	}
}

func TestMakeSlug(t *testing.T) {
	for title, want := range map[string]string{
		"Straße & Wege": "strasse-wege", "!!!": "course", "01900000-0000-7000-8000-000000000000": "course",
	} {
		require.Equal(t, want, MakeSlug(title))
	}
	long := MakeSlug(strings.Repeat("word ", 50))
	require.LessOrEqual(t, len(long), maxSlugBase)
	require.Equal(t, strings.Trim(long, "-"), SlugBase(long), "there is room for a number")
}

func TestCleanLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"spaces":      {"  a b ", "a b"},
		"composed":    {"e\u0301", "é"},
		"full length": {strings.Repeat("é", 5), strings.Repeat("é", 5)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := CleanLine("title", c.text, 5)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	for name, text := range map[string]string{
		"empty": "", "blank": " \t", "too long": strings.Repeat("é", 6), "control character": "a\x07",
		"direction": "a\u202eb",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := CleanLine("title", text, 5)
			requireInvalid(t, err, "title")
		})
	}
}

func TestChangesApply(t *testing.T) {
	now := clock.FromMillis(1000)
	base := Course{Title: "Old", Slug: "old", Visibility: Public, Status: Draft, Tags: "[]", UpdatedAt: now}
	for name, c := range map[string]struct {
		changes Changes
		want    []string
	}{
		"nothing":         {Changes{}, nil},
		"the same values": {Changes{Title: pointerTo(" Old "), Slug: pointerTo("OLD"), Tags: pointerTo([]string{})}, nil},
		"texts": {
			Changes{Title: pointerTo("New"), Summary: pointerTo("S"), Description: pointerTo("D")},
			[]string{"title", "summary", "description"},
		},
		"status and tags": {
			Changes{Status: pointerTo(Published), Tags: pointerTo([]string{"a"})}, []string{"status", "tags"},
		},
		"a cover":     {Changes{HasCover: true, CoverKey: pointerTo("key")}, []string{"cover_key"}},
		"no cover":    {Changes{HasCover: true}, nil},
		"cover alone": {Changes{CoverKey: pointerTo("key")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			course := base
			changed, err := c.changes.Apply(&course)
			require.NoError(t, err)
			require.Equal(t, c.want, changed)
		})
	}
	for field, changes := range map[string]Changes{
		"title":       {Title: pointerTo(" ")},
		"slug":        {Slug: pointerTo("a--b")},
		"summary":     {Summary: pointerTo(strings.Repeat("x", maxSummary+1))},
		"description": {Description: pointerTo(strings.Repeat("x", maxDescription+1))},
		"tags":        {Tags: pointerTo([]string{""})},
	} {
		t.Run("invalid "+field, func(t *testing.T) {
			course := base
			_, err := changes.Apply(&course)
			requireInvalid(t, err, field)
		})
	}
}

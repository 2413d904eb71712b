package courses_test

import (
	"encoding/json"
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

// Captions of a lesson are stored, changed, cleared, copied and read by who may read the lesson, and keep their files.
func TestLessonsHaveCaptions(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		cast := s.NewCast()
		for key, kind := range map[string]string{"c/en.vtt": "text/vtt", "c/de.vtt": "text/vtt", "c/plain.txt": "text/plain"} {
			s.AddAsset(cast.Instructor, key, kind, vtt)
		}
		s.AddAsset(cast.Admin, "c/admin.vtt", "text/vtt", vtt)
		course := "/courses/" + s.Want(201, "POST", "/courses", cast.Instructor, `{"title":"Heard","status":"published"}`).Text("id")
		en, de := captionOf("en", "English", "c/en.vtt"), captionOf("de-AT", "Deutsch (Österreich)", "c/de.vtt")
		made := s.Want(201, "POST", course+"/lessons", cast.Instructor, map[string]any{"title": "One", "captions": []any{en, de}})
		lesson := made.Header.Get("Location")
		require.Equal(t, []any{en, de}, made.Get("captions"))
		require.Equal(t, []any{en, de}, s.Want(200, "GET", lesson, cast.User, nil).Get("captions"))
		require.Equal(t, []any{en, de}, s.Want(200, "GET", course, "", nil).Get("lessons.0.captions"))
		require.Equal(t, []any{}, s.Want(201, "POST", course+"/lessons", cast.Instructor, `{"title":"Two"}`).Get("captions"))

		// What a reader may sign, and what is in use.
		s.Want(200, "GET", "/storage/sign?key=c/en.vtt", cast.User, nil)
		s.WantProblem(403, "forbidden", "GET", "/storage/sign?key=c/plain.txt", cast.User, nil)
		assets := s.Want(200, "GET", "/storage/assets?prefix=c/en", cast.Instructor, nil)
		require.Equal(t, made.Text("id"), assets.Text("items.0.used_by.0.id"))
		s.WantProblem(409, "asset-in-use", "DELETE", "/storage/assets/"+assets.Text("items.0.id"), cast.Instructor, nil)

		// Locks hold for captions as for the lesson's file.
		s.Want(200, "PATCH", lesson, cast.Instructor, `{"available_from":"2999-01-01T00:00:00Z"}`)
		s.WantProblem(403, "lesson-locked", "GET", "/storage/sign?key=c/en.vtt", cast.User, nil)
		s.Want(200, "PATCH", lesson, cast.Instructor, `{"available_from":null}`)

		set := func(token string, all ...any) sitetest.Answer {
			return s.Call("PATCH", lesson, token, map[string]any{"captions": all})
		}
		etag := s.Want(200, "GET", lesson, cast.Instructor, nil).Header.Get("ETag")
		require.Equal(t, etag, set(cast.Instructor, en, de).Header.Get("ETag"), "nothing new, no new version")
		many := []any{}
		for i := range 21 {
			many = append(many, captionOf(fmt.Sprintf("en-x-a%d", i), "x", "c/en.vtt"))
		}
		require.Equal(t, 200, set(cast.Instructor, many[:20]...).Status)
		for name, bad := range map[string][]any{
			"too many": many, "no tag": {captionOf("", "x", "c/en.vtt")}, "no language": {captionOf("not a tag", "x", "c/en.vtt")}, "underscore": {captionOf("en_US", "x", "c/en.vtt")},
			"twice": {en, captionOf("EN", "Other", "c/de.vtt")}, "no label": {captionOf("en", "", "c/en.vtt")}, "blank label": {captionOf("en", " ", "c/en.vtt")},
			"long label": {captionOf("en", strings.Repeat("x", 101), "c/en.vtt")}, "two lines": {captionOf("en", "a\nb", "c/en.vtt")}, "no key": {map[string]any{"language": "en", "label": "x"}},
			"unknown field": {sitetest.With(captionOf("en", "x", "c/en.vtt"), "kind", "subtitles")}, "not a list": nil,
		} {
			body := map[string]any{"captions": bad}
			if bad == nil {
				body["captions"] = "en"
			}
			a := s.WantProblem(422, "validation-failed", "PATCH", lesson, cast.Instructor, body)
			require.Contains(t, a.Text("errors.0.location"), "captions", "%s: %s", name, a.Raw)
		}
		for _, key := range []string{"c/nowhere.vtt", "c/plain.txt", "c/admin.vtt", ""} {
			a := s.WantProblem(422, "asset-unusable", "PATCH", lesson, cast.Instructor, map[string]any{"captions": []any{captionOf("fr", "x", key)}})
			require.Equal(t, "body.captions[0].asset_key", a.Text("errors.0.location"))
		}
		require.Equal(t, 200, set(cast.Admin, en, captionOf("fr", "Français", "c/admin.vtt")).Status)
		require.Equal(t, 200, set(cast.Instructor, captionOf("fr", "Changed", "c/admin.vtt"), en).Status, "what was there may stay")
		require.Equal(t, "pt-BR", set(cast.Instructor, captionOf("PT-br", "x", "c/en.vtt")).Text("captions.0.language"))
		require.Equal(t, []any{"captions"}, s.Want(200, "GET", "/admin/audit-logs?action=lesson.updated&limit=1", cast.Admin, nil).Get("items.0.data.fields"))

		// Copies and archives have them, too.
		set(cast.Instructor, en, de)
		copied := s.Want(201, "POST", course+"/clone", cast.Instructor, nil)
		require.Equal(t, []any{en, de}, copied.Get("lessons.0.captions"))
		require.Len(t, s.Want(200, "GET", "/storage/assets?prefix=c/en", cast.Instructor, nil).Get("items.0.used_by"), 2)
		first := s.Call("GET", course+"/export", cast.Instructor, nil)
		a := s.ImportCourse(cast.Instructor, string(first.Raw))
		require.Equal(t, []any{en, de}, a.Get("lessons.0.captions"))
		require.Equal(t, unzip(t, first.Raw), exportCourse(s, cast.Instructor, a.Text("id")))
		_, other := newInstructor(s, "captions-importer")
		foreign := s.ImportCourse(other, string(first.Raw))
		require.Len(t, foreign.Get("warnings"), 2)
		key := foreign.Text("lessons.0.captions.0.asset_key")
		require.NotEqual(t, "c/en.vtt", key)
		s.Want(200, "GET", "/storage/sign?key="+key, other, nil)
		bad := unzip(t, first.Raw)
		var manifest map[string]any
		require.NoError(t, json.Unmarshal(bad["course.json"], &manifest))
		inOf(manifest, "assets", 0)["content_type"] = "text/plain"
		bad["course.json"] = []byte(encodeJSON(t, manifest))
		s.WantProblem(422, "validation-failed", "POST", "/courses/import", other, bad.zipped(t), sitetest.Header{"Content-Type": sitetest.ArchiveType})

		require.Equal(t, []any{}, s.Want(200, "PATCH", lesson, cast.Instructor, `{"captions":null}`).Get("captions"))
		require.Len(t, s.Want(200, "GET", "/storage/assets?prefix=c/en", cast.Instructor, nil).Get("items.0.used_by"), 2, "the copies'")
	})
}

func TestCaptionsNeedStorage(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"MODULES_DISABLED": "storage"})
	admin := s.AdminToken()
	lessons := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Silent"}`).Text("id") + "/lessons"
	s.WantProblem(422, "asset-unusable", "POST", lessons, admin, map[string]any{"title": "One", "captions": []any{captionOf("en", "English", "x.vtt")}})
	s.Want(201, "POST", lessons, admin, `{"title":"One","captions":[]}`)
}

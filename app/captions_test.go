package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
)

// stored uploads a small file.
func (s *site) stored(token, key, contentType, content string) {
	s.t.Helper()
	up := s.want(201, "POST", "/storage/uploads", token, map[string]any{"key": key, "content_type": contentType, "size": len(content)})
	s.put(up, content)
	s.want(200, "POST", "/storage/uploads/"+up.str("id")+"/complete", token, nil)
}

func captionOf(language, label, key string) map[string]any {
	return map[string]any{"language": language, "label": label, "asset_key": key}
}

const vtt = "WEBVTT\n\n00:00.000 --> 00:04.000\nHello\n"

// Captions of a lesson are stored, changed, cleared, copied and read by who may read the lesson, and keep their files.
func TestLessonsHaveCaptions(t *testing.T) {
	kinds(t, func(t *testing.T, s *site) {
		cast := s.cast()
		for key, kind := range map[string]string{"c/en.vtt": "text/vtt", "c/de.vtt": "text/vtt", "c/plain.txt": "text/plain"} {
			s.stored(cast.instructor, key, kind, vtt)
		}
		s.stored(cast.admin, "c/admin.vtt", "text/vtt", vtt)
		course := "/courses/" + s.want(201, "POST", "/courses", cast.instructor, `{"title":"Heard","status":"published"}`).str("id")
		en, de := captionOf("en", "English", "c/en.vtt"), captionOf("de-AT", "Deutsch (Österreich)", "c/de.vtt")
		made := s.want(201, "POST", course+"/lessons", cast.instructor, map[string]any{"title": "One", "captions": []any{en, de}})
		lesson := made.Header.Get("Location")
		require.Equal(t, []any{en, de}, made.get("captions"))
		require.Equal(t, []any{en, de}, s.want(200, "GET", lesson, cast.user, nil).get("captions"))
		require.Equal(t, []any{en, de}, s.want(200, "GET", course, "", nil).get("lessons.0.captions"))
		require.Equal(t, []any{}, s.want(201, "POST", course+"/lessons", cast.instructor, `{"title":"Two"}`).get("captions"))

		// What a reader may sign, and what is in use.
		s.want(200, "GET", "/storage/sign?key=c/en.vtt", cast.user, nil)
		s.refused(403, "forbidden", "GET", "/storage/sign?key=c/plain.txt", cast.user, nil)
		assets := s.want(200, "GET", "/storage/assets?prefix=c/en", cast.instructor, nil)
		require.Equal(t, made.str("id"), assets.str("items.0.used_by.0.id"))
		s.refused(409, "asset-in-use", "DELETE", "/storage/assets/"+assets.str("items.0.id"), cast.instructor, nil)

		// Locks hold for captions as for the lesson's file.
		s.want(200, "PATCH", lesson, cast.instructor, `{"available_from":"2999-01-01T00:00:00Z"}`)
		s.refused(403, "lesson-locked", "GET", "/storage/sign?key=c/en.vtt", cast.user, nil)
		s.want(200, "PATCH", lesson, cast.instructor, `{"available_from":null}`)

		set := func(token string, all ...any) answer {
			return s.call("PATCH", lesson, token, map[string]any{"captions": all})
		}
		etag := s.want(200, "GET", lesson, cast.instructor, nil).Header.Get("ETag")
		require.Equal(t, etag, set(cast.instructor, en, de).Header.Get("ETag"), "nothing new, no new version")
		many := []any{}
		for i := range 21 {
			many = append(many, captionOf(fmt.Sprintf("en-x-a%d", i), "x", "c/en.vtt"))
		}
		require.Equal(t, 200, set(cast.instructor, many[:20]...).Status)
		for name, bad := range map[string][]any{
			"too many": many, "no tag": {captionOf("", "x", "c/en.vtt")}, "no language": {captionOf("not a tag", "x", "c/en.vtt")}, "underscore": {captionOf("en_US", "x", "c/en.vtt")},
			"twice": {en, captionOf("EN", "Other", "c/de.vtt")}, "no label": {captionOf("en", "", "c/en.vtt")}, "blank label": {captionOf("en", " ", "c/en.vtt")},
			"long label": {captionOf("en", strings.Repeat("x", 101), "c/en.vtt")}, "two lines": {captionOf("en", "a\nb", "c/en.vtt")}, "no key": {map[string]any{"language": "en", "label": "x"}},
			"unknown field": {plus(captionOf("en", "x", "c/en.vtt"), "kind", "subtitles")}, "not a list": nil,
		} {
			body := map[string]any{"captions": bad}
			if bad == nil {
				body["captions"] = "en"
			}
			a := s.refused(422, "validation-failed", "PATCH", lesson, cast.instructor, body)
			require.Contains(t, a.str("errors.0.location"), "captions", "%s: %s", name, a.Raw)
		}
		for _, key := range []string{"c/nowhere.vtt", "c/plain.txt", "c/admin.vtt", ""} {
			a := s.refused(422, "asset-unusable", "PATCH", lesson, cast.instructor, map[string]any{"captions": []any{captionOf("fr", "x", key)}})
			require.Equal(t, "body.captions[0].asset_key", a.str("errors.0.location"))
		}
		require.Equal(t, 200, set(cast.admin, en, captionOf("fr", "Français", "c/admin.vtt")).Status)
		require.Equal(t, 200, set(cast.instructor, captionOf("fr", "Changed", "c/admin.vtt"), en).Status, "what was there may stay")
		require.Equal(t, "pt-BR", set(cast.instructor, captionOf("PT-br", "x", "c/en.vtt")).str("captions.0.language"))
		require.Equal(t, []any{"captions"}, s.want(200, "GET", "/admin/audit-logs?action=lesson.updated&limit=1", cast.admin, nil).get("items.0.data.fields"))

		// Copies and archives have them, too.
		set(cast.instructor, en, de)
		copied := s.want(201, "POST", course+"/clone", cast.instructor, nil)
		require.Equal(t, []any{en, de}, copied.get("lessons.0.captions"))
		require.Len(t, s.want(200, "GET", "/storage/assets?prefix=c/en", cast.instructor, nil).get("items.0.used_by"), 2)
		first := s.call("GET", course+"/export", cast.instructor, nil)
		a := s.imported(cast.instructor, string(first.Raw))
		require.Equal(t, []any{en, de}, a.get("lessons.0.captions"))
		require.Equal(t, unzip(t, first.Raw), s.export(cast.instructor, a.str("id")))
		_, other := s.instructor("captions-importer")
		foreign := s.imported(other, string(first.Raw))
		require.Len(t, foreign.get("warnings"), 2)
		key := foreign.str("lessons.0.captions.0.asset_key")
		require.NotEqual(t, "c/en.vtt", key)
		s.want(200, "GET", "/storage/sign?key="+key, other, nil)
		bad := unzip(t, first.Raw)
		var manifest map[string]any
		require.NoError(t, json.Unmarshal(bad["course.json"], &manifest))
		inOf(manifest, "assets", 0)["content_type"] = "text/plain"
		bad["course.json"] = []byte(jsonOf(t, manifest))
		s.refused(422, "validation-failed", "POST", "/courses/import", other, bad.zipped(t), header{"Content-Type": zipType})

		require.Equal(t, []any{}, s.want(200, "PATCH", lesson, cast.instructor, `{"captions":null}`).get("captions"))
		require.Len(t, s.want(200, "GET", "/storage/assets?prefix=c/en", cast.instructor, nil).get("items.0.used_by"), 2, "the copies'")
	})
}

func TestCaptionsNeedStorage(t *testing.T) {
	t.Parallel()
	s := serveSite(t, map[string]string{"MODULES_DISABLED": "storage"})
	admin := s.admin()
	lessons := "/courses/" + s.want(201, "POST", "/courses", admin, `{"title":"Silent"}`).str("id") + "/lessons"
	s.refused(422, "asset-unusable", "POST", lessons, admin, map[string]any{"title": "One", "captions": []any{captionOf("en", "English", "x.vtt")}})
	s.want(201, "POST", lessons, admin, `{"title":"One","captions":[]}`)
}

// A teacher gives a lesson captions, and its player has them.
func TestTheConsoleShowsCaptions(t *testing.T) {
	t.Parallel()
	s := serveSite(t, nil)
	teacher := s.login("instructor@lyceum.local", seed.DemoPassword)
	s.stored(teacher, "c/en.vtt", "text/vtt", vtt)
	course := "/courses/" + s.want(201, "POST", "/courses", teacher, `{"title":"Captioned","status":"published"}`).str("id")
	b := newBrowser(t, s.base)
	b.signIn("instructor@lyceum.local", seed.DemoPassword)
	b.open("/#" + course + "/edit")
	b.click("lesson-add")
	b.fill("edit-lesson-title", "Seen")
	b.fill("edit-lesson-asset_key", "lessons/video.mp4")
	b.fill("edit-lesson-captions", "en | English | c/en.vtt")
	b.click("edit-lesson-submit")
	b.sees("edit-lessons", "Seen")
	lesson := s.want(200, "GET", course, teacher, nil).str("lessons.0.id")
	b.open("/#" + course + "/lessons/" + lesson)
	b.do("the player", chromedp.WaitVisible(id("lesson-video")))
	cues, err := js[[]any](b, `(async () => { const video = document.querySelector('[data-testid=lesson-video]'); const track = video.textTracks[0];
		track.mode = 'showing';
		for (let i = 0; i < 300 && !track.cues?.length; i++) await new Promise(r => setTimeout(r, 20));
		return [track.kind, track.language, track.label, track.cues?.[0]?.text]; })()`)
	require.NoError(t, err)
	require.Equal(t, []any{"captions", "en", "English", "Hello"}, cues)
	require.Empty(t, b.faults)
}

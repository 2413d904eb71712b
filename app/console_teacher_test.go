package main

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
)

// A teacher's day in the browser: a course with lessons that wait, learners enrolled in one go, a copy, the trash.
func TestH1TheConsoleTeachesWithoutAViolation(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	learner, _, _ := s.NewAccount("taught")
	b := newBrowser(t, s.URL)
	b.signIn("instructor@lyceum.local", seed.DemoPassword)

	b.writeCourse()
	b.enrollLearner(learner)
	s.Want(200, "PATCH",
		"/courses/"+s.Want(200, "GET", "/courses?status=draft",
			s.Login("instructor@lyceum.local", seed.DemoPassword), nil).Text("items.0.id"),
		s.AdminToken(), `{"status":"published"}`)

	b.cloneAndRestore()
	b.learnInOrder(learner)
	require.Empty(t, b.faults)
}

// writeCourse writes a course of two lessons, of which the second one waits for the first.
func (b *browser) writeCourse() {
	b.t.Helper()
	b.open("/#/new-course")
	b.fill("edit-title", "Beekeeping")
	b.fill("edit-summary", "From hive to honey")
	b.click("edit-submit")
	for _, lesson := range []string{"The hive", "The honey"} {
		b.click("lesson-add")
		b.fill("edit-lesson-title", lesson)
		b.fill("edit-lesson-content", "About **"+lesson+"**")
		if lesson == "The honey" {
			b.do("prerequisite", chromedp.Click(chromedp.CSS(`[data-testid="lesson-prerequisites"] input`)))
			b.shot("lesson-edit")
		}
		b.click("edit-lesson-submit")
		b.sees("edit-lessons", lesson)
	}
}

// enrollLearner enrolls a learner among addresses that are none, removes the learner and enrolls them again.
func (b *browser) enrollLearner(learner string) {
	b.t.Helper()
	b.fill("enroll-email", learner+"\nnobody@example.com, nonsense")
	b.click("enroll-submit")
	b.sees("enroll-result", "1 enrolled, 0 were enrolled already, 2 could not be.")
	b.sees("enroll-result", "nobody@example.com: no account has this address")
	b.sees("learner-list", learner)
	b.shot("teacher")
	b.click("learner-remove")
	b.click("confirm-yes")
	b.do("nobody is left", chromedp.WaitNotPresent(chromedp.CSS(`[data-testid="learner-list"] tr`)))
	b.fill("enroll-email", learner)
	b.click("enroll-submit")
	b.sees("learner-list", learner)
}

// cloneAndRestore copies the course, deletes the copy and restores it.
func (b *browser) cloneAndRestore() {
	b.t.Helper()
	b.open("/#/courses/beekeeping/edit")
	b.click("course-clone")
	b.do("the copy", chromedp.WaitVisible(chromedp.CSS(`[href="#/courses/beekeeping-2"]`)))
	b.click("course-delete")
	b.click("confirm-yes")
	b.sees("course-card", "Can be restored until")
	b.shot("trash")
	b.click("course-restore")
	b.sees("course", "Beekeeping")
}

// learnInOrder takes the course as a learner, to whom the second lesson is locked at first.
func (b *browser) learnInOrder(learner string) {
	b.t.Helper()
	b.open("/#/account")
	b.click("nav-logout")
	b.signIn(learner, sitetest.Password)
	b.open("/#/courses/beekeeping")
	b.do("the locked lesson", chromedp.WaitVisible(chromedp.CSS(`.outline a.locked`)),
		chromedp.Click(chromedp.CSS(`.outline a.locked`)))
	b.sees("lesson-locked", "Complete first: The hive.")
	b.shot("locked")
	b.do("the open lesson", chromedp.Click(chromedp.CSS(`.outline a:not(.locked)`)))
	b.click("lesson-complete")
	b.sees("course-progress", "1 of 2 lessons complete")
	b.do("the other lesson is open", chromedp.WaitVisible(chromedp.CSS(`.outline li:nth-child(2) a:not(.locked)`)))
}

// A teacher gives a lesson captions, and its player has them.
func TestTheConsoleShowsCaptions(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	teacher := s.Login("instructor@lyceum.local", seed.DemoPassword)
	s.AddAsset(teacher, "c/en.vtt", "text/vtt", "WEBVTT\n\n00:00.000 --> 00:04.000\nHello\n")
	course := "/courses/" + s.Want(201, "POST", "/courses", teacher, `{"title":"Captioned","status":"published"}`).Text("id")
	b := newBrowser(t, s.URL)
	b.signIn("instructor@lyceum.local", seed.DemoPassword)
	b.open("/#" + course + "/edit")
	b.click("lesson-add")
	b.fill("edit-lesson-title", "Seen")
	b.fill("edit-lesson-asset_key", "lessons/video.mp4")
	b.fill("edit-lesson-captions", "en | English | c/en.vtt")
	b.click("edit-lesson-submit")
	b.sees("edit-lessons", "Seen")
	lesson := s.Want(200, "GET", course, teacher, nil).Text("lessons.0.id")
	b.open("/#" + course + "/lessons/" + lesson)
	b.do("the player", chromedp.WaitVisible(id("lesson-video")))
	cues, err := js[[]any](b,
		`(async () => { const video = document.querySelector('[data-testid=lesson-video]'); const track = video.textTracks[0];
		track.mode = 'showing';
		for (let i = 0; i < 300 && !track.cues?.length; i++) await new Promise(r => setTimeout(r, 20));
		return [track.kind, track.language, track.label, track.cues?.[0]?.text]; })()`)
	require.NoError(t, err)
	require.Equal(t, []any{"captions", "en", "English", "Hello"}, cues)
	require.Empty(t, b.faults)
}

// In the console, links within a lesson lead to its headings and footnotes, and what hides opens.
func TestTheConsoleFollowsAnchors(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Anchors","status":"published"}`).Text("id")
	content := "[go](#far-away) x[^1] List<String>\n\n<details><summary>More</summary>\n\n" + strings.Repeat("line\n\n",
		100) + "## Far away\n\n</details>\n\n" +
		"| l | r |\n|:--|--:|\n| 1 | 2 |\n\n[^1]: noted"
	lesson := s.Want(201, "POST", course+"/lessons", admin, map[string]any{"title": "One", "content": content}).Text("id")
	b := newBrowser(t, s.URL)
	b.open("/#" + course + "/lessons/" + lesson)
	b.sees("lesson-title", "One")
	for link, target := range map[string]string{
		`a[href]`: "md-far-away", `sup a`: "md-fn:1", `.prose li a`: "md-fnref:1",
	} {
		if !strings.HasPrefix(link, ".prose") {
			link = ".prose " + link
		}
		b.do("click "+link, chromedp.Click(chromedp.CSS(link)))
		got, err := js[[]any](b,
			`[document.activeElement.id, document.activeElement.getBoundingClientRect().top < innerHeight, location.hash, document.querySelector('.prose').textContent.includes('List<String>'), document.querySelector('.prose td:last-child').align]`)
		require.NoError(t, err)
		require.Equal(t, []any{target, true, "#" + course + "/lessons/" + lesson, true, "right"}, got)
	}
	require.Empty(t, b.faults)
}

package main

import (
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
	s.Want(200, "PATCH", "/courses/"+s.Want(200, "GET", "/courses?status=draft", s.Login("instructor@lyceum.local", seed.DemoPassword), nil).Text("items.0.id"), s.AdminToken(), `{"status":"published"}`)

	b.open("/#/courses/beekeeping/edit")
	b.click("course-clone")
	b.do("the copy", chromedp.WaitVisible(chromedp.CSS(`[href="#/courses/beekeeping-2"]`)))
	b.click("course-delete")
	b.click("confirm-yes")
	b.sees("course-card", "Can be restored until")
	b.shot("trash")
	b.click("course-restore")
	b.sees("course", "Beekeeping")

	b.open("/#/account")
	b.click("nav-logout")
	b.signIn(learner, sitetest.Password)
	b.open("/#/courses/beekeeping")
	b.do("the locked lesson", chromedp.WaitVisible(chromedp.CSS(`.outline a.locked`)), chromedp.Click(chromedp.CSS(`.outline a.locked`)))
	b.sees("lesson-locked", "Complete first: The hive.")
	b.shot("locked")
	b.do("the open lesson", chromedp.Click(chromedp.CSS(`.outline a:not(.locked)`)))
	b.click("lesson-complete")
	b.sees("course-progress", "1 of 2 lessons complete")
	b.do("the other lesson is open", chromedp.WaitVisible(chromedp.CSS(`.outline li:nth-child(2) a:not(.locked)`)))
	require.Empty(t, b.faults)
}

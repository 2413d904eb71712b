package faults

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
)

// settleTimeout is how long deliveries and mails may take after the last fault: the lease of a mail that a killed
// process was sending ends after a minute.
const settleTimeout = 100 * time.Second

// checker compares what an installation stores with what it has acknowledged.
type checker struct {
	t    *testing.T
	i    *installation
	l    *load
	site *sitetest.Site
	db   *db.DB
}

// check holds an installation to all that it has acknowledged to a load that has finished. It returns how long the
// outbox and the mails took to settle.
func check(t *testing.T, i *installation, l *load) (settled time.Duration) {
	t.Helper()
	c := &checker{t: t, i: i, l: l, site: &sitetest.Site{T: t, URL: i.balancer.URL}, db: i.openDatabase()}
	require.NotEmpty(t, l.accounts)
	require.NotEmpty(t, l.redeemers)
	require.NotEmpty(t, l.courses)
	require.NotEmpty(t, l.finished)
	require.NotEmpty(t, l.announced)
	require.NotEmpty(t, l.messages)
	require.NotEmpty(t, l.uploads)
	settled = c.awaitDeliveries()
	c.checkAccounts()
	c.checkCourses()
	c.checkCompletions()
	c.checkAnnouncements()
	c.checkMessages()
	c.checkUploads()
	c.checkMails()
	c.checkAudit()
	return settled
}

// awaitDeliveries waits until the outbox is empty and every mail was sent.
func (c *checker) awaitDeliveries() time.Duration {
	c.t.Helper()
	begun := time.Now()
	var left atomic.Value
	require.Eventually(c.t, func() bool {
		deliveries, err := tryCount(c.t.Context(), c.db, "outbox_deliveries", "true")
		mails, mailErr := tryCount(c.t.Context(), c.db, "mail_messages", "status <> 'sent'")
		left.Store(fmt.Sprint(deliveries, " deliveries, ", mails, " mails"))
		return err == nil && mailErr == nil && deliveries+mails == 0
	}, settleTimeout, 50*time.Millisecond, "left: %v", &left)
	return time.Since(begun)
}

// list returns one field of all items of a list.
func (c *checker) list(path, field string) (values []string) {
	c.t.Helper()
	for _, item := range c.site.ListAll(path, c.l.admin.token) {
		values = append(values, item.Text(field))
	}
	return values
}

// count returns how often each value occurs.
func count(values []string) map[string]int {
	times := map[string]int{}
	for _, v := range values {
		times[v]++
	}
	return times
}

// checkAccounts: each registered account is there once, and the uses of the invite are those who redeemed it.
func (c *checker) checkAccounts() {
	c.t.Helper()
	stored := count(c.list("/admin/users?", "email"))
	for _, email := range c.l.accounts {
		assert.Equal(c.t, 1, stored[email], email)
	}
	members := count(c.list("/admin/users?role=member&", "email"))
	for _, email := range c.l.redeemers {
		assert.Equal(c.t, 1, members[email], "%s is a member", email)
	}
	invite := c.site.Want(200, "GET", "/admin/invites/"+c.l.inviteID, c.l.admin.token, nil)
	assert.EqualValues(c.t, len(c.l.redeemers), invite.Get("uses"))
	assert.Len(c.t, members, len(c.l.redeemers))
}

// checkCourses: each course is there once, with one lesson.
func (c *checker) checkCourses() {
	c.t.Helper()
	titles := count(c.list("/courses?", "title"))
	for _, course := range c.l.courses {
		assert.Equal(c.t, 1, titles[course.title], course.title)
		stored := c.site.Want(200, "GET", "/courses/"+course.id, c.l.admin.token, nil)
		assert.EqualValues(c.t, 1, stored.Get("lesson_count"), course.title)
		assert.Equal(c.t, course.lessonID, stored.Text("lessons.0.id"), course.title)
	}
}

// checkCompletions: a course that a learner has completed is complete, and they were told so once.
func (c *checker) checkCompletions() {
	c.t.Helper()
	told := map[*person]map[string]int{}
	for _, learner := range c.l.learners {
		told[learner] = c.site.CountCompletions(learner.token)
	}
	once := map[completion]bool{}
	for _, done := range c.l.finished {
		if once[done] {
			continue
		}
		once[done] = true
		progress := c.site.Want(200, "GET", "/courses/"+done.course.id+"/progress", done.learner.token, nil)
		assert.EqualValues(c.t, 100, progress.Get("percent"), done.course.title)
		assert.Equal(c.t, 1, told[done.learner]["/courses/"+done.course.id], "%s %s", done.learner.email, done.course.title)
		assert.Equal(c.t, 1, c.countMails(done.learner.email, done.course.title), "%s %s", done.learner.email,
			done.course.title)
	}
}

// checkAnnouncements: every learner was told each announcement once.
func (c *checker) checkAnnouncements() {
	c.t.Helper()
	for _, learner := range c.l.learners {
		titles := map[string]int{}
		for _, n := range c.site.ListAll("/notifications?", learner.token) {
			if n.Text("kind") == "announcement" {
				titles[announcementIn(n.Text("title"))]++
			}
		}
		for _, title := range c.l.announced {
			assert.Equal(c.t, 1, titles[title], "%s %s", learner.email, title)
			assert.Equal(c.t, 1, c.countMails(learner.email, title), "%s %s", learner.email, title)
		}
	}
}

// announcementIn returns the title of an announcement that a notification is about.
func announcementIn(title string) string {
	if at := strings.Index(title, "Announcement "); at >= 0 {
		return title[at:]
	}
	return title
}

// checkMessages: the numbers of the channel have no gap, each message is there once under the number that was
// acknowledged, and those who hold a socket got all of them.
func (c *checker) checkMessages() {
	c.t.Helper()
	last := int64(0)
	bodies := map[string]int{}
	for {
		page := c.site.Want(200, "GET", fmt.Sprintf("/channels/hq/messages?limit=100&after_seq=%d", last),
			c.l.admin.token, nil).Items()
		if len(page) == 0 {
			break
		}
		for _, item := range page {
			m := item.(map[string]any)
			seq := int64(m["seq"].(float64))
			require.Equal(c.t, last+1, seq, "a gap")
			last = seq
			body := m["body"].(string)
			bodies[body]++
			if acknowledged, ok := c.l.messages[body]; ok {
				assert.Equal(c.t, acknowledged, seq, body)
			}
		}
	}
	for body := range c.l.messages {
		assert.Equal(c.t, 1, bodies[body], body)
	}
	assert.Len(c.t, bodies, len(c.l.messages))
	for _, k := range c.l.talkers {
		require.NoError(c.t, k.catchUp(last))
		assert.Equal(c.t, last, k.seen)
	}
	require.Empty(c.t, c.l.surprises)
}

// checkUploads: each file has the bytes that were sent.
func (c *checker) checkUploads() {
	c.t.Helper()
	for key, sum := range c.l.uploads {
		signed := c.site.Want(200, "GET", "/storage/sign?key="+key, c.l.teacher.token, nil)
		res, err := http.Get(signed.Text("url"))
		require.NoError(c.t, err)
		content := c.site.ReadAnswer(res).Raw
		got := sha256.Sum256(content)
		assert.Equal(c.t, sum, hex.EncodeToString(got[:]), key)
	}
}

// mailHeader matches a header of a mail.
var mailHeader = regexp.MustCompile(`(?mi)^(Message-Id|Subject|To): (.+)$`)

// headersOf returns the headers of a mail that are looked at, by their names in lower case.
func headersOf(mail string) map[string]string {
	headers := map[string]string{}
	for _, h := range mailHeader.FindAllStringSubmatch(mail, -1) {
		name := strings.ToLower(h[1])
		if headers[name] == "" {
			headers[name] = strings.TrimSpace(h[2])
		}
	}
	return headers
}

// countMails returns how many mails to an address have a title in their subject. Copies of one are one.
func (c *checker) countMails(email, title string) int {
	ids := map[string]bool{}
	for _, mail := range c.i.mail.Mails(email) {
		// The title stands at the end or before a quotation mark, so "Course 0 1" is not found in "Course 0 11".
		h := headersOf(mail)
		if strings.Contains(h["to"], email) && titleEnds(h["subject"], title) {
			ids[h["message-id"]] = true
		}
	}
	return len(ids)
}

// titleEnds returns whether a subject has a title that no digit follows.
func titleEnds(subject, title string) bool {
	_, after, found := strings.Cut(subject, title)
	return found && (after == "" || after[0] < '0' || after[0] > '9')
}

// checkMails: everybody who registered was sent one mail to verify their address. More than one copy is possible after
// a kill, as no mail server can be asked whether it has taken one; copies share their id.
func (c *checker) checkMails() {
	c.t.Helper()
	copies := 0
	for _, email := range c.l.accounts {
		subjects := map[string]map[string]bool{}
		mails := c.i.mail.Mails(email)
		assert.NotEmpty(c.t, mails, email)
		for _, mail := range mails {
			h := headersOf(mail)
			if subjects[h["subject"]] == nil {
				subjects[h["subject"]] = map[string]bool{}
			}
			subjects[h["subject"]][h["message-id"]] = true
		}
		different := 0
		for subject, ids := range subjects {
			assert.Len(c.t, ids, 1, "%s: %s", email, subject)
			different += len(ids)
		}
		copies += len(mails) - different
	}
	c.t.Logf("%d mails came twice", copies)
}

// checkAudit: the chain holds, and each change has one entry.
func (c *checker) checkAudit() {
	c.t.Helper()
	verified := c.site.Want(200, "GET", "/admin/audit-logs/verify", c.l.admin.token, nil)
	assert.Equal(c.t, true, verified.Get("ok"), "%s", verified.Raw)
	courses := count(c.list("/admin/audit-logs?action=course.created&", "target.id"))
	for _, course := range c.l.courses {
		assert.Equal(c.t, 1, courses[course.id], "entries of %s", course.title)
	}
	for action, stored := range map[string]int{
		"user.registered": countRows(c.t, c.db, "users", "true"), "enrollment.created": countRows(c.t, c.db, "enrollments", "true"),
		"course.created": countRows(c.t, c.db, "courses", "true"), "lesson.created": countRows(c.t, c.db, "lessons", "true"),
		"invite.redeemed": len(c.l.redeemers), "asset.uploaded": len(c.l.uploads),
	} {
		assert.Len(c.t, c.list("/admin/audit-logs?action="+action+"&", "id"), stored, action)
	}
}

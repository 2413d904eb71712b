package main

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// Passwords of the story. A password that somebody sets is at least twelve characters long.
const (
	examplePassword    = "correct horse battery"
	exampleNewPassword = "another fine horse"
)

// How long the story waits for a notification, and how often it looks.
const (
	exampleWait  = 20 * time.Second
	examplePause = 50 * time.Millisecond
)

// exampleCast are the people of the story: Ada runs the site, Tom teaches, Lea learns.
type exampleCast struct {
	ada, tom, lea string
	leaID         string
}

// tellStory calls every operation that has an example, in an order that makes sense.
func (b *exampleBook) tellStory() {
	c := b.showAccounts()
	courseID, lessonID := b.showAuthoring(c)
	b.showInvites(c, courseID)
	b.showLearning(c, courseID, lessonID)
	b.showChat(c, courseID)
	b.showNotifications(c, courseID)
	b.showFactor(c)
	b.showSecrets(c)
	b.showAdministration(c)
	b.showServer()
	b.showFarewell(c, courseID, lessonID)
}

// body returns the JSON of a request whose values are known only now.
func body(pairs ...string) string {
	fields := make([]string, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		value, _ := json.Marshal(pairs[i+1])
		fields = append(fields, `"`+pairs[i]+`":`+string(value))
	}
	return "{" + strings.Join(fields, ",") + "}"
}

// showAccounts registers Lea and Tom and signs them in.
func (b *exampleBook) showAccounts() (c exampleCast) {
	lea := body("email", "lea@example.org", "password", examplePassword, "display_name", "Lea Lang")
	c.leaID = b.show("POST /auth/register", "/auth/register", "", lea).Text("id")
	login := b.show("POST /auth/login", "/auth/login", "", body("email", "lea@example.org", "password", examplePassword))
	c.lea = login.Text("access_token")
	b.show("POST /auth/refresh", "/auth/refresh", "", body("refresh_token", login.Text("refresh_token")))
	b.show("GET /users/me", "/users/me", c.lea, "")
	b.show("PATCH /users/me", "/users/me", c.lea, `{"display_name":"Lea"}`)
	b.show("GET /auth/sessions", "/auth/sessions", c.lea, "")
	b.WaitForMail("lea@example.org")
	b.show("GET /dev/mailbox/messages", "/dev/mailbox/messages?limit=1", "", "")
	token := b.WaitForLink("lea@example.org", "/verify#token=", "")
	b.show("POST /auth/verify-email/request", "/auth/verify-email/request", c.lea, "")
	token = b.WaitForLink("lea@example.org", "/verify#token=", token)
	b.show("POST /auth/verify-email", "/auth/verify-email", "", body("token", token))

	c.ada = b.Login("ada@example.org", sitetest.AdminPassword)
	tom := b.Want(201, "POST", "/auth/register", "",
		body("email", "tom@example.org", "password", examplePassword, "display_name", "Tom Tal"))
	b.show("PATCH /admin/users/{id}", "/admin/users/"+tom.Text("id"), c.ada, `{"role":"instructor"}`)
	c.tom = b.Login("tom@example.org", examplePassword)
	return c
}

// showAuthoring creates a course with lessons and files.
func (b *exampleBook) showAuthoring(c exampleCast) (courseID, lessonID string) {
	const cover = "covers/go.png"
	png := "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00", 24)
	up := b.show("POST /storage/uploads", "/storage/uploads", c.tom,
		`{"key":"`+cover+`","content_type":"image/png","size":32}`)
	b.Upload(up, png)
	b.show("POST /storage/uploads/{id}/complete", "/storage/uploads/"+up.Text("id")+"/complete", c.tom, "")

	course := b.show("POST /courses", "/courses", c.tom, `{"title":"Go for beginners","summary":"From the first line to a small `+
		`server.","description":"Bring a laptop.","tags":["go","programming"],"visibility":"public","cover_key":"`+cover+`"}`)
	courseID = course.Text("id")
	first := b.show("POST /courses/{id}/lessons", "/courses/"+courseID+"/lessons", c.tom,
		`{"title":"Hello, world","content":"# Hello\nWrite **one** line.","duration_seconds":600}`)
	lessonID = first.Text("id")
	second := b.Want(201, "POST", "/courses/"+courseID+"/lessons", c.tom, `{"title":"Functions"}`).Text("id")
	b.show("PATCH /courses/{id}/lessons/{lesson_id}", "/courses/"+courseID+"/lessons/"+second, c.tom,
		`{"prerequisite_ids":["`+lessonID+`"]}`)
	b.show("PUT /courses/{id}/lessons/order", "/courses/"+courseID+"/lessons/order", c.tom,
		`{"lesson_ids":["`+lessonID+`","`+second+`"]}`)
	b.show("PATCH /courses/{id}", "/courses/"+courseID, c.tom, `{"status":"published"}`)
	b.show("GET /storage/assets", "/storage/assets?prefix=covers/", c.tom, "")
	b.show("GET /storage/sign", "/storage/sign?key="+cover, c.lea, "")
	b.show("GET /courses", "/courses?tag=go&sort=title", "", "")
	b.show("GET /courses/{id}", "/courses/"+courseID, c.lea, "")
	b.show("GET /courses/{id}/lessons", "/courses/"+courseID+"/lessons", c.lea, "")
	b.show("GET /courses/{id}/lessons/{lesson_id}", "/courses/"+courseID+"/lessons/"+lessonID, c.lea, "")
	b.show("POST /courses/{id}/clone", "/courses/"+courseID+"/clone", c.tom, `{"title":"Go for beginners, autumn","shift_days":180}`)
	return courseID, lessonID
}

// showInvites makes invites and redeems one.
func (b *exampleBook) showInvites(c exampleCast, courseID string) {
	invite := b.show("POST /admin/invites", "/admin/invites", c.ada,
		`{"role_to_grant":"member","max_uses":30,"note":"Autumn class","course_ids":["`+courseID+`"]}`)
	b.show("POST /invites/redeem", "/invites/redeem", c.lea, body("code", invite.Text("code")))
	b.show("GET /admin/invites/{id}", "/admin/invites/"+invite.Text("id"), c.ada, "")
	batch := b.show("POST /admin/invites/batch", "/admin/invites/batch", c.ada,
		`{"role_to_grant":"member","mode":"partial","rows":[{"email":"max@example.org"},{"email":"not an address"}]}`)
	b.show("GET /admin/invites", "/admin/invites?status=active&limit=1", c.ada, "")
	one := b.Want(200, "GET", "/admin/invites?batch_id="+batch.Text("batch_id"), c.ada, nil).Text("items.0.id")
	b.WaitForMail("max@example.org")
	b.show("POST /admin/invites/{id}/resend", "/admin/invites/"+one+"/resend", c.ada, "")
	b.show("DELETE /admin/invites", "/admin/invites?batch_id="+batch.Text("batch_id"), c.ada, "")
	b.show("DELETE /admin/invites/{id}", "/admin/invites/"+invite.Text("id"), c.ada, "")
}

// showLearning enrolls Lea and reports her progress.
func (b *exampleBook) showLearning(c exampleCast, courseID, lessonID string) {
	b.Want(204, "DELETE", "/courses/"+courseID+"/enrollment", c.lea, nil)
	b.show("POST /courses/{id}/enrollment", "/courses/"+courseID+"/enrollment", c.lea, "")
	b.show("PUT /courses/{id}/lessons/{lesson_id}/progress",
		"/courses/"+courseID+"/lessons/"+lessonID+"/progress", c.lea, `{"percent":40,"position_seconds":240}`)
	b.show("GET /courses/{id}/progress", "/courses/"+courseID+"/progress", c.lea, "")
	b.show("GET /users/me/progress", "/users/me/progress", c.lea, "")
	b.show("GET /users/me/enrollments", "/users/me/enrollments", c.lea, "")
	b.show("GET /courses/{id}/learners", "/courses/"+courseID+"/learners", c.tom, "")
	b.show("POST /courses/{id}/enrollments/batch", "/courses/"+courseID+"/enrollments/batch", c.tom,
		`{"mode":"partial","rows":[{"email":"lea@example.org"},{"email":"nobody@example.org"}]}`)
}

// showChat opens a channel of the course and a private one, and talks in the first.
func (b *exampleBook) showChat(c exampleCast, courseID string) {
	b.show("POST /channels", "/channels", c.tom,
		`{"title":"Go for beginners","slug":"go","visibility":"course","course_id":"`+courseID+`"}`)
	b.show("PATCH /channels/{slug}", "/channels/go", c.tom, `{"title":"Go, questions and answers"}`)
	b.show("GET /channels", "/channels", c.lea, "")
	b.show("GET /channels/{slug}", "/channels/go", c.lea, "")
	sent := b.show("POST /channels/{slug}/messages", "/channels/go/messages", c.lea,
		`{"body":"Which editor do you use?","client_id":"m-1"}`)
	b.show("PATCH /channels/{slug}/messages/{id}", "/channels/go/messages/"+sent.Text("id"), c.lea,
		`{"body":"Which editor do you recommend?"}`)
	b.show("GET /channels/{slug}/messages", "/channels/go/messages?after_seq=0&limit=20", c.lea, "")
	b.show("POST /ws/tickets", "/ws/tickets", c.lea, "")
	socket := b.Dial("/ws/channels/go?token="+c.lea, nil)
	socket.Until("welcome")
	b.show("GET /channels/{slug}/presence", "/channels/go/presence", c.lea, "")
	b.show("DELETE /channels/{slug}/messages/{id}", "/channels/go/messages/"+sent.Text("id"), c.lea, "")

	b.Want(201, "POST", "/channels", c.tom, `{"title":"Tutors","slug":"tutors","visibility":"private"}`)
	member := "/channels/tutors/members/" + c.leaID
	b.show("PUT /channels/{slug}/members/{user_id}", member, c.tom, "")
	b.show("GET /channels/{slug}/members/{user_id}", member, c.tom, "")
	b.show("DELETE /channels/{slug}/members/{user_id}", member, c.tom, "")
	b.show("DELETE /channels/{slug}", "/channels/tutors", c.tom, "")
}

// showNotifications announces something to the learners of the course.
func (b *exampleBook) showNotifications(c exampleCast, courseID string) {
	b.show("POST /notifications/read-all", "/notifications/read-all", c.lea, "")
	b.show("POST /courses/{id}/announcements", "/courses/"+courseID+"/announcements", c.tom,
		`{"title":"Room changed","body":"We meet in **room 12** today."}`)
	var list sitetest.Answer
	require.Eventually(b.t, func() bool {
		list = b.Want(200, "GET", "/notifications?unread=true&limit=1", c.lea, nil)
		return len(list.Items()) == 1 && list.Text("items.0.kind") == "announcement"
	}, exampleWait, examplePause)
	b.show("GET /notifications", "/notifications?unread=true&limit=1", c.lea, "")
	b.show("GET /notifications/unread-count", "/notifications/unread-count", c.lea, "")
	b.show("POST /notifications/{id}/read", "/notifications/"+list.Text("items.0.id")+"/read", c.lea, "")
	b.show("GET /notifications/preferences", "/notifications/preferences", c.lea, "")
	b.show("PUT /notifications/preferences", "/notifications/preferences", c.lea,
		`{"items":[{"kind":"mention","in_app":true,"email":false}]}`)
}

// showFactor sets up a second factor for Tom and signs in with it.
func (b *exampleBook) showFactor(c exampleCast) {
	secret := b.show("POST /auth/mfa/totp", "/auth/mfa/totp", c.tom, "").Text("secret")
	code := sitetest.TOTPCode(b.t, secret, 0)
	confirmed := b.Want(200, "POST", "/auth/mfa/totp/confirm", c.tom, body("code", code))
	b.keep("POST /auth/mfa/totp/confirm", "/auth/mfa/totp/confirm", body("code", "123456"), confirmed)
	refused := b.Want(401, "POST", "/auth/login", "", body("email", "tom@example.org", "password", examplePassword))
	challenge := refused.Text("challenge")
	in := b.Want(200, "POST", "/auth/mfa/verify", "",
		body("challenge", challenge, "code", confirmed.Text("recovery_codes.0")), firefox)
	b.keep("POST /auth/mfa/verify", "/auth/mfa/verify", body("challenge", challenge, "code", "123456"), in)
	b.show("POST /auth/mfa/recovery-codes", "/auth/mfa/recovery-codes", c.tom, body("password", examplePassword))
	b.show("DELETE /auth/mfa/totp", "/auth/mfa/totp", c.tom, body("password", examplePassword))
}

// showSecrets changes the password and the address of Tom, who also sets a forgotten password.
func (b *exampleBook) showSecrets(c exampleCast) {
	b.show("POST /auth/password/forgot", "/auth/password/forgot", "", `{"email":"tom@example.org"}`)
	token := b.WaitForLink("tom@example.org", "/reset#token=", "")
	b.show("POST /auth/password/reset", "/auth/password/reset", "", body("token", token, "password", exampleNewPassword))
	tom := b.Login("tom@example.org", exampleNewPassword)
	b.show("POST /auth/password/change", "/auth/password/change", tom,
		body("current_password", exampleNewPassword, "new_password", examplePassword))
	tom = b.Login("tom@example.org", examplePassword)
	b.show("POST /users/me/email", "/users/me/email", tom, body("new_email", "tom.tal@example.org", "password", examplePassword))
	token = b.WaitForLink("tom.tal@example.org", "/email#token=", "")
	b.show("POST /users/me/email/confirm", "/users/me/email/confirm", "", body("token", token))
	sessions := b.Want(200, "GET", "/auth/sessions", c.lea, nil)
	require.NotEmpty(b.t, sessions.Items())
}

// showAdministration reads accounts, the audit log and the mails as an administrator.
func (b *exampleBook) showAdministration(c exampleCast) {
	b.show("GET /admin/users", "/admin/users?q=lea", c.ada, "")
	b.show("GET /admin/users/{id}", "/admin/users/"+c.leaID, c.ada, "")
	b.show("GET /admin/audit-logs", "/admin/audit-logs?action=course.published&limit=1", c.ada, "")
	b.show("GET /admin/audit-logs/verify", "/admin/audit-logs/verify", c.ada, "")
	b.waitForMails(c)
	b.show("GET /admin/emails", "/admin/emails?limit=1", c.ada, "")
	b.show("POST /admin/emails/retry", "/admin/emails/retry?status=failed", c.ada, "")
}

// waitForMails waits until every mail so far was sent.
func (b *exampleBook) waitForMails(c exampleCast) {
	require.Eventually(b.t, func() bool {
		return len(b.Want(200, "GET", "/admin/emails?status=queued", c.ada, nil).Items()) == 0
	}, exampleWait, examplePause)
}

// showServer asks the server about itself.
func (b *exampleBook) showServer() {
	for _, path := range []string{
		"/healthz", "/readyz", "/modules", "/capabilities", "/.well-known/jwks.json",
	} {
		b.show("GET "+path, path, "", "")
	}
}

// showFarewell removes what the story has made.
func (b *exampleBook) showFarewell(c exampleCast, courseID, lessonID string) {
	ada := c.ada
	b.Want(201, "POST", "/auth/register", "", body("email", "max@example.org", "password", examplePassword), firefox)
	login := b.Want(200, "POST", "/auth/login", "", body("email", "max@example.org", "password", examplePassword), firefox)
	b.waitForMails(c)
	b.show("GET /users/me/export", "/users/me/export", login.Text("access_token"), "")
	b.show("DELETE /courses/{id}/enrollment", "/courses/"+courseID+"/enrollment", c.lea, "")
	b.show("DELETE /courses/{id}/learners/{user_id}", "/courses/"+courseID+"/learners/"+c.leaID, ada, "")
	b.show("DELETE /courses/{id}/lessons/{lesson_id}", "/courses/"+courseID+"/lessons/"+lessonID, ada, "")
	b.show("DELETE /courses/{id}", "/courses/"+courseID, ada, "")
	b.show("POST /courses/{id}/restore", "/courses/"+courseID+"/restore", ada, "")

	b.Login("lea@example.org", examplePassword)
	id := b.Want(200, "GET", "/auth/sessions?limit=1", c.lea, nil).Text("items.0.id")
	b.show("DELETE /auth/sessions/{id}", "/auth/sessions/"+id, c.lea, "")
	other := b.Want(200, "POST", "/auth/login", "", body("email", "lea@example.org", "password", examplePassword))
	b.show("POST /auth/logout", "/auth/logout", "", body("refresh_token", other.Text("refresh_token")))
	b.show("POST /auth/logout-all", "/auth/logout-all", c.lea, "")
	lea := b.Login("lea@example.org", examplePassword)
	b.show("DELETE /users/me", "/users/me", lea, body("password", examplePassword))
	b.show("DELETE /admin/users/{id}", "/admin/users/"+b.Want(200, "GET", "/admin/users?q=tom", ada, nil).Text("items.0.id"), ada, "")
}

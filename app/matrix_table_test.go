package main

import (
	"maps"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// row says what an operation answers to whom. It is written from the documented contract, not from answers.
type row struct {
	// ok is the status of success; several where it depends on what was before.
	ok string
	// with is the kind of object that the caller owns, or what else a valid request is made of. Its
	// values fill the {names} in path, query and body.
	with, query, body string
	// media is the body's type where that is not JSON.
	media string
	// foreign has a word for each role, in the order of roles, for each kind of others' objects:
	// ok, a status, or - where the role is too low for the operation anyway.
	foreign map[string]string
	// missing is what an id that is none answers, 404 for everyone by default.
	missing string
	// inner is what an inner id that is none answers, the same as missing by default.
	inner string
	// spends: the object is used up, so each request has its own.
	spends bool
	// alone: the request changes the caller's account, so it is made by one that nothing else uses.
	alone bool
}

// Who may read a course: the contract's "Who may read", and "a member course is visible as such".
var (
	reading = map[string]string{
		"draft course":    "404 404 404 404 ok",
		"private course":  "404 404 404 404 ok",
		"archived course": "404 404 404 404 ok",
		"member course":   "401 403 ok ok ok",
		"public course":   "ok ok ok ok ok",
		"enrolled course": "404 ok ok ok ok",
		"deleted course":  "404 404 404 404 404",
	}
	learning = map[string]string{
		"draft course": "- 404 404 404 ok", "private course": "- 404 404 404 ok", "archived course": "- 404 404 404 ok",
		"member course":   "- 403 ok ok ok",
		"public course":   "- ok ok ok ok",
		"enrolled course": "- ok ok ok ok",
		"deleted course":  "- 404 404 404 404",
	}
	enrolling = changed(learning, "archived course", "- 404 404 404 409")
	// "Owner, admin": what one may read but does not own is 403.
	editing = map[string]string{
		"draft course": "- - - 404 ok", "private course": "- - - 404 ok", "archived course": "- - - 404 ok",
		"member course":   "- - - 403 ok",
		"public course":   "- - - 403 ok",
		"enrolled course": "- - - 403 ok",
		"deleted course":  "- - - 404 404",
	}
	// "A channel the caller may not read is 403."
	talking = map[string]string{
		"public channel": "- ok ok ok ok", "member channel": "- 403 ok ok ok", "course channel": "- 403 403 403 ok",
		"private channel": "- 403 403 403 ok", "joined channel": "- ok ok ok ok",
	}
	// "Creator, admin."
	hosting = map[string]string{
		"public channel": "- - - 403 ok", "member channel": "- - - 403 ok", "course channel": "- - - 403 ok",
		"private channel": "- - - 403 ok", "joined channel": "- - - 403 ok",
	}
)

func changed(base map[string]string, kind, words string) map[string]string {
	out := maps.Clone(base)
	out[kind] = words
	return out
}

// table has every operation of the document. Nobody's own: sessions and notifications are their
// owner's alone, an administrator's neither.
var table = map[string]row{
	"GET /.well-known/jwks.json": {ok: "200"},
	"GET /healthz":               {ok: "200"},
	"GET /readyz":                {ok: "200"},
	"GET /modules":               {ok: "200"},
	"GET /capabilities":          {ok: "200"},
	"GET /dev/mailbox/messages":  {ok: "200"},

	"POST /auth/register": {
		ok: "201", with: "name", body: `{"email":"{name}@example.com","password":"` + sitetest.Password + `"}`,
		spends: true,
	},
	"POST /auth/login": {
		ok: "200", with: "credentials", body: `{"email":"{email}","password":"` + sitetest.Password + `"}`,
	},
	"POST /auth/refresh": {
		ok: "200", with: "credentials", body: `{"refresh_token":"{refresh_token}"}`, spends: true,
	},
	"POST /auth/logout": {
		ok: "204", with: "credentials", body: `{"refresh_token":"{refresh_token}"}`, spends: true,
	},
	"POST /auth/logout-all": {ok: "204", alone: true},
	"GET /auth/sessions":    {ok: "200"},
	"DELETE /auth/sessions/{id}": {
		ok: "204", with: "session", spends: true, foreign: map[string]string{"session": "- 404 404 404 404"},
	},
	"POST /auth/verify-email":         {ok: "422", body: `{"token":"forged"}`},
	"POST /auth/verify-email/request": {ok: "202", alone: true},
	"POST /auth/password/forgot":      {ok: "202", with: "credentials", body: `{"email":"{email}"}`},
	"POST /auth/password/reset":       {ok: "422", body: `{"token":"forged","password":"another fine horse"}`},
	"POST /auth/password/change": {
		ok: "204", alone: true,
		body: `{"current_password":"` + sitetest.Password + `","new_password":"another fine horse"}`,
	},
	"POST /auth/mfa/totp":         {ok: "200", alone: true},
	"POST /auth/mfa/totp/confirm": {ok: "200", alone: true, with: "begun factor", body: `{"code":"{code}"}`},
	"DELETE /auth/mfa/totp": {
		ok: "204", alone: true, with: "factor", body: `{"password":"` + sitetest.Password + `"}`,
	},
	"POST /auth/mfa/recovery-codes": {
		ok: "200", alone: true, with: "factor", body: `{"password":"` + sitetest.Password + `"}`,
	},
	"POST /users/me/email": {
		ok: "202", alone: true, with: "name",
		body: `{"new_email":"{name}-new@example.com","password":"` + sitetest.Password + `"}`,
	},
	"POST /users/me/email/confirm": {ok: "422", body: `{"token":"forged"}`},
	"POST /auth/mfa/verify": {
		ok: "200", with: "challenge", body: `{"challenge":"{challenge}","code":"{recovery_code}"}`, spends: true,
	},

	"GET /users/me":             {ok: "200"},
	"PATCH /users/me":           {ok: "200", body: `{"display_name":"Renamed"}`},
	"DELETE /users/me":          {ok: "204", alone: true, body: `{"password":"` + sitetest.Password + `"}`},
	"GET /users/me/export":      {ok: "200"},
	"GET /users/me/progress":    {ok: "200"},
	"GET /users/me/enrollments": {ok: "200"},
	"GET /admin/users":          {ok: "200"},
	"GET /admin/users/{id}": {
		ok: "200", with: "account", foreign: map[string]string{"caller's account": "- - - - ok"},
	},
	"PATCH /admin/users/{id}": {
		ok: "200", with: "account", body: `{"display_name":"Renamed"}`,
		foreign: map[string]string{"caller's account": "- - - - ok"},
	},
	"DELETE /admin/users/{id}": {ok: "204", with: "account", spends: true},
	"GET /admin/audit-logs":    {ok: "200"},
	"GET /admin/emails":        {ok: "200"},
	"GET /admin/invites":       {ok: "200"},
	"POST /admin/invites":      {ok: "201", body: `{"role_to_grant":"member"}`},
	"DELETE /admin/invites":    {ok: "204", with: "invite batch", query: "?batch_id={id}", spends: true},
	"POST /admin/invites/batch": {
		ok: "200", with: "name", body: `{"role_to_grant":"member","rows":[{"email":"{name}@example.com"}]}`,
	},
	"GET /admin/invites/{id}": {ok: "200", with: "invite"},
	// The matrix' invites have no address.
	"POST /admin/invites/{id}/resend": {ok: "409", with: "invite"},
	"DELETE /admin/invites/{id}":      {ok: "204", with: "invite", spends: true},
	"POST /invites/redeem":            {ok: "200", alone: true, with: "invite", body: `{"code":"{code}"}`},
	"GET /admin/audit-logs/verify":    {ok: "200"},
	// It was sent already, or is about to be.
	"POST /admin/emails/{id}/retry": {ok: "202 409", with: "email"},
	"POST /admin/emails/retry":      {ok: "202"},

	"GET /courses":      {ok: "200"},
	"POST /courses":     {ok: "201", body: `{"title":"Made"}`},
	"GET /courses/{id}": {ok: "200", with: "draft course", foreign: reading},
	"PATCH /courses/{id}": {
		ok: "200", with: "draft course", body: `{"title":"Changed"}`, foreign: editing,
	},
	"DELETE /courses/{id}": {ok: "204", with: "draft course", foreign: editing, spends: true},
	"POST /courses/{id}/restore": {
		ok: "200", with: "draft course", foreign: changed(editing, "deleted course", "- - - 404 ok"), spends: true,
	},
	"POST /courses/{id}/clone": {
		ok: "201", with: "draft course", body: `{"title":"Copy"}`, foreign: editing,
	},
	"GET /courses/{id}/learners":              {ok: "200", with: "draft course", foreign: editing},
	"DELETE /courses/{id}/learners/{user_id}": {ok: "204", with: "draft course", foreign: editing, inner: "204"},
	"POST /courses/{id}/enrollments/batch": {
		ok: "200", with: "draft course", body: `{"rows":[{"email":"nobody@example.com"}]}`,
		foreign: changed(editing, "archived course", "- - - 404 409"),
	},
	"GET /courses/{id}/export": {ok: "200", with: "draft course", foreign: editing},
	"POST /courses/import": {
		ok: "201", media: sitetest.ArchiveType, body: sitetest.MinimalArchive,
	},
	"GET /courses/{id}/lessons": {ok: "200", with: "draft course", foreign: reading},
	"POST /courses/{id}/lessons": {
		ok: "201", with: "draft course", body: `{"title":"Added"}`, foreign: editing, spends: true,
	},
	"GET /courses/{id}/progress": {ok: "200", with: "draft course", foreign: learning},
	"PUT /courses/{id}/lessons/order": {
		ok: "200", with: "draft course", body: `{"lesson_ids":["{lesson_id}"]}`, foreign: editing,
	},
	"GET /courses/{id}/lessons/{lesson_id}": {ok: "200", with: "draft course", foreign: reading},
	"PATCH /courses/{id}/lessons/{lesson_id}": {
		ok: "200", with: "draft course", body: `{"title":"Changed"}`, foreign: editing,
	},
	"DELETE /courses/{id}/lessons/{lesson_id}": {ok: "204", with: "draft course", foreign: editing, spends: true},
	"PUT /courses/{id}/lessons/{lesson_id}/progress": {
		ok: "200", with: "draft course", body: `{"percent":50}`, foreign: learning,
	},
	"POST /courses/{id}/enrollment":   {ok: "200 201", with: "draft course", foreign: enrolling},
	"DELETE /courses/{id}/enrollment": {ok: "204", with: "draft course", foreign: learning, spends: true},
	"POST /courses/{id}/announcements": {
		ok: "201", with: "draft course", body: `{"title":"News","body":"None."}`, foreign: editing,
	},

	"POST /storage/uploads": {
		ok: "201", with: "name", body: `{"key":"matrix/{name}","content_type":"text/plain","size":5}`,
		spends: true,
	},
	// The uploader's alone. An administrator knows of every asset, others of those that they may read.
	"POST /storage/uploads/{id}/complete": {ok: "200", with: "upload", foreign: map[string]string{
		"upload": "- - - 404 403", "asset": "- - - 404 403", "asset of a draft": "- - - 404 403",
		"asset of a public course": "- - - 403 403"}},
	"GET /storage/assets": {ok: "200"},
	"DELETE /storage/assets/{id}": {ok: "204", with: "asset", spends: true, foreign: map[string]string{
		"upload": "- - - 404 ok", "asset": "- - - 404 ok", "asset of a draft": "- - - 404 409",
		"asset of a member course": "- - - 403 409", "asset of a public course": "- - - 403 409"}},
	// "A key the caller may not read is 403 whether or not it exists; instructors and admins get 404 for a missing one."
	"GET /storage/sign": {
		ok: "200", with: "asset", query: "?key={key}", missing: "- 403 403 404 404", foreign: map[string]string{
			"upload": "- 403 403 404 404", "asset": "- 403 403 403 ok", "asset of a draft": "- 403 403 403 ok",
			"asset of a member course": "- 403 ok ok ok", "asset of a public course": "- ok ok ok ok"},
	},

	"GET /channels":        {ok: "200"},
	"POST /channels":       {ok: "201", body: `{"title":"Opened","visibility":"public"}`},
	"GET /channels/{slug}": {ok: "200", with: "private channel", foreign: talking},
	"PATCH /channels/{slug}": {
		ok: "200", with: "private channel", body: `{"title":"Changed"}`, foreign: hosting,
	},
	"DELETE /channels/{slug}": {ok: "204", with: "private channel", foreign: hosting, spends: true},
	"GET /channels/{slug}/members/{user_id}": {
		ok: "200", with: "private channel",
		foreign: map[string]string{"private channel": "- - - 403 ok", "joined channel": "- - - 403 ok"},
	},
	"PUT /channels/{slug}/members/{user_id}": {
		ok: "200", with: "private channel",
		foreign: map[string]string{"private channel": "- - - 403 ok", "public channel": "- - - 403 422"},
	},
	"DELETE /channels/{slug}/members/{user_id}": {
		ok: "204", with: "private channel",
		foreign: map[string]string{"private channel": "- - - 403 ok", "joined channel": "- - - 403 ok"},
		spends:  true,
	},
	"GET /channels/{slug}/messages": {ok: "200", with: "private channel", foreign: talking},
	"POST /channels/{slug}/messages": {
		ok: "201", with: "private channel", body: `{"body":"hello"}`, foreign: talking,
	},
	"GET /channels/{slug}/presence": {ok: "200", with: "private channel", foreign: talking},
	// Only its author changes a message; "author, instructor, admin" remove it, where they may read the channel.
	"PATCH /channels/{slug}/messages/{id}": {
		ok: "200", with: "public message", body: `{"body":"changed"}`,
		foreign: map[string]string{"public message": "- 403 403 403 403", "private message": "- 403 403 403 403"},
	},
	"DELETE /channels/{slug}/messages/{id}": {
		ok: "204", with: "public message", spends: true,
		foreign: map[string]string{"public message": "- 403 403 ok ok", "private message": "- 403 403 403 ok"},
	},
	"POST /ws/tickets": {ok: "201"},
	// All that speaks against a socket is answered before the upgrade, which these requests don't ask for.
	"GET /ws/channels/{slug}": {ok: "426", with: "private channel", foreign: talking},

	"GET /notifications":              {ok: "200"},
	"GET /notifications/unread-count": {ok: "200"},
	"POST /notifications/{id}/read": {
		ok: "204", with: "notification", foreign: map[string]string{"notification": "- 404 404 404 404"},
	},
	"POST /notifications/read-all":   {ok: "204"},
	"GET /notifications/preferences": {ok: "200"},
	// The token in the path is all that counts, and this is none.
	"POST /notifications/unsubscribe/{token}": {ok: "422", missing: "422 422 422 422 422"},
	"PUT /notifications/preferences": {
		ok: "200", body: `{"items":[{"kind":"mention","in_app":true,"email":false}]}`,
	},
}

// apart are inner ids that name something by itself and not a part of the outer object.
var apart = map[string]string{
	"PUT /channels/{slug}/members/{user_id}":  "any account can become a member",
	"DELETE /courses/{id}/learners/{user_id}": "any account can be named; it is out of the course afterwards",
}

// maker makes an object of owner's; caller is who will ask for it.
type maker func(m *matrix, owner, caller testAccount) ids

var makers = map[string]maker{
	"draft course":   course("public", "draft"),
	"private course": course("private", "published"),
	"member course":  course("member", "published"),
	"public course":  course("public", "published"), "archived course": course("public", "archived"),
	"enrolled course": enrolledCourse, "deleted course": deletedCourse,

	"upload":                   func(m *matrix, owner, _ testAccount) ids { return m.upload(owner) },
	"asset":                    func(m *matrix, owner, _ testAccount) ids { return m.asset(owner) },
	"asset of a draft":         assetOf("public", "draft"),
	"asset of a member course": assetOf("member", "published"),
	"asset of a public course": assetOf("public", "published"),

	"public channel":  channel("public"),
	"member channel":  channel("member"),
	"course channel":  channel("course"),
	"private channel": channel("private"),
	"joined channel":  joinedChannel, "public message": spoken("public"), "private message": spoken("private"),

	"session":      session,
	"notification": notification,
	"name":         func(m *matrix, _, _ testAccount) ids { return ids{"name": m.newName()} },
	"credentials":  func(m *matrix, _, _ testAccount) ids { return m.creds(m.newAccount("user")) },
	"account":      func(m *matrix, _, _ testAccount) ids { return ids{"id": m.newAccount("user").id} },
	"caller's account": func(_ *matrix, owner, caller testAccount) ids {
		if caller.id == "" {
			return ids{"id": owner.id}
		}
		return ids{"id": caller.id}
	},
	"invite": func(m *matrix, _, _ testAccount) ids {
		a := m.s.Want(201, "POST", "/admin/invites", m.root, `{"role_to_grant":"member"}`)
		return ids{"id": a.Text("id"), "code": a.Text("code")}
	},
	"invite batch": func(m *matrix, _, _ testAccount) ids {
		a := m.s.Want(200, "POST", "/admin/invites/batch", m.root,
			sitetest.With(sitetest.Batch(m.newName()+"@example.com"), "role_to_grant", "member"))
		return ids{"id": a.Text("batch_id")}
	},
	"email": func(m *matrix, _, _ testAccount) ids {
		return ids{"id": m.s.Want(200, "GET", "/admin/emails?limit=1", m.root, nil).Text("items.0.id")}
	},
	"begun factor": func(m *matrix, owner, _ testAccount) ids { return m.beginFactor(owner) },
	"factor":       func(m *matrix, owner, _ testAccount) ids { return m.factor(owner) },
	"challenge": func(m *matrix, _, _ testAccount) ids {
		a := m.newAccount("user")
		made := m.factor(a)
		made["challenge"] = m.s.Want(401, "POST", "/auth/login", "",
			map[string]string{"email": a.email, "password": sitetest.Password}).Text("challenge")
		return made
	},
}

func course(visibility, status string) maker {
	return func(m *matrix, owner, _ testAccount) (made ids) {
		m.asInstructor(owner, func() {
			id := m.s.Want(201, "POST", "/courses", owner.token,
				map[string]any{"title": m.newName(), "visibility": visibility, "status": status}).Text("id")
			made = ids{
				"id": id, "user_id": owner.id,
				"lesson_id": m.s.Want(201, "POST", "/courses/"+id+"/lessons", owner.token, `{"title":"One"}`).Text("id"),
			}
		})
		return made
	}
}

// enrolledCourse is private, and the caller was enrolled while it was not.
func enrolledCourse(m *matrix, owner, caller testAccount) ids {
	made := course("public", "published")(m, owner, caller)
	if caller.id != "" {
		m.s.Want(201, "POST", "/courses/"+made["id"]+"/enrollment", caller.token, nil)
	}
	m.asInstructor(owner, func() { m.s.Want(200, "PATCH", "/courses/"+made["id"], owner.token, `{"visibility":"private"}`) })
	return made
}

func deletedCourse(m *matrix, owner, caller testAccount) ids {
	made := course("public", "published")(m, owner, caller)
	m.asInstructor(owner, func() { m.s.Want(204, "DELETE", "/courses/"+made["id"], owner.token, nil) })
	return made
}

func (m *matrix) upload(owner testAccount) (made ids) {
	m.asInstructor(owner, func() {
		up := m.s.Want(201, "POST", "/storage/uploads", owner.token,
			map[string]any{"key": "matrix/" + m.newName(), "content_type": "text/plain", "size": 5})
		m.s.Upload(up, "hello")
		made = ids{"id": up.Text("id"), "key": up.Text("key")}
	})
	return made
}

func (m *matrix) asset(owner testAccount) ids {
	made := m.upload(owner)
	m.asInstructor(owner, func() { m.s.Want(200, "POST", "/storage/uploads/"+made["id"]+"/complete", owner.token, nil) })
	return made
}

func assetOf(visibility, status string) maker {
	return func(m *matrix, owner, caller testAccount) ids {
		made, in := m.asset(owner), course(visibility, status)(m, owner, caller)
		m.asInstructor(owner, func() {
			m.s.Want(200, "PATCH", "/courses/"+in["id"]+"/lessons/"+in["lesson_id"], owner.token,
				map[string]string{"asset_key": made["key"]})
		})
		return made
	}
}

// channel makes one with a member of its own, where it can have some.
func channel(visibility string) maker {
	return func(m *matrix, owner, caller testAccount) ids {
		body := map[string]string{"title": m.newName(), "visibility": visibility}
		if visibility == "course" {
			body["course_id"] = course("public", "published")(m, owner, caller)["id"]
		}
		made := ids{"user_id": m.newAccount("user").id}
		m.asInstructor(owner, func() {
			made["slug"] = m.s.Want(201, "POST", "/channels", owner.token, body).Text("slug")
			if visibility == "private" {
				m.s.Want(200, "PUT", "/channels/"+made["slug"]+"/members/"+made["user_id"], owner.token, nil)
			}
		})
		return made
	}
}

// joinedChannel is private, and the caller is a member.
func joinedChannel(m *matrix, owner, caller testAccount) ids {
	made := channel("private")(m, owner, caller)
	if caller.id != "" {
		m.asInstructor(owner,
			func() { m.s.Want(200, "PUT", "/channels/"+made["slug"]+"/members/"+caller.id, owner.token, nil) })
	}
	return made
}

func spoken(visibility string) maker {
	return func(m *matrix, owner, caller testAccount) ids {
		made := channel(visibility)(m, owner, caller)
		made["id"] = m.s.Want(201, "POST", "/channels/"+made["slug"]+"/messages", owner.token, `{"body":"hello"}`).Text("id")
		return made
	}
}

func session(m *matrix, owner, _ testAccount) ids {
	token := m.s.Login(owner.email, sitetest.Password)
	return ids{"id": m.s.Want(200, "GET", "/auth/sessions?limit=1", token, nil).Text("items.0.id")}
}

// notification mentions the owner and waits until they are told.
func notification(m *matrix, owner, _ testAccount) ids {
	m.s.Want(201, "POST", "/channels/hq/messages", m.root, map[string]string{"body": "<@" + owner.id + ">"})
	made := ids{}
	require.Eventually(m.s.T, func() bool {
		for _, n := range m.s.Want(200, "GET", "/notifications", owner.token, nil).Items() {
			if n := n.(map[string]any); n["kind"] == "mention" {
				made["id"] = n["id"].(string)
			}
		}
		return made["id"] != ""
	}, 20*time.Second, 50*time.Millisecond)
	return made
}

func (m *matrix) creds(a testAccount) ids {
	in := m.s.Want(200, "POST", "/auth/login", "", map[string]string{"email": a.email, "password": sitetest.Password})
	return ids{"email": a.email, "refresh_token": in.Text("refresh_token")}
}

func (m *matrix) beginFactor(owner testAccount) ids {
	secret := m.s.Want(200, "POST", "/auth/mfa/totp", owner.token, nil).Text("secret")
	return ids{"code": sitetest.TOTPCode(m.t, secret, 0)}
}

func (m *matrix) factor(owner testAccount) ids {
	code := m.beginFactor(owner)
	a := m.s.Want(200, "POST", "/auth/mfa/totp/confirm", owner.token, code)
	return ids{"recovery_code": a.Text("recovery_codes.0")}
}

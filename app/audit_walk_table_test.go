package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// targets are all actions of the log, with the types of what each is done to.
var targets = map[string]string{
	"user.registered":   "user",
	"user.role_changed": "user",
	"user.disabled":     "user",
	"user.enabled":      "user",
	"user.deleted":      "user",
	"user.exported":     "user",
	"user.updated":      "user", "user.email_verified": "user", "user.email_changed": "user",
	"auth.login_succeeded": "session",
	"auth.login_failed":    "user",
	"auth.mfa_required":    "user",
	"auth.refresh_reused":  "session",
	"auth.session_revoked": "session",
	// One session, or all of a user's.
	"auth.logged_out":       "session user",
	"auth.password_changed": "user",
	"auth.password_reset":   "user",
	"auth.reset_requested":  "user",
	"auth.mfa_enabled":      "user",
	"auth.mfa_disabled":     "user",
	"invite.created":        "invite",
	"invite.redeemed":       "invite",
	"invite.redeem_failed":  "invite",
	"invite.revoked":        "invite",
	"invite.resent":         "invite",
	"course.created":        "course",
	"course.updated":        "course",
	"course.published":      "course",
	"course.archived":       "course",
	"course.deleted":        "course",
	"course.restored":       "course", "lesson.reordered": "course",
	"lesson.created": "lesson", "lesson.updated": "lesson", "lesson.deleted": "lesson",
	"enrollment.created": "enrollment", "enrollment.deleted": "enrollment",
	"asset.uploaded": "asset", "asset.deleted": "asset",
	"audit.exported": "audit_log", "audit.break_accepted": "audit_log",
	"channel.created": "channel",
	"channel.updated": "channel",
	"channel.deleted": "channel",
	"message.deleted": "message",
}

// Reasons that several operations share.
const (
	talk  = "what is said is kept itself, with its author"
	reads = "what a person has read is their own, and changes nothing for others"
)

// deeds has every operation that changes something, and the reads that hand much out.
var deeds = map[string]deed{
	"POST /auth/register": {writes: "user.registered", do: func(w *walk) {
		body := map[string]string{
			"email": w.word("person") + "@example.com", "password": sitetest.Password,
			"display_name": w.word("name"),
		}
		key := sitetest.Header{"Idempotency-Key": w.word("key")}
		w.Want(201, "POST", "/auth/register", "", body, key)
		w.quietly(func() {
			w.Want(201, "POST", "/auth/register", "", body, key)
			w.WantProblem(409, "email-taken", "POST", "/auth/register", "", body)
		})
	}},
	"POST /auth/login": {writes: "auth.login_succeeded auth.login_failed auth.mfa_required", do: func(w *walk) {
		a := w.account("user")
		w.Login(a.email, sitetest.Password)
		w.of("")
		w.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "",
			sitetest.Credentials(w.word("nobody")+"@example.com", w.word("password")))
		w.of(a.id)
		w.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "",
			sitetest.Credentials(a.email, w.word("password")))
		w.secondFactor(a)
		w.WantProblem(401, "mfa-required", "POST", "/auth/login", "", sitetest.Credentials(a.email, sitetest.Password))
		w.Want(200, "PATCH", "/admin/users/"+a.id, w.root.token, `{"status":"disabled"}`)
		w.WantProblem(403, "account-disabled", "POST", "/auth/login", "", sitetest.Credentials(a.email, sitetest.Password))
	}},
	"POST /auth/mfa/verify": {writes: "auth.login_succeeded auth.login_failed", do: func(w *walk) {
		a := w.account("user")
		codes := w.secondFactor(a)
		w.of(a.id)
		challenge := w.WantProblem(401, "mfa-required", "POST", "/auth/login", "",
			sitetest.Credentials(a.email, sitetest.Password)).Text("challenge")
		w.quietly(func() {
			w.WantProblem(401, "invalid-token", "POST", "/auth/mfa/verify", "",
				map[string]string{"challenge": w.word("challenge"), "code": codes[0]})
		})
		w.WantProblem(401, "invalid-code", "POST", "/auth/mfa/verify", "",
			map[string]string{"challenge": challenge, "code": w.word("code")})
		w.Want(200, "POST", "/auth/mfa/verify", "", map[string]string{"challenge": challenge, "code": codes[0]})
	}},
	"POST /auth/refresh": {writes: "auth.refresh_reused", do: func(w *walk) {
		a := w.account("user")
		first := w.session(a).Text("refresh_token")
		w.quietly(func() {
			second := w.Refresh(first).Text("refresh_token")
			require.Equal(w.t, second, w.Refresh(first).Text("refresh_token"))
			require.Equal(w.t, 200, w.Refresh(second).Status)
			require.Equal(w.t, "invalid-token", w.Refresh(w.word("token")).Text("code"))
		})
		w.of(a.id)
		require.Equal(w.t, "refresh-token-reused", w.Refresh(first).Text("code"))
	}},
	"POST /auth/logout": {writes: "auth.logged_out", do: func(w *walk) {
		a := w.account("user")
		w.of(a.id)
		body := map[string]string{"refresh_token": w.session(a).Text("refresh_token")}
		w.Want(204, "POST", "/auth/logout", "", body)
		w.quietly(func() {
			w.Want(204, "POST", "/auth/logout", "", body)
			w.Want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": w.word("token")})
		})
	}},
	"POST /auth/logout-all": {writes: "auth.logged_out auth.session_revoked", do: func(w *walk) {
		w.Want(204, "POST", "/auth/logout-all", w.account("user").token, nil)
	}},
	"DELETE /auth/sessions/{id}": {writes: "auth.session_revoked", do: func(w *walk) {
		a := w.account("user")
		other := w.session(a).Text("access_token")
		id := w.Want(200, "GET", "/auth/sessions", other, nil).Text("items.0.id")
		w.Want(204, "DELETE", "/auth/sessions/"+id, a.token, nil)
		w.quietly(func() { w.WantProblem(404, "not-found", "DELETE", "/auth/sessions/"+id, a.token, nil) })
	}},
	"POST /auth/verify-email": {writes: "user.email_verified", do: func(w *walk) {
		a := w.account("user")
		w.of(a.id)
		body := map[string]string{"token": w.WaitForLink(a.email, "/verify#token=", "")}
		w.Want(200, "POST", "/auth/verify-email", "", body)
		w.quietly(func() { w.WantProblem(422, "invalid-link", "POST", "/auth/verify-email", "", body) })
	}},
	"POST /auth/verify-email/request": {
		because: "a mail that is sent again changes nothing; what its link does is audited", do: func(w *walk) {
			w.Want(202, "POST", "/auth/verify-email/request", w.account("user").token, nil)
		},
	},
	"POST /auth/password/forgot": {writes: "auth.reset_requested", do: func(w *walk) {
		w.quietly(func() {
			w.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": w.word("nobody") + "@example.com"})
		})
		w.forgot(w.account("user"))
	}},
	"POST /auth/password/reset": {
		writes: "auth.password_reset auth.session_revoked user.email_verified auth.mfa_disabled",
		do: func(w *walk) {
			// The address was never confirmed: the second factor may be somebody else's, and goes.
			a := w.account("user")
			w.secondFactor(a)
			w.of(a.id)
			body := map[string]string{"token": w.forgot(a), "password": w.word("password")}
			w.Want(204, "POST", "/auth/password/reset", "", body)
			w.quietly(func() { w.WantProblem(422, "invalid-link", "POST", "/auth/password/reset", "", body) })
		},
	},
	"POST /auth/password/change": {writes: "auth.password_changed auth.session_revoked", do: func(w *walk) {
		a := w.account("user")
		w.session(a)
		w.quietly(func() {
			w.WantProblem(403, "wrong-password", "POST", "/auth/password/change", a.token,
				map[string]string{"current_password": w.word("password"), "new_password": w.word("password")})
		})
		w.Want(204, "POST", "/auth/password/change", a.token,
			map[string]string{"current_password": sitetest.Password, "new_password": w.word("password")})
	}},
	"POST /auth/mfa/totp": {because: "a second factor that is only being set up protects nothing yet", do: func(w *walk) {
		w.Want(200, "POST", "/auth/mfa/totp", w.account("user").token, nil)
	}},
	"POST /auth/mfa/totp/confirm": {writes: "auth.mfa_enabled", do: func(w *walk) { w.secondFactor(w.account("user")) }},
	"DELETE /auth/mfa/totp": {writes: "auth.mfa_disabled", do: func(w *walk) {
		a := w.account("user")
		body := map[string]string{"password": sitetest.Password}
		w.Want(200, "POST", "/auth/mfa/totp", a.token, nil)
		w.quietly(func() { w.Want(204, "DELETE", "/auth/mfa/totp", a.token, body) }) // it was never on
		w.secondFactor(a)
		w.Want(204, "DELETE", "/auth/mfa/totp", a.token, body)
	}},
	"POST /auth/mfa/recovery-codes": {writes: "auth.mfa_enabled", do: func(w *walk) {
		a := w.account("user")
		body := map[string]string{"password": sitetest.Password}
		w.quietly(func() { w.WantProblem(404, "not-found", "POST", "/auth/mfa/recovery-codes", a.token, body) })
		w.secondFactor(a)
		w.Want(200, "POST", "/auth/mfa/recovery-codes", a.token, body)
	}},
	"POST /users/me/email": {because: "nothing changes until the link to the new address is used", do: func(w *walk) {
		w.askEmail(w.account("user"))
	}},
	"POST /users/me/email/confirm": {
		writes: "user.email_changed user.email_verified auth.session_revoked", do: func(w *walk) {
			a := w.account("user")
			w.session(a)
			next := w.askEmail(a)
			w.of(a.id)
			body := map[string]string{"token": w.WaitForLink(next, "/email#token=", "")}
			w.Want(200, "POST", "/users/me/email/confirm", "", body)
			w.quietly(func() { w.WantProblem(422, "invalid-link", "POST", "/users/me/email/confirm", "", body) })
		},
	},

	"PATCH /users/me": {writes: "user.updated", do: func(w *walk) {
		a := w.account("user")
		body := map[string]string{"display_name": w.word("name")}
		w.Want(200, "PATCH", "/users/me", a.token, body)
		w.quietly(func() { w.Want(200, "PATCH", "/users/me", a.token, body) })
	}},
	"GET /admin/audit-logs": {writes: "audit.exported", do: func(w *walk) {
		for _, accept := range []string{"text/csv", "application/x-ndjson"} {
			w.Want(200, "GET", "/admin/audit-logs?action=user.deleted", w.root.token, nil,
				sitetest.Header{"Accept": accept})
		}
		w.quietly(func() {
			w.Want(200, "GET", "/admin/audit-logs", w.root.token, nil)
			w.Want(200, "HEAD", "/admin/audit-logs", w.root.token, nil, sitetest.Header{"Accept": "text/csv"})
		})
	}},
	"GET /users/me/export": {writes: "user.exported", do: func(w *walk) {
		a := w.account("user")
		w.Want(200, "GET", "/users/me/export", a.token, nil)
		w.quietly(func() { w.Want(200, "HEAD", "/users/me/export", a.token, nil) })
	}},
	"DELETE /users/me": {writes: "user.deleted asset.deleted invite.revoked", do: func(w *walk) {
		a := w.leaver()
		w.Want(204, "DELETE", "/users/me", a.token, map[string]string{"password": sitetest.Password})
	}},
	"DELETE /admin/users/{id}": {writes: "user.deleted asset.deleted invite.revoked", do: func(w *walk) {
		a := w.leaver()
		w.Want(204, "DELETE", "/admin/users/"+a.id, w.root.token, nil)
		w.quietly(func() { w.WantProblem(404, "not-found", "DELETE", "/admin/users/"+a.id, w.root.token, nil) })
	}},
	"PATCH /admin/users/{id}": {
		writes: "user.role_changed user.updated user.email_changed user.disabled user.enabled auth.session_revoked invite.revoked",
		do: func(w *walk) {
			a := w.account("admin")
			w.Invite(a.token, map[string]any{"role_to_grant": "member"}) // open, until they may no longer grant
			for _, body := range []string{`{"role":"member"}`, `{"display_name":"` + w.word("name") + `"}`,
				`{"email":"` + w.word("other") + `@example.com"}`, `{"status":"disabled"}`, `{"status":"active"}`} {
				w.Want(200, "PATCH", "/admin/users/"+a.id, w.root.token, body)
				w.quietly(func() { w.Want(200, "PATCH", "/admin/users/"+a.id, w.root.token, body) })
			}
		},
	},

	"POST /admin/invites": {writes: "invite.created", do: func(w *walk) {
		body := map[string]any{"role_to_grant": "member", "email": w.word("guest") + "@example.com", "note": w.word("note")}
		key := sitetest.Header{"Idempotency-Key": w.word("key")}
		w.Want(201, "POST", "/admin/invites", w.root.token, body, key)
		w.quietly(func() { w.replayed(201, "/admin/invites", w.root.token, body, key) })
	}},
	"POST /admin/invites/{id}/resend": {writes: "invite.resent", do: func(w *walk) {
		guest := map[string]any{"role_to_grant": "member", "email": w.word("guest") + "@example.com"}
		path := "/admin/invites/" + w.Invite(w.root.token, guest).Text("id")
		w.Want(200, "POST", path+"/resend", w.root.token, nil)
		other := w.Invite(w.root.token, map[string]any{"role_to_grant": "member"}).Text("id")
		w.quietly(func() { w.WantProblem(409, "no-email", "POST", "/admin/invites/"+other+"/resend", w.root.token, nil) })
		w.Want(204, "DELETE", path, w.root.token, nil)
		w.quietly(func() { w.WantProblem(410, "invite-revoked", "POST", path+"/resend", w.root.token, nil) })
	}},
	"DELETE /admin/invites/{id}": {writes: "invite.revoked", do: func(w *walk) {
		id := w.Invite(w.root.token, map[string]any{"role_to_grant": "member"}).Text("id")
		w.Want(204, "DELETE", "/admin/invites/"+id, w.root.token, nil)
		w.quietly(func() { w.Want(204, "DELETE", "/admin/invites/"+id, w.root.token, nil) })
	}},
	"POST /admin/invites/batch": {writes: "invite.created", do: func(w *walk) {
		const path = "/admin/invites/batch"
		guest, key := w.word("guest")+"@example.com", sitetest.Header{"Idempotency-Key": w.word("key")}
		body := func(more ...any) map[string]any {
			return sitetest.With(sitetest.With(sitetest.Batch(guest, "nonsense"), "role_to_grant", "member"), more...)
		}
		w.quietly(func() {
			w.Want(200, "POST", path, w.root.token, body("dry_run", true))
			w.Want(200, "POST", path, w.root.token, body("mode", "atomic"))
		})
		w.Want(200, "POST", path, w.root.token, body(), key)
		w.quietly(func() {
			w.replayed(200, path, w.root.token, body(), key)
			w.Want(200, "POST", path, w.root.token, body()) // the guest has one already
		})
	}},
	"DELETE /admin/invites": {writes: "invite.revoked", do: func(w *walk) {
		body := sitetest.With(sitetest.Batch(w.word("guest")+"@example.com", w.word("guest")+"@example.com"),
			"role_to_grant", "member")
		path := "/admin/invites?batch_id=" + w.Want(200, "POST", "/admin/invites/batch", w.root.token, body).Text("batch_id")
		w.Want(204, "DELETE", path, w.root.token, nil)
		w.quietly(func() { w.Want(204, "DELETE", path, w.root.token, nil) })
	}},
	"POST /invites/redeem": {
		writes: "invite.redeemed invite.redeem_failed user.role_changed user.email_verified enrollment.created",
		do: func(w *walk) {
			a, other := w.account("user"), w.account("user")
			course := strings.TrimPrefix(w.course(w.account("instructor")), "/courses/")
			code := w.Invite(w.root.token,
				map[string]any{"role_to_grant": "member", "email": a.email, "course_ids": []string{course}}).Text("code")
			require.Equal(w.t, 404, w.Redeem(a.token, w.word("code")).Status)
			require.Equal(w.t, 403, w.Redeem(other.token, code).Status)
			require.Equal(w.t, 200, w.Redeem(a.token, code).Status)
			lower := w.Invite(w.root.token, map[string]any{"role_to_grant": "member"}).Text("code")
			w.quietly(func() {
				require.Equal(w.t, 200, w.Redeem(a.token, code).Status, "once more")
				require.Equal(w.t, 200, w.Redeem(w.root.token, lower).Status, "nothing to grant")
			})
		},
	},

	"POST /courses": {writes: "course.created", do: func(w *walk) {
		a := w.account("instructor")
		body, key := map[string]any{"title": w.word("title")}, sitetest.Header{"Idempotency-Key": w.word("key")}
		w.Want(201, "POST", "/courses", a.token, body, key)
		w.quietly(func() { w.replayed(201, "/courses", a.token, body, key) })
		w.course(a)
	}},
	"PATCH /courses/{id}": {writes: "course.updated course.published course.archived", do: func(w *walk) {
		a := w.account("instructor")
		path := w.course(a)
		for _, body := range []map[string]any{
			{
				"title": w.word("title"), "slug": w.word("slug"), "summary": w.word("summary"),
				"description": w.word("description"), "tags": []string{w.word("tag")}, "visibility": "member",
			},
			{"status": "archived"}, {"status": "draft"}, {"status": "published"},
		} {
			w.Want(200, "PATCH", path, a.token, body)
			w.quietly(func() { w.Want(200, "PATCH", path, a.token, body) })
		}
	}},
	"DELETE /courses/{id}": {writes: "course.deleted", do: func(w *walk) {
		a := w.account("instructor")
		path := w.course(a)
		w.Want(204, "DELETE", path, a.token, nil)
		w.quietly(func() { w.WantProblem(404, "not-found", "DELETE", path, a.token, nil) })
	}},
	"POST /courses/{id}/restore": {writes: "course.restored", do: func(w *walk) {
		a := w.account("instructor")
		path := w.course(a)
		w.quietly(func() { w.Want(200, "POST", path+"/restore", a.token, nil) })
		w.Want(204, "DELETE", path, a.token, nil)
		w.Want(200, "POST", path+"/restore", a.token, nil)
	}},
	"POST /courses/{id}/clone": {writes: "course.created", do: func(w *walk) {
		a := w.account("instructor")
		path := w.course(a)
		w.lesson(a, path)
		body, key := map[string]any{"title": w.word("title")}, sitetest.Header{"Idempotency-Key": w.word("key")}
		w.Want(201, "POST", path+"/clone", a.token, body, key)
		w.quietly(func() { w.replayed(201, path+"/clone", a.token, body, key) })
	}},
	"GET /courses/{id}/export": {
		because: "it takes out what its owner has written and can read anyway, and nothing of learners",
		do: func(w *walk) {
			a := w.account("instructor")
			w.Want(200, "GET", w.course(a)+"/export", a.token, nil)
		},
	},
	"POST /courses/import": {writes: "course.created asset.uploaded", do: func(w *walk) {
		a, other := w.account("instructor"), w.account("instructor")
		path, file := w.course(a), w.word("file")
		w.AddAsset(a.token, file, "text/plain", w.word("text"))
		w.Want(200, "PATCH", path+"/lessons/"+w.lesson(a, path), a.token, map[string]string{"asset_key": file})
		archive := string(w.Want(200, "GET", path+"/export", a.token, nil).Raw)
		key := sitetest.Header{"Idempotency-Key": w.word("key")}
		w.Site.ImportCourse(other.token, archive, key)
		w.quietly(func() {
			require.Equal(w.t, "true", w.Site.ImportCourse(other.token, archive, key).Header.Get("Idempotency-Replayed"))
		})
	}},
	"GET /courses/{id}/learners": {
		because: "whoever teaches reads who learns, page by page or as a table; reading is not audited",
		do: func(w *walk) {
			a := w.account("instructor")
			w.Want(200, "GET", w.course(a)+"/learners", a.token, nil, sitetest.Header{"Accept": "text/csv"})
		},
	},
	"POST /courses/{id}/announcements": {because: "a message, kept itself with its author", do: func(w *walk) {
		a := w.account("instructor")
		w.Want(201, "POST", w.course(a)+"/announcements", a.token,
			map[string]string{"title": w.word("title"), "body": w.word("body")})
	}},

	"POST /courses/{id}/lessons": {writes: "lesson.created", do: func(w *walk) {
		a := w.account("instructor")
		path := w.course(a) + "/lessons"
		body, key := map[string]any{
			"title": w.word("title"), "content": w.word("content"),
		}, sitetest.Header{"Idempotency-Key": w.word("key")}
		w.Want(201, "POST", path, a.token, body, key)
		w.quietly(func() { w.replayed(201, path, a.token, body, key) })
	}},
	"PATCH /courses/{id}/lessons/{lesson_id}": {writes: "lesson.updated", do: func(w *walk) {
		a := w.account("instructor")
		course := w.course(a)
		path := course + "/lessons/" + w.lesson(a, course)
		body := map[string]any{
			"title": w.word("title"), "content": w.word("content"), "duration_seconds": 7,
			"available_after_days": 3,
		}
		w.Want(200, "PATCH", path, a.token, body)
		w.quietly(func() { w.Want(200, "PATCH", path, a.token, body) })
	}},
	"DELETE /courses/{id}/lessons/{lesson_id}": {writes: "lesson.deleted", do: func(w *walk) {
		a := w.account("instructor")
		course := w.course(a)
		path := course + "/lessons/" + w.lesson(a, course)
		w.Want(204, "DELETE", path, a.token, nil)
		w.quietly(func() { w.WantProblem(404, "not-found", "DELETE", path, a.token, nil) })
	}},
	"PUT /courses/{id}/lessons/order": {writes: "lesson.reordered", do: func(w *walk) {
		a := w.account("instructor")
		path := w.course(a)
		first, second := w.lesson(a, path), w.lesson(a, path)
		body := map[string]any{"lesson_ids": []string{second, first}}
		w.Want(200, "PUT", path+"/lessons/order", a.token, body)
		w.quietly(func() { w.Want(200, "PUT", path+"/lessons/order", a.token, body) })
	}},
	// Progress is its own record and comes too often; but the first of it enrolls.
	"PUT /courses/{id}/lessons/{lesson_id}/progress": {writes: "enrollment.created", do: func(w *walk) {
		a, learner, enrolled := w.account("instructor"), w.account("user"), w.account("user")
		course := w.course(a)
		path := course + "/lessons/" + w.lesson(a, course) + "/progress"
		w.Want(201, "POST", course+"/enrollment", enrolled.token, nil)
		w.quietly(func() { w.Want(200, "PUT", path, enrolled.token, `{"percent":100}`) })
		w.Want(200, "PUT", path, learner.token, `{"percent":40}`)
		w.quietly(func() {
			for _, body := range []string{`{"percent":40}`, `{"percent":100}`, `{"percent":10,"reset":true}`} {
				w.Want(200, "PUT", path, learner.token, body)
			}
		})
	}},
	"POST /courses/{id}/enrollment": {writes: "enrollment.created", do: func(w *walk) {
		path, learner := w.course(w.account("instructor"))+"/enrollment", w.account("user")
		w.Want(201, "POST", path, learner.token, nil)
		w.quietly(func() { w.Want(200, "POST", path, learner.token, nil) })
	}},
	"DELETE /courses/{id}/enrollment": {writes: "enrollment.deleted", do: func(w *walk) {
		path, learner := w.course(w.account("instructor"))+"/enrollment", w.account("user")
		w.Want(201, "POST", path, learner.token, nil)
		w.Want(204, "DELETE", path, learner.token, nil)
		w.quietly(func() { w.Want(204, "DELETE", path, learner.token, nil) })
	}},
	"DELETE /courses/{id}/learners/{user_id}": {writes: "enrollment.deleted", do: func(w *walk) {
		a, learner := w.account("instructor"), w.account("user")
		course := w.course(a)
		path := course + "/learners/" + learner.id
		w.quietly(func() { w.Want(204, "DELETE", path, a.token, nil) })
		w.Want(201, "POST", course+"/enrollment", learner.token, nil)
		w.Want(204, "DELETE", path, a.token, nil)
		w.quietly(func() { w.Want(204, "DELETE", path, a.token, nil) })
	}},
	"POST /courses/{id}/enrollments/batch": {writes: "enrollment.created", do: func(w *walk) {
		a, learner := w.account("instructor"), w.account("user")
		path, key := w.course(a)+"/enrollments/batch", sitetest.Header{"Idempotency-Key": w.word("key")}
		body, nobody := sitetest.Batch(learner.email), w.word("nobody")+"@example.com"
		w.quietly(func() {
			w.Want(200, "POST", path, a.token, sitetest.With(sitetest.Batch(learner.email), "dry_run", true))
			w.Want(200, "POST", path, a.token, sitetest.With(sitetest.Batch(learner.email, nobody), "mode", "atomic"))
		})
		w.Want(200, "POST", path, a.token, body, key)
		w.quietly(func() {
			w.replayed(200, path, a.token, body, key)
			w.Want(200, "POST", path, a.token, sitetest.Batch(learner.email, nobody))
		})
		w.Want(200, "POST", path, a.token, "email\n"+w.account("user").email+"\n",
			sitetest.Header{"Content-Type": "text/csv"})
	}},

	"POST /storage/uploads": {
		because: "nothing is there until the upload is completed",
		do:      func(w *walk) { w.upload(w.account("instructor")) },
	},
	"PUT /objects/{id}": {
		because: "the bytes of an upload; completing it is what makes a file of them", do: func(w *walk) {
			w.Upload(w.upload(w.account("instructor")), w.content())
		},
	},
	"POST /storage/uploads/{id}/complete": {writes: "asset.uploaded", do: func(w *walk) {
		a := w.account("instructor")
		id := w.file(a)
		w.quietly(func() { w.Want(200, "POST", "/storage/uploads/"+id+"/complete", a.token, nil) })
	}},
	"DELETE /storage/assets/{id}": {writes: "asset.deleted", do: func(w *walk) {
		a := w.account("instructor")
		path := "/storage/assets/" + w.file(a)
		w.Want(204, "DELETE", path, a.token, nil)
		w.quietly(func() { w.WantProblem(404, "not-found", "DELETE", path, a.token, nil) })
		w.Want(204, "DELETE", "/storage/assets/"+w.upload(a).Text("id"), a.token, nil) // one that was only begun
	}},
	"GET /storage/sign": {because: "a link to what the caller may read; reading is not audited", do: func(w *walk) {
		a, file := w.account("instructor"), w.word("file")
		w.AddAsset(a.token, file, "text/plain", w.word("text"))
		w.Want(200, "GET", "/storage/sign?key="+file, a.token, nil)
	}},

	"POST /channels": {writes: "channel.created", do: func(w *walk) {
		a := w.account("instructor")
		body, key := map[string]any{
			"title": w.word("title"), "slug": w.word("slug"), "visibility": "public",
		}, sitetest.Header{"Idempotency-Key": w.word("key")}
		w.Want(201, "POST", "/channels", a.token, body, key)
		w.quietly(func() { w.replayed(201, "/channels", a.token, body, key) })
	}},
	"PATCH /channels/{slug}": {writes: "channel.updated", do: func(w *walk) {
		a := w.account("instructor")
		path, body := w.channel(a), map[string]string{"title": w.word("title"), "visibility": "member"}
		w.Want(200, "PATCH", path, a.token, body)
		w.quietly(func() { w.Want(200, "PATCH", path, a.token, body) })
	}},
	"DELETE /channels/{slug}": {writes: "channel.deleted", do: func(w *walk) {
		a := w.account("instructor")
		path := w.channel(a)
		w.Want(204, "DELETE", path, a.token, nil)
		w.quietly(func() { w.WantProblem(404, "not-found", "DELETE", path, a.token, nil) })
	}},
	"PUT /channels/{slug}/members/{user_id}": {writes: "channel.updated", do: func(w *walk) {
		a := w.account("instructor")
		path := w.channel(a) + "/members/" + w.account("user").id
		w.Want(200, "PUT", path, a.token, nil)
		w.quietly(func() { w.Want(200, "PUT", path, a.token, nil) })
	}},
	"DELETE /channels/{slug}/members/{user_id}": {writes: "channel.updated", do: func(w *walk) {
		a := w.account("instructor")
		path := w.channel(a) + "/members/" + w.account("user").id
		w.Want(200, "PUT", path, a.token, nil)
		w.Want(204, "DELETE", path, a.token, nil)
		w.quietly(func() { w.WantProblem(404, "not-found", "DELETE", path, a.token, nil) })
	}},
	"POST /channels/{slug}/messages": {because: talk, do: func(w *walk) { w.say(w.account("user")) }},
	"PATCH /channels/{slug}/messages/{id}": {because: talk, do: func(w *walk) {
		a := w.account("user")
		w.Want(200, "PATCH", w.say(a), a.token, map[string]string{"body": w.word("body")})
	}},
	"DELETE /channels/{slug}/messages/{id}": {writes: "message.deleted", do: func(w *walk) {
		a := w.account("user")
		path := w.say(a)
		w.Want(204, "DELETE", path, a.token, nil)
		w.quietly(func() { w.WantProblem(404, "not-found", "DELETE", path, a.token, nil) })
		w.Want(204, "DELETE", w.say(a), w.root.token, nil)
	}},
	"POST /ws/tickets": {because: "a ticket only opens a socket, for half a minute", do: func(w *walk) {
		w.Want(201, "POST", "/ws/tickets", w.account("user").token, nil)
	}},
	"GET /ws/channels/{slug}": {
		because: "messages are kept themselves, with their authors; typing and read marks are a person's own",
		do: func(w *walk) {
			a := w.account("user")
			ticket := w.Want(201, "POST", "/ws/tickets", a.token, nil).Text("ticket")
			c := w.Dial("/ws/channels/hq?ticket="+ticket, nil)
			w.succeeded = c.Status == http.StatusSwitchingProtocols
			c.Until("welcome")
			c.Send(map[string]any{"type": "typing"})
			c.Send(map[string]any{"type": "message", "body": w.word("body"), "client_id": w.word("client")})
			c.Send(map[string]any{"type": "read", "seq": c.Until("ack")["seq"]})
			c.Send(map[string]any{"type": "ping"})
			c.Until("pong") // whatever came before is done
		},
	},

	"POST /notifications/{id}/read": {because: reads, do: func(w *walk) {
		a := w.account("user")
		w.Want(201, "POST", "/channels/hq/messages", w.root.token, map[string]string{"body": "<@" + a.id + ">"})
		id := ""
		require.Eventually(w.t, func() bool {
			id = w.Want(200, "GET", "/notifications?limit=1", a.token, nil).Text("items.0.id")
			return id != ""
		}, 20*time.Second, 50*time.Millisecond)
		w.Want(204, "POST", "/notifications/"+id+"/read", a.token, nil)
	}},
	"POST /notifications/read-all": {
		because: reads,
		do:      func(w *walk) { w.Want(204, "POST", "/notifications/read-all", w.account("user").token, nil) },
	},
	"PUT /notifications/preferences": {because: "how a person is told of things is their own", do: func(w *walk) {
		w.Want(200, "PUT", "/notifications/preferences", w.account("user").token,
			`{"items":[{"kind":"mention","in_app":false,"email":false}]}`)
	}},
	"POST /notifications/unsubscribe/{token}": {because: "how a person is told of things is theirs", do: func(w *walk) {
		a := w.account("user")
		w.SetRole(w.root.token, a.id, "member")
		link := ""
		require.Eventually(w.t, func() bool { link = w.unsubscribeLink(a.email); return link != "" },
			20*time.Second, 50*time.Millisecond)
		w.of(a.id)
		w.Want(204, "POST", link, "", "List-Unsubscribe=One-Click",
			sitetest.Header{"Content-Type": "application/x-www-form-urlencoded"})
	}},
	"POST /admin/emails/retry": {
		because: "the same mails once more; their rows say when they were sent", do: func(w *walk) {
			email := w.account("user").email
			w.WaitForLink(email, "/verify#token=", "")
			_, err := w.Running.Parts.DB.Exec(w.t.Context(),
				"UPDATE mail_messages SET status = 'failed' WHERE recipient = ?", email)
			require.NoError(w.t, err)
			w.Want(202, "POST", "/admin/emails/retry?status=failed", w.root.token, nil)
		},
	},
	"POST /admin/emails/{id}/retry": {
		because: "the same mail once more; its row says when it was sent", do: func(w *walk) {
			email := w.account("user").email
			w.WaitForLink(email, "/verify#token=", "")
			id := ""
			require.Eventually(w.t, func() bool {
				_, err := w.Running.Parts.DB.Exec(w.t.Context(),
					"UPDATE mail_messages SET status = 'failed' WHERE status = 'sent' AND recipient = ?", email)
				require.NoError(w.t, err)
				id = w.Want(200, "GET", "/admin/emails?status=failed", w.root.token, nil).Text("items.0.id")
				return id != ""
			}, 20*time.Second, 50*time.Millisecond)
			w.Want(202, "POST", "/admin/emails/"+id+"/retry", w.root.token, nil)
		},
	},
}

// askEmail asks for another address and gives it.
func (w *walk) askEmail(a testAccount) string {
	w.t.Helper()
	next := w.word("next") + "@example.com"
	w.Want(202, "POST", "/users/me/email", a.token, map[string]string{"new_email": next, "password": sitetest.Password})
	return next
}

// session signs in once more.
func (w *walk) session(a testAccount) sitetest.Answer {
	w.t.Helper()
	return w.Want(200, "POST", "/auth/login", "", sitetest.Credentials(a.email, sitetest.Password))
}

// replayed sends a request again with its key, and holds the answer to be the first one.
func (w *walk) replayed(status int, path, token string, body any, key sitetest.Header) {
	w.t.Helper()
	require.Equal(w.t, "true", w.Want(status, "POST", path, token, body, key).Header.Get("Idempotency-Replayed"))
}

// secondFactor sets one and gives its recovery codes.
func (w *walk) secondFactor(a testAccount) (codes []string) {
	w.t.Helper()
	secret := w.Want(200, "POST", "/auth/mfa/totp", a.token, nil).Text("secret")
	on := w.Want(200, "POST", "/auth/mfa/totp/confirm", a.token,
		map[string]string{"code": sitetest.TOTPCode(w.t, secret, 0)})
	for _, code := range on.Get("recovery_codes").([]any) {
		codes = append(codes, code.(string))
	}
	return codes
}

// unsubscribeLink returns the link of the newest mail to an address that can be switched off; the mailbox shows no headers,
// so the files of the sink are read. It is empty until there is one.
func (w *walk) unsubscribeLink(email string) (link string) {
	w.t.Helper()
	for _, s := range append([]*sitetest.Site{w.Site}, w.Peers...) {
		files, err := filepath.Glob(filepath.Join(s.Config.DataDir, "mailbox", "*"))
		require.NoError(w.t, err)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			text := strings.ReplaceAll(string(raw), "\r\n", "\n")
			if found := sitetest.UnsubscribeHeader.FindStringSubmatch(text); err == nil && found != nil && strings.Contains(text,
				email) {
				link = found[1]
			}
		}
	}
	return link
}

// forgot asks for a new password and gives the link's token. The entry is written with the mail, a little later.
func (w *walk) forgot(a testAccount) string {
	w.t.Helper()
	w.Want(202, "POST", "/auth/password/forgot", "", map[string]string{"email": a.email})
	return w.WaitForLink(a.email, "/reset#token=", "")
}

// leaver is an account with what goes along when it is deleted: a file that nothing uses, and an invite to its address.
func (w *walk) leaver() testAccount {
	w.t.Helper()
	a := w.account("instructor")
	w.file(a)
	w.Invite(w.root.token, map[string]any{"role_to_grant": "admin", "email": a.email})
	return a
}

// course makes one that is public and gives its path.
func (w *walk) course(a testAccount) string {
	w.t.Helper()
	return "/courses/" + w.Want(201, "POST", "/courses", a.token,
		map[string]any{"title": w.word("title"), "summary": w.word("summary"),
			"description": w.word("description"), "tags": []string{w.word("tag")}, "status": "published"}).Text("id")
}

// lesson adds one to a course and gives its id.
func (w *walk) lesson(a testAccount, course string) string {
	w.t.Helper()
	return w.Want(201, "POST", course+"/lessons", a.token,
		map[string]any{"title": w.word("title"), "content": w.word("content")}).Text("id")
}

// textOf is what the walk's files hold: uploads declare their size.
const textOf = 24

func (w *walk) upload(a testAccount) sitetest.Answer {
	w.t.Helper()
	return w.Want(201, "POST", "/storage/uploads", a.token,
		map[string]any{"key": w.word("file"), "content_type": "text/plain", "size": textOf})
}

// file uploads one that nothing uses and gives its id.
func (w *walk) file(a testAccount) string {
	w.t.Helper()
	up := w.upload(a)
	w.Upload(up, w.content())
	return w.Want(200, "POST", "/storage/uploads/"+up.Text("id")+"/complete", a.token, nil).Text("id")
}

func (w *walk) content() string { return (w.word("text") + strings.Repeat(" ", textOf))[:textOf] }

// channel opens a private one and gives its path.
func (w *walk) channel(a testAccount) string {
	w.t.Helper()
	return "/channels/" + w.Want(201, "POST", "/channels", a.token,
		map[string]string{"title": w.word("title"), "visibility": "private"}).Text("slug")
}

// say posts a message where everybody reads, and gives its path.
func (w *walk) say(a testAccount) string {
	w.t.Helper()
	return "/channels/hq/messages/" + w.Want(201, "POST", "/channels/hq/messages", a.token,
		map[string]string{"body": w.word("body"), "client_id": w.word("client")}).Text("id")
}

package users_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
	"lyceum/platform/testkit/apptest"
)

func TestDeletingAnAccount(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, id, token := s.NewAccount("leaver")
		s.Want(201, "POST", "/channels/hq/messages", token, `{"body":"I was here"}`)
		course := s.Want(201, "POST", "/courses", admin, `{"title":"Left behind","status":"published"}`).Text("id")
		s.Want(201, "POST", "/courses/"+course+"/enrollment", token, nil)
		c := s.Dial("/ws/channels/hq?token="+token, nil)
		c.Until("welcome")

		require.Empty(t, s.Want(200, "HEAD", "/users/me/export", token, nil).Raw)
		require.Empty(t, s.Want(200, "GET", "/admin/audit-logs?action=user.exported", admin, nil).Items(),
			"nothing was taken yet")
		out := s.Want(200, "GET", "/users/me/export", token, nil)
		require.Contains(t, out.Header.Get("Content-Disposition"), "attachment")
		require.Equal(t, email, out.Text("account.email"))
		require.Equal(t, "I was here", out.Text("chat.messages.0.body"))
		require.Equal(t, course, out.Text("courses.enrollments.0.course_id"))
		require.NotEmpty(t, out.Text("auth.sessions.0.ip"))
		require.Equal(t, "verify_email", out.Text("mail.messages.0.kind"))
		for _, secret := range []string{"hash", "argon2", "salt", "sealed", "admin@lyceum.local"} {
			require.NotContains(t, string(out.Raw), secret)
		}
		require.Equal(t, id,
			s.Want(200, "GET", "/admin/audit-logs?action=user.exported", admin, nil).Text("items.0.actor.id"))

		s.WantProblem(403, "wrong-password", "DELETE", "/users/me", token, `{"password":"wrong"}`)
		s.Want(204, "DELETE", "/users/me", token, map[string]string{"password": sitetest.Password})
		require.Equal(t, 4401, c.CloseCode())
		s.WantProblem(401, "invalid-token", "GET", "/users/me", token, nil)
		s.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password))
		s.WantProblem(404, "not-found", "GET", "/admin/users/"+id, admin, nil)
		history := s.Want(200, "GET", "/channels/hq/messages", admin, nil)
		require.Equal(t, "Deleted user", history.Text("items.0.user.display_name"))
		require.Equal(t, "I was here", history.Text("items.0.body"))
		gone := s.Want(200, "GET", "/admin/audit-logs?action=user.deleted", admin, nil)
		require.Equal(t, id, gone.Text("items.0.target.id"))
		require.Nil(t, gone.Get("items.0.actor.email"))
		require.NotContains(t, string(s.Want(200, "GET", "/admin/emails?limit=100", admin, nil).Raw), email)

		// The address is free again, for an account that has nothing of the old one.
		_, again, token := s.NewAccount("leaver")
		require.NotEqual(t, id, again)
		require.Empty(t, s.Want(200, "GET", "/users/me/enrollments", token, nil).Items())
		s.WantProblem(404, "not-found", "DELETE", "/admin/users/"+id, admin, nil)
		s.WantProblem(404, "not-found", "DELETE", "/admin/users/nonsense", admin, nil)
		s.Want(204, "DELETE", "/admin/users/"+again, admin, nil)
		s.WantProblem(401, "invalid-token", "GET", "/users/me", token, nil)
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
	})
}

// Of administrators who delete one another at once, one stays (A7).
func TestLastAdminIsNotDeleted(t *testing.T) {
	sitetest.OnBoth(t, map[string]string{"RATE_LIMIT_ENABLED": "false"}, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		me := s.Want(200, "GET", "/users/me", admin, nil).Text("id")
		s.WantProblem(409, "last-admin", "DELETE", "/admin/users/"+me, admin, nil)
		s.WantProblem(409, "last-admin", "DELETE", "/users/me", admin,
			map[string]string{"password": sitetest.AdminPassword})
		for round := range testkit.Rounds(100) {
			_, other, token := s.NewAccount(fmt.Sprint("deleter-", round))
			s.SetRole(admin, other, "admin")
			var wg sync.WaitGroup
			statuses := make([]int, 2)
			wg.Go(func() { statuses[0] = s.Call("DELETE", "/admin/users/"+other, admin, nil).Status })
			wg.Go(func() { statuses[1] = s.Call("PATCH", "/admin/users/"+me, token, `{"role":"user"}`).Status })
			wg.Wait()
			if statuses[1] == 200 {
				require.NotEqual(t, 204, statuses[0])
				s.SetRole(token, me, "admin")
				s.Want(204, "DELETE", "/admin/users/"+other, admin, nil)
			}
		}
	})
}

// What a request of an account wrote while the account was deleted is erased later.
func TestWritesBesideADeletionAreErased(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		_, id, token := s.NewAccount("racing")
		s.Want(204, "DELETE", "/users/me", token, map[string]string{"password": sitetest.Password})
		d := s.Running.Parts.DB
		_, err := d.Exec(t.Context(),
			"INSERT INTO notification_preferences (user_id, kind, in_app, email) VALUES (?, 'mention', ?, ?)", id,
			true, true)
		require.NoError(t, err)
		n, err := d.Exec(t.Context(), "UPDATE outbox_deliveries SET next_at = 0 WHERE event = 'user.deleted'")
		require.NoError(t, err)
		require.EqualValues(t, 1, n)
		require.Eventually(t, func() bool {
			var left int
			return d.QueryRow(t.Context(), "SELECT count(*) FROM notification_preferences WHERE user_id = ?",
				[]any{id}, &left) == nil && left == 0
		}, 10*time.Second, 50*time.Millisecond)
	})
}

// part is the part of a module in exports and deletions.
type part struct {
	name   string
	export func(record usersapi.Record) error
	erase  func(ctx context.Context, id string) error
}

// Module implements usersapi.Holder.
func (p *part) Module() string { return p.name }

// Export implements usersapi.Holder.
func (p *part) Export(_ context.Context, _ string, record usersapi.Record) error {
	return p.export(record)
}

// Erase implements usersapi.Holder.
func (p *part) Erase(ctx context.Context, id string) error { return p.erase(ctx, id) }

// askedParts records which parts were asked to erase what they hold.
type askedParts struct {
	mu    sync.Mutex
	names map[string][]string
}

// newPart returns a part. That of storage fails if the caller's browser says that it is broken.
func (a *askedParts) newPart(name string) usersapi.Holder {
	return &part{name: name, erase: func(ctx context.Context, id string) error {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.names == nil {
			a.names = map[string][]string{}
		}
		a.names[id] = append(a.names[id], name)
		if name == "storage" && identity.CallerFrom(ctx).UserAgent == "broken" {
			return errors.New("the object store is gone")
		}
		return nil
	}}
}

// namesFor returns the names of the parts that were asked about an account.
func (a *askedParts) namesFor(id string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.names[id], " ")
}

// An account is deleted with what all modules hold about it, or not at all.
func TestDeletionIsWhole(t *testing.T) {
	var asked askedParts
	onModuleAlone(t, func(t *testing.T, p *program) {
		_, asAdmin := p.createAccount(t, "root", usersapi.RoleAdmin)
		second, asSecond := p.createAccount(t, "second", usersapi.RoleAdmin)
		learner, _ := p.createAccount(t, "learner", usersapi.RoleUser)
		idle, _ := p.createAccount(t, "idle", usersapi.RoleAdmin)
		_, err := p.DB.Exec(t.Context(), "UPDATE users SET status = 'disabled' WHERE id = ?", idle)
		require.NoError(t, err)
		broken := map[string]string{"Authorization": asAdmin["Authorization"], "User-Agent": "broken"}
		remove := func(id string) apptest.Scenario {
			return apptest.Scenario{
				Method: "DELETE", Path: "/admin/users/" + id, Header: asAdmin, WantStatus: 204,
				WantEvents: []string{"user.deleted"}, WantAudit: []string{"user.deleted"},
			}
		}
		failed := remove(learner)
		failed.Name, failed.Header, failed.WantStatus = "a part that fails keeps the account", broken, 500
		failed.WantEvents, failed.WantAudit = nil, nil
		p.Run(t, failed)
		_, isKept, err := p.accounts.ByID(t.Context(), learner)
		require.NoError(t, err)
		require.True(t, isKept)

		gone := remove(learner)
		gone.Name = "every part is asked in the order of names, and after a failure once more"
		gone.Check = func(t *testing.T, _ apptest.Answer) {
			require.Equal(t, "chat courses storage chat courses storage", asked.namesFor(learner))
		}
		p.Run(t, gone)
		again := remove(learner)
		again.Name, again.WantStatus = "a deleted account is not found", 404
		again.WantEvents, again.WantAudit = nil, nil
		p.Run(t, again)

		disabled := remove(idle)
		disabled.Name = "a disabled administrator had no rights to lose"
		self := remove(second)
		self.Name, self.Header = "an administrator deletes their own account", asSecond
		self.WantEvents = []string{"user.admin_lost", "user.deleted"}
		late := remove(learner)
		late.Name, late.Header, late.WantStatus = "and may do nothing afterwards", asSecond, 401
		late.WantEvents, late.WantAudit = nil, nil
		p.Run(t, disabled, self, late)
	}, asked.newPart("storage"), asked.newPart("chat"), asked.newPart("courses"))
}

// Deletions that an earlier version stored under the event's old name are still carried out.
func TestStoredDeletionsOfEarlierVersions(t *testing.T) {
	var erased sync.Map
	holder := &part{name: "chat", erase: func(_ context.Context, id string) error {
		erased.Store(id, true)
		return nil
	}}
	onModuleAlone(t, func(t *testing.T, p *program) {
		id := ids.New()
		_, err := p.DB.Exec(t.Context(), `INSERT INTO outbox_deliveries
			(id, event_id, event, subscriber, payload, state, next_at, created_at)
			VALUES (?, ?, 'users.removed', 'users', ?, 'pending', 0, 0)`, ids.New(), ids.New(), `{"user_id":"`+id+`"}`)
		require.NoError(t, err)
		var left int
		testkit.Eventually(t, func() bool {
			require.NoError(t, p.DB.QueryRow(t.Context(), "SELECT count(*) FROM outbox_deliveries", nil, &left))
			return left == 0
		}, "the stored event is delivered")
		_, isErased := erased.Load(id)
		require.True(t, isErased)
	}, holder)
}

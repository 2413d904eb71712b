package mail_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
)

// waitForAttempt returns the newest mail to an address once it was sent, or once that many attempts
// were made and the last one had an error.
func waitForAttempt(s *sitetest.Site, admin, email string, attempts float64) sitetest.Answer {
	s.T.Helper()
	var found sitetest.Answer
	require.Eventually(s.T, func() bool {
		for _, item := range s.Want(200, "GET", "/admin/emails?limit=100", admin, nil).Items() {
			found = sitetest.Answer{JSON: item.(map[string]any)}
			if found.Text("to") == email {
				return found.Get("attempts").(float64) >= attempts && found.Get("last_error") != nil || found.Text("status") == "sent"
			}
		}
		return false
	}, 15*time.Second, 50*time.Millisecond, email)
	return found
}

func TestRefusalsByTheMailServer(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, vars map[string]string) {
		server := sitetest.StartMailServer(t)
		vars["SMTP_URL"], vars["MAIL_FROM"] = "smtp://"+server.Address, "Lyceum <no-reply@example.com>"
		var d *db.DB
		s := sitetest.Start(t, vars, &d)
		admin := s.AdminToken()
		// After a refusal of this server, whatever its first digit, the mail waits for another attempt.
		// After a refusal of the mail itself it has failed.
		for n, c := range []struct{ stage, reply, status string }{
			{"greeting", "554 no service for you", "queued"},
			{"sender", "550 5.1.8 unknown sender", "queued"},
			{"recipient", "451 4.7.1 greylisted", "queued"},
			{"recipient", "550 5.1.1 no such user", "failed"},
			{"end", "554 5.6.0 content refused", "failed"},
			{"end", "452 4.3.1 full", "queued"},
		} {
			server.Script(c.stage, c.reply)
			email, _, _ := s.NewAccount(fmt.Sprint("refused-", n))
			mail := waitForAttempt(s, admin, email, 1)
			require.Equal(t, c.status, mail.Text("status"), "%s %s", c.stage, c.reply)
			require.Contains(t, mail.Text("last_error"), c.reply[:3])
			server.Script(c.stage, "")
		}
		require.Contains(t, server.Hellos(), "[127.0.0.1]", "the host of PUBLIC_URL, an address here")

		// A mail older than a day fails at its next refusal, but not right after somebody asked to
		// try it again.
		server.Script("end", "451 4.3.0 later")
		email, _, _ := s.NewAccount("patient")
		mail := waitForAttempt(s, admin, email, 1)
		long := time.Now().Add(-25 * time.Hour).UnixMilli()
		require.Eventually(t, func() bool { // a delivery under way read the mail before it was old
			require.NoError(t,
				d.Conn(t.Context()).Exec("UPDATE mail_messages SET created_at = ?, tried_since = ?, next_at = ? WHERE id = ? AND status = 'queued'",
					long, long, long, mail.Text("id")).Error)
			mail = waitForAttempt(s, admin, email, 1)
			return mail.Text("status") == "failed"
		}, 15*time.Second, 200*time.Millisecond)
		s.Want(202, "POST", "/admin/emails/"+mail.Text("id")+"/retry", admin, nil)
		mail = waitForAttempt(s, admin, email, mail.Get("attempts").(float64)+1)
		require.Equal(t, "queued", mail.Text("status"), "%v", mail.JSON)

		// Mails that failed are retried at once. Those that wait are sent within a minute once the mail
		// server accepts mails again.
		server.Script("end", "")
		s.WantProblem(422, "validation-failed", "POST", "/admin/emails/retry?status=sent", admin, nil)
		require.EqualValues(t, 2, s.Want(202, "POST", "/admin/emails/retry?status=failed", admin, nil).Get("count"))
		require.EqualValues(t, 0, s.Want(202, "POST", "/admin/emails/retry?status=failed", admin, nil).Get("count"))
		require.Eventually(t, func() bool {
			return len(s.Want(200, "GET", "/admin/emails?status=queued", admin, nil).Items()) == 0
		}, time.Minute, 200*time.Millisecond)
		require.Empty(t, s.Want(200, "GET", "/admin/emails?status=failed", admin, nil).Items())
		require.Len(t, server.Mails("refused-3@example.com"), 1, "once")
	})
}

package mail_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// mailPath is the path of the list of mails.
const mailPath = "/admin/emails"

// findMail returns the mail of a kind to an address, as the list shows it.
func findMail(s *sitetest.Site, admin, email, kind string) sitetest.Answer {
	s.T.Helper()
	items := s.Want(200, "GET", mailPath+"?limit=100", admin, nil).Items()
	i := slices.IndexFunc(items, func(item any) bool {
		m := item.(map[string]any)
		return m["to"] == email && m["kind"] == kind
	})
	require.GreaterOrEqual(s.T, i, 0, "no mail %s to %s", kind, email)
	return sitetest.Answer{JSON: items[i].(map[string]any)}
}

func TestListOfMails(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, _, user := s.NewAccount("listed")
		s.WaitForMail(email)

		m := findMail(s, admin, email, "verify_email")
		for _, field := range []string{
			"id", "to", "subject", "kind", "status", "attempts", "last_error", "created_at", "sent_at",
		} {
			require.Contains(t, m.JSON, field)
		}
		require.Len(t, m.JSON, 9, "a mail is listed without its text")
		require.Nil(t, m.Get("last_error"))

		require.Eventually(t, func() bool { return findMail(s, admin, email, "verify_email").Text("status") == "sent" },
			20*time.Second, 50*time.Millisecond)
		sent := s.Want(200, "GET", mailPath+"?status=sent&limit=1", admin, nil)
		require.Len(t, sent.Items(), 1)
		require.Empty(t, s.Want(200, "GET", mailPath+"?status=failed", admin, nil).Items())
		s.WantProblem(422, "validation-failed", "GET", mailPath+"?status=lost", admin, nil)
		s.WantProblem(422, "validation-failed", "GET", mailPath+"?status=failed&cursor=nonsense", admin, nil)
		s.WantProblem(403, "forbidden", "GET", mailPath, user, nil)
		s.WantProblem(401, "unauthenticated", "GET", mailPath, "", nil)
	})
}

func TestRetryOverHTTP(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		email, _, user := s.NewAccount("retried")
		s.WaitForMail(email)
		require.Eventually(t, func() bool { return findMail(s, admin, email, "verify_email").Text("status") == "sent" },
			20*time.Second, 50*time.Millisecond)
		path := mailPath + "/" + findMail(s, admin, email, "verify_email").Text("id") + "/retry"

		s.WantProblem(409, "email-sent", "POST", path, admin, nil)
		s.WantProblem(404, "not-found", "POST", mailPath+"/"+sitetest.UnknownID+"/retry", admin, nil)
		s.WantProblem(404, "not-found", "POST", mailPath+"/nonsense/retry", admin, nil)
		s.WantProblem(403, "forbidden", "POST", path, user, nil)
		s.WantProblem(403, "forbidden", "POST", mailPath+"/retry", user, nil)
		s.WantProblem(422, "validation-failed", "POST", mailPath+"/retry?status=sent", admin, nil)
		require.EqualValues(t, 0, s.Want(202, "POST", mailPath+"/retry", admin, nil).Get("count"), "nothing has failed")
	})
}

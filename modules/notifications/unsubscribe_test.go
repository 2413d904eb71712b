package notifications_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

func TestUnsubscribe(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, vars map[string]string) {
		server := sitetest.StartMailServer(t)
		vars["SMTP_URL"] = "smtp://" + server.Address
		s := sitetest.Start(t, vars)
		admin := s.AdminToken()
		_, id, token := s.NewAccount("reader")
		course := s.Want(201, "POST", "/courses", admin, `{"title":"News","status":"published"}`).Text("id")
		s.Want(201, "POST", "/courses/"+course+"/enrollment", token, nil)
		announce := func(title string) {
			s.Want(201, "POST", "/courses/"+course+"/announcements", admin,
				map[string]string{"title": title, "body": "Words."})
		}
		announce("first news")
		require.Eventually(t,
			func() bool { return len(server.Mails("Subject: ")) >= 2 && len(server.Mails("first news")) == 1 },
			20*time.Second, 50*time.Millisecond)
		mail := server.Mails("first news")[0]
		require.Contains(t, "\n"+mail, "\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n", "headers come in any order")
		link := sitetest.UnsubscribeHeader.FindStringSubmatch(mail)[1]
		require.True(t, strings.HasPrefix(link, s.URL+"/notifications/unsubscribe/"), link)
		require.NotContains(t, link, id)
		require.Empty(t,
			sitetest.UnsubscribeHeader.FindAllString(strings.Join(server.Mails("/verify#token="), ""), -1),
			"mails that can't be switched off")

		// A scanner that opens the link switches nothing off.
		page := s.Want(200, "GET", link, "", nil)
		require.Contains(t, page.Header.Get("Content-Type"), "text/html")
		on, _ := chosenForAnnouncements(s, token)
		require.True(t, on)
		form := sitetest.Header{"Content-Type": "application/x-www-form-urlencoded"}
		for range 2 {
			s.Want(204, "POST", link, "", "List-Unsubscribe=One-Click", form)
			on, inApp := chosenForAnnouncements(s, token)
			require.False(t, on)
			require.True(t, inApp, "inside Lyceum it is still told")
		}
		s.Want(204, "POST", link, "", nil)
		announce("second news")
		require.Eventually(t, func() bool {
			return strings.Contains(s.Want(200, "GET", "/notifications?limit=1", token, nil).Text("items.0.title"),
				"second news")
		}, 20*time.Second, 50*time.Millisecond)
		require.Empty(t, server.Mails("second news"))

		requireInvalidLinks(s, link)
		s.Want(204, "DELETE", "/admin/users/"+id, admin, nil)
		s.WantProblem(422, "invalid-link", "POST", link, "", nil)
	})
}

// chosenForAnnouncements returns what an account has chosen for announcements.
func chosenForAnnouncements(s *sitetest.Site, token string) (email, inApp bool) {
	s.T.Helper()
	for _, item := range s.Want(200, "GET", "/notifications/preferences", token, nil).Items() {
		if p := item.(map[string]any); p["kind"] == "announcement" {
			return p["email"].(bool), p["in_app"].(bool)
		}
	}
	return false, false
}

// requireInvalidLinks changes a link, which is then no link any more.
func requireInvalidLinks(s *sitetest.Site, link string) {
	s.T.Helper()
	for _, bad := range []string{
		link[:len(link)-4], link + "AAAA", s.URL + "/notifications/unsubscribe/x",
		s.URL + "/notifications/unsubscribe/" + url.PathEscape("a/../b"),
		s.URL + "/notifications/unsubscribe/%00",
	} {
		s.WantProblem(422, "invalid-link", "POST", bad, "", nil)
	}
}

func TestUnsubscribeLinksOfOtherServers(t *testing.T) {
	t.Parallel()
	server, dir := sitetest.StartMailServer(t), t.TempDir()
	links := []string{}
	for range 2 { // the second start has other keys
		s := sitetest.Start(t,
			map[string]string{"SMTP_URL": "smtp://" + server.Address, "DATA_DIR": dir, "JWT_KEYS_DIR": t.TempDir()})
		for _, link := range links {
			s.WantProblem(422, "invalid-link", "POST", s.URL+link, "", nil)
		}
		admin := s.AdminToken()
		_, id, _ := s.NewAccount(fmt.Sprint("granted-", len(links)))
		s.SetRole(admin, id, "member")
		require.Eventually(t, func() bool { return len(server.Mails("List-Unsubscribe: ")) > len(links) },
			20*time.Second, 50*time.Millisecond)
		mails := server.Mails("List-Unsubscribe: ")
		u, err := url.Parse(sitetest.UnsubscribeHeader.FindStringSubmatch(mails[len(mails)-1])[1])
		require.NoError(t, err)
		links = append(links, u.Path)
		s.Stop()
	}
	s := sitetest.Start(t, map[string]string{"MODULES_DISABLED": "notifications"})
	s.Want(404, "POST", links[0], "", nil)
	s.Want(404, "GET", links[0], "", nil)
}

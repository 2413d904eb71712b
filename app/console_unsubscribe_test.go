package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

func TestConsoleUnsubscribesOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	server := sitetest.StartMailServer(t)
	s := sitetest.Start(t, map[string]string{"SMTP_URL": "smtp://" + server.Address})
	_, id, token := s.NewAccount("reader")
	s.SetRole(s.AdminToken(), id, "member")
	require.Eventually(t, func() bool { return len(server.Mails("List-Unsubscribe: ")) == 1 }, 20*time.Second,
		50*time.Millisecond)
	link := sitetest.UnsubscribeHeader.FindStringSubmatch(server.Mails("List-Unsubscribe: ")[0])[1]
	mails := func() (on bool) {
		for _, item := range s.Want(200, "GET", "/notifications/preferences", token, nil).Items() {
			if p := item.(map[string]any); p["kind"] == "role.granted" {
				on = p["email"].(bool)
			}
		}
		return on
	}
	b := newBrowser(t, s.URL)
	b.open(strings.TrimPrefix(link, s.URL))
	b.sees("unsubscribe-submit", "Stop these emails")
	require.True(t, mails())
	b.click("unsubscribe-submit")
	b.sees("unsubscribe-done", "Done")
	require.False(t, mails())
	require.Empty(t, b.faults)
}

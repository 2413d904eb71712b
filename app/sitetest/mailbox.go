package sitetest

import (
	"net"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// mailbox is the list of mails that a site in development has caught.
const mailbox = "/dev/mailbox/messages?limit=500"

// mailWait is how long the test waits for a mail.
const mailWait = 20 * time.Second

// Mails returns the mails that were caught, on whichever replica still runs.
func (s *Site) Mails() []any {
	s.T.Helper()
	all := s.Want(200, "GET", mailbox, "", nil).Items()
	for _, peer := range s.Peers {
		conn, err := (&net.Dialer{}).DialContext(s.T.Context(), "tcp", peer.Config.HTTPAddr)
		if err != nil {
			continue
		}
		_ = conn.Close()
		all = append(all, peer.Want(200, "GET", mailbox, "", nil).Items()...)
	}
	return all
}

// CountMails returns how many mails to an address were caught.
func (s *Site) CountMails(email string) (n int) {
	s.T.Helper()
	for _, m := range s.Mails() {
		if m.(map[string]any)["to"].([]any)[0] == email {
			n++
		}
	}
	return n
}

// waitForMail waits for a mail to an address whose subject and text match, and returns both.
func (s *Site) waitForMail(email, what string, match func(subject, text string) bool) {
	s.T.Helper()
	require.Eventually(s.T, func() bool {
		for _, m := range s.Mails() {
			mail := m.(map[string]any)
			if mail["to"].([]any)[0] == email && match(mail["subject"].(string), mail["text"].(string)) {
				return true
			}
		}
		return false
	}, mailWait, 100*time.Millisecond, "no mail to %s %s", email, what)
}

// WaitForMail waits for any mail to an address.
func (s *Site) WaitForMail(email string) {
	s.T.Helper()
	s.waitForMail(email, "came", func(string, string) bool { return true })
}

// WaitForLink waits for a mail with a link that has mark in it, and returns the secret behind mark.
// A mail with the secret other does not count.
func (s *Site) WaitForLink(email, mark, other string) (secret string) {
	s.T.Helper()
	s.waitForMail(email, "has "+mark, func(_, text string) bool {
		_, after, found := strings.Cut(text, mark)
		if !found {
			return false
		}
		secret = strings.Fields(after)[0]
		return secret != other
	})
	return secret
}

// WaitForText waits for a mail that has words in its subject or text, and returns both.
func (s *Site) WaitForText(email, words string) (mail string) {
	s.T.Helper()
	s.waitForMail(email, "says "+words, func(subject, text string) bool {
		mail = subject + "\n" + text
		return strings.Contains(mail, words)
	})
	return mail
}

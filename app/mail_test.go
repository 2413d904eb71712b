package main

import (
	"bufio"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/db"
)

// mailServer is an SMTP server whose answers a test scripts by stage; what it takes it keeps.
type mailServer struct {
	addr    string
	mu      sync.Mutex
	replies map[string]string
	hellos  []string
	taken   []string
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	m := &mailServer{addr: listener.Addr().String(), replies: map[string]string{}}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go m.serve(conn)
		}
	}()
	return m
}

// script sets the answer at a stage: greeting, sender, recipient, end; an empty one is the usual.
func (m *mailServer) script(stage, reply string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.replies[stage] = reply
}

func (m *mailServer) reply(stage, usual string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.replies[stage]; r != "" {
		return r
	}
	return usual
}

func (m *mailServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	say := func(line string) { _, _ = fmt.Fprintf(conn, "%s\r\n", line) }
	say(m.reply("greeting", "220 scripted"))
	in := bufio.NewScanner(conn)
	for in.Scan() {
		switch verb, rest, _ := strings.Cut(in.Text(), " "); strings.ToUpper(verb) {
		case "EHLO":
			m.mu.Lock()
			m.hellos = append(m.hellos, rest)
			m.mu.Unlock()
			say("250 scripted")
		case "MAIL":
			say(m.reply("sender", "250 ok"))
		case "RCPT":
			say(m.reply("recipient", "250 ok"))
		case "DATA":
			say("354 go on")
			var text strings.Builder
			for in.Scan() && in.Text() != "." {
				text.WriteString(in.Text() + "\n")
			}
			reply := m.reply("end", "250 taken")
			if strings.HasPrefix(reply, "2") {
				m.mu.Lock()
				m.taken = append(m.taken, text.String())
				m.mu.Unlock()
			}
			say(reply)
		default:
			say("250 ok")
		}
	}
}

// mails are those that were taken and hold a text in their headers or body.
func (m *mailServer) mails(text string) (found []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, mail := range m.taken {
		if strings.Contains(mail, text) {
			found = append(found, mail)
		}
	}
	return found
}

// mailTo returns the newest mail to an address once it has been tried that often.
func mailTo(s *sitetest.Site, admin, email string, attempts float64) sitetest.Answer {
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

func TestMailRefusals(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, vars map[string]string) {
		server := newMailServer(t)
		vars["SMTP_URL"], vars["MAIL_FROM"] = "smtp://"+server.addr, "Lyceum <no-reply@example.com>"
		var d *db.DB
		s := sitetest.Start(t, vars, &d)
		admin := s.AdminToken()
		// What concerns this server waits, whatever the first digit; what concerns the mail fails at once.
		for n, c := range []struct{ stage, reply, status string }{
			{"greeting", "554 no service for you", "queued"}, {"sender", "550 5.1.8 unknown sender", "queued"}, {"recipient", "451 4.7.1 greylisted", "queued"},
			{"recipient", "550 5.1.1 no such user", "failed"}, {"end", "554 5.6.0 content refused", "failed"}, {"end", "452 4.3.1 full", "queued"},
		} {
			server.script(c.stage, c.reply)
			email, _, _ := s.NewAccount(fmt.Sprint("refused-", n))
			mail := mailTo(s, admin, email, 1)
			require.Equal(t, c.status, mail.Text("status"), "%s %s", c.stage, c.reply)
			require.Contains(t, mail.Text("last_error"), c.reply[:3])
			server.script(c.stage, "")
		}
		require.Contains(t, server.hellos, "[127.0.0.1]", "the host of PUBLIC_URL, an address here")

		// A mail older than a day fails at its next refusal, but not right after somebody asked to try it again.
		server.script("end", "451 4.3.0 later")
		email, _, _ := s.NewAccount("patient")
		mail := mailTo(s, admin, email, 1)
		long := time.Now().Add(-25 * time.Hour).UnixMilli()
		require.Eventually(t, func() bool { // a delivery under way read the mail before it was old
			require.NoError(t, d.Conn(t.Context()).Exec("UPDATE mail_messages SET created_at = ?, tried_since = ?, next_at = ? WHERE id = ? AND status = 'queued'",
				long, long, long, mail.Text("id")).Error)
			mail = mailTo(s, admin, email, 1)
			return mail.Text("status") == "failed"
		}, 15*time.Second, 200*time.Millisecond)
		s.Want(202, "POST", "/admin/emails/"+mail.Text("id")+"/retry", admin, nil)
		mail = mailTo(s, admin, email, mail.Get("attempts").(float64)+1)
		require.Equal(t, "queued", mail.Text("status"), "%v", mail.JSON)

		// All that failed, at once; and what waits comes by itself within a minute of the server's return.
		server.script("end", "")
		s.WantProblem(422, "validation-failed", "POST", "/admin/emails/retry?status=sent", admin, nil)
		require.EqualValues(t, 2, s.Want(202, "POST", "/admin/emails/retry?status=failed", admin, nil).Get("count"))
		require.EqualValues(t, 0, s.Want(202, "POST", "/admin/emails/retry?status=failed", admin, nil).Get("count"))
		require.Eventually(t, func() bool {
			return len(s.Want(200, "GET", "/admin/emails?status=queued", admin, nil).Items()) == 0
		}, time.Minute, 200*time.Millisecond)
		require.Empty(t, s.Want(200, "GET", "/admin/emails?status=failed", admin, nil).Items())
		require.Len(t, server.mails("refused-3@example.com"), 1, "once")
	})
}

var unsubscribeHeader = regexp.MustCompile(`(?m)^List-Unsubscribe: <([^>]+)>$`)

func TestUnsubscribe(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, vars map[string]string) {
		server := newMailServer(t)
		vars["SMTP_URL"] = "smtp://" + server.addr
		s := sitetest.Start(t, vars)
		admin := s.AdminToken()
		email, id, token := s.NewAccount("reader")
		course := s.Want(201, "POST", "/courses", admin, `{"title":"News","status":"published"}`).Text("id")
		s.Want(201, "POST", "/courses/"+course+"/enrollment", token, nil)
		announce := func(title string) {
			s.Want(201, "POST", "/courses/"+course+"/announcements", admin, map[string]string{"title": title, "body": "Words."})
		}
		announce("first news")
		require.Eventually(t, func() bool { return len(server.mails("Subject: ")) >= 2 && len(server.mails("first news")) == 1 }, 20*time.Second, 50*time.Millisecond)
		mail := server.mails("first news")[0]
		require.Contains(t, "\n"+mail, "\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n", "headers come in any order")
		link := unsubscribeHeader.FindStringSubmatch(mail)[1]
		require.True(t, strings.HasPrefix(link, s.URL+"/notifications/unsubscribe/"), link)
		require.NotContains(t, link, id)
		require.Empty(t, unsubscribeHeader.FindAllString(strings.Join(server.mails("/verify#token="), ""), -1), "mails that can't be switched off")

		chosen := func() (email, inApp bool) {
			for _, item := range s.Want(200, "GET", "/notifications/preferences", token, nil).Items() {
				if p := item.(map[string]any); p["kind"] == "announcement" {
					return p["email"].(bool), p["in_app"].(bool)
				}
			}
			return false, false
		}
		// A scanner that opens the link switches nothing off.
		page := s.Want(200, "GET", link, "", nil)
		require.Contains(t, page.Header.Get("Content-Type"), "text/html")
		on, _ := chosen()
		require.True(t, on)
		form := sitetest.Header{"Content-Type": "application/x-www-form-urlencoded"}
		for range 2 {
			s.Want(204, "POST", link, "", "List-Unsubscribe=One-Click", form)
			on, inApp := chosen()
			require.False(t, on)
			require.True(t, inApp, "inside Lyceum it is still told")
		}
		s.Want(204, "POST", link, "", nil)
		announce("second news")
		require.Eventually(t, func() bool {
			return strings.Contains(s.Want(200, "GET", "/notifications?limit=1", token, nil).Text("items.0.title"), "second news")
		}, 20*time.Second, 50*time.Millisecond)
		require.Empty(t, server.mails("second news"))

		for _, bad := range []string{link[:len(link)-4], link + "AAAA", s.URL + "/notifications/unsubscribe/x", s.URL + "/notifications/unsubscribe/" + url.PathEscape("a/../b"), s.URL + "/notifications/unsubscribe/%00"} {
			s.WantProblem(422, "invalid-link", "POST", bad, "", nil)
		}
		s.Want(204, "DELETE", "/admin/users/"+id, admin, nil)
		s.WantProblem(422, "invalid-link", "POST", link, "", nil)
		_ = email
	})
}

func TestUnsubscribeLinksOfOtherServers(t *testing.T) {
	t.Parallel()
	server, dir := newMailServer(t), t.TempDir()
	links := []string{}
	for range 2 { // the second start has other keys
		s := sitetest.Start(t, map[string]string{"SMTP_URL": "smtp://" + server.addr, "DATA_DIR": dir, "JWT_KEYS_DIR": t.TempDir()})
		for _, link := range links {
			s.WantProblem(422, "invalid-link", "POST", s.URL+link, "", nil)
		}
		admin := s.AdminToken()
		_, id, _ := s.NewAccount(fmt.Sprint("granted-", len(links)))
		s.SetRole(admin, id, "member")
		require.Eventually(t, func() bool { return len(server.mails("List-Unsubscribe: ")) > len(links) }, 20*time.Second, 50*time.Millisecond)
		mails := server.mails("List-Unsubscribe: ")
		u, err := url.Parse(unsubscribeHeader.FindStringSubmatch(mails[len(mails)-1])[1])
		require.NoError(t, err)
		links = append(links, u.Path)
		s.Stop()
	}
	s := sitetest.Start(t, map[string]string{"MODULES_DISABLED": "notifications"})
	s.Want(404, "POST", links[0], "", nil)
	s.Want(404, "GET", links[0], "", nil)
}

func TestConsoleUnsubscribesOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	server := newMailServer(t)
	s := sitetest.Start(t, map[string]string{"SMTP_URL": "smtp://" + server.addr})
	_, id, token := s.NewAccount("reader")
	s.SetRole(s.AdminToken(), id, "member")
	require.Eventually(t, func() bool { return len(server.mails("List-Unsubscribe: ")) == 1 }, 20*time.Second, 50*time.Millisecond)
	link := unsubscribeHeader.FindStringSubmatch(server.mails("List-Unsubscribe: ")[0])[1]
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
	b.sees("unsubscribe-submit", "Stop these mails")
	require.True(t, mails())
	b.click("unsubscribe-submit")
	b.sees("unsubscribe-done", "Done")
	require.False(t, mails())
	require.Empty(t, b.faults)
}

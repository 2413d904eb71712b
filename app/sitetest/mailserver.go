package sitetest

import (
	"bufio"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// MailServer is an SMTP server whose replies a test scripts by stage. It stores the mails that it
// accepts.
type MailServer struct {
	Address string
	mu      sync.Mutex
	replies map[string]string
	hellos  []string
	taken   []string
}

// StartMailServer starts an SMTP server and stops it at the end of the test.
func StartMailServer(t *testing.T) *MailServer {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	m := &MailServer{Address: listener.Addr().String(), replies: map[string]string{}}
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

// Script sets the reply at a stage: greeting, sender, recipient or end. An empty one is the usual
// reply.
func (m *MailServer) Script(stage, reply string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.replies[stage] = reply
}

// reply returns the scripted reply at a stage, or the usual one.
func (m *MailServer) reply(stage, usual string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.replies[stage]; r != "" {
		return r
	}
	return usual
}

// serve talks to one client.
func (m *MailServer) serve(conn net.Conn) {
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

// Mails returns the accepted mails that have a text in their headers or body.
func (m *MailServer) Mails(text string) (found []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, mail := range m.taken {
		if strings.Contains(mail, text) {
			found = append(found, mail)
		}
	}
	return found
}

// Hellos returns the names with which clients have introduced themselves.
func (m *MailServer) Hellos() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.hellos)
}

// UnsubscribeHeader matches the header of a mail with the link that ends mails of its kind.
var UnsubscribeHeader = regexp.MustCompile(`(?m)^List-Unsubscribe: <([^>]+)>$`)

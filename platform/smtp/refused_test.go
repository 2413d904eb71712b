package smtp

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// scriptedServer answers each stage of a dialogue with the reply of the test, and keeps the names
// of EHLO.
type scriptedServer struct {
	addr    string
	mu      sync.Mutex
	replies map[string]string
	hellos  []string
}

func newScriptedServer(t *testing.T, replies map[string]string) *scriptedServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	s := &scriptedServer{addr: listener.Addr().String(), replies: replies}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

func (s *scriptedServer) reply(stage, standard string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.replies[stage]; ok {
		return r
	}
	return standard
}

func (s *scriptedServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	say := func(line string) { _, _ = fmt.Fprintf(conn, "%s\r\n", line) }
	say(s.reply("greeting", "220 scripted"))
	in := bufio.NewScanner(conn)
	for inData := false; in.Scan(); {
		line := in.Text()
		if inData {
			if line == "." {
				inData = false
				say(s.reply("end", "250 taken"))
			}
			continue
		}
		switch verb, rest, _ := strings.Cut(line, " "); strings.ToUpper(verb) {
		case "EHLO", "HELO":
			s.mu.Lock()
			s.hellos = append(s.hellos, rest)
			s.mu.Unlock()
			say(s.reply("hello", "250-scripted\r\n250 AUTH PLAIN"))
		case "AUTH":
			say(s.reply("auth", "235 welcome"))
		case "MAIL":
			say(s.reply("sender", "250 ok"))
		case "RCPT":
			say(s.reply("recipient", "250 ok"))
		case "DATA":
			reply := s.reply("data", "354 go on")
			inData = strings.HasPrefix(reply, "354")
			say(reply)
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func TestRefusalsByStageAndCode(t *testing.T) {
	for _, c := range []struct {
		stage, reply string
		permanent    bool
	}{
		{"greeting", "554 no service here", false},
		{"greeting", "421 too busy", false},
		{"hello", "550 5.7.1 who are you", false},
		{"auth", "535 5.7.8 wrong password", false},
		{"sender", "550 5.1.8 unknown sender", false},
		{"sender", "553 not allowed", false},
		{"sender", "530 5.7.0 sign in first", false},
		{"sender", "451 later", false},
		{"sender", "552 5.3.4 too big", false},
		{"recipient", "550 5.1.1 no such user", true},
		{"recipient", "550 no such user", true},
		{"recipient", "553 5.1.3 bad syntax", true},
		{"recipient", "551 moved", true},
		{"recipient", "552 5.2.2 mailbox full", true},
		{"recipient", "554 5.7.1 not wanted", true},
		{"recipient", "450 4.2.1 greylisted", false},
		{"recipient", "452 too many", false},
		{"recipient", "421 closing", false},
		{"recipient", "550 4.7.1 greylisted", false},
		{"recipient", "550 5.1.7 bad sender", false},
		{"recipient", "550 5.1.8 bad sender", false},
		{"recipient", "530 5.7.0 sign in first", false},
		{"data", "554 5.5.1 no recipients", true},
		{"data", "451 later", false},
		{"end", "554 5.6.0 content refused", true},
		{"end", "552 too big", true},
		{"end", "550 spam", true},
		{"end", "451 4.3.0 later", false},
		{"end", "452 4.3.1 full", false},
		{"end", "421 closing", false},
	} {
		t.Run(c.stage+" "+c.reply, func(t *testing.T) {
			server := newScriptedServer(t, map[string]string{c.stage: c.reply})
			sender := newSender(t, "smtp://u:p@"+server.addr, WithHello("https://school.example:8443/"))
			err := sender.Send(t.Context(), newMessage())
			require.Error(t, err)
			require.Equal(t, c.permanent, IsPermanent(err), "%v", err)
			server.mu.Lock()
			defer server.mu.Unlock()
			for _, name := range server.hellos {
				require.Equal(t, "school.example", name)
			}
		})
	}
	sender, err := NewClient("smtp://127.0.0.1:1")
	require.NoError(t, err)
	require.False(t, IsPermanent(sender.Send(t.Context(), newMessage())), "nobody listens")
}

func TestHelloNamesThePublicHost(t *testing.T) {
	for publicURL, want := range map[string]string{
		"http://localhost:8000":          "localhost",
		"https://School.example":         "school.example",
		"http://127.0.0.1:8000":          "[127.0.0.1]",
		"http://[2001:db8::1]:8000":      "[IPv6:2001:db8::1]",
		"https://schule-münchen.example": "xn--schule-mnchen-3ob.example",
		"":                               localName(),
		"::":                             localName(),
	} {
		require.Equal(t, want, helloName(publicURL), publicURL)
	}
}

func TestUnsubscribeHeaders(t *testing.T) {
	server := startServer(t, serverOptions{})
	m := newMessage()
	m.Unsubscribe = "https://school.example/notifications/unsubscribe/" + strings.Repeat("abcdefgh-_", 20)
	require.NoError(t, newSender(t, server.url("")).Send(t.Context(), m))
	text := string(server.onlyMail(t).data)
	require.Contains(t, text, "List-Unsubscribe: <"+m.Unsubscribe+">\r\n")
	require.Contains(t, text, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n")
	m.Unsubscribe = "https://school.example/\r\nBcc: x@example.org"
	require.ErrorIs(t, newSender(t, server.url("")).Send(t.Context(), m), ErrBadMessage)
}

// The error for a password with a reserved character names the character and its encoded form, and
// never the password.
func TestReservedCharactersInPasswords(t *testing.T) {
	for raw, want := range map[string]string{
		"smtp://user:pa#topsecret@h:25":   "%23",
		"smtp://user:1#topsecret@h:25":    "%23",
		"smtp://user:pa/topsecret@h":      "%2F",
		"smtp://user:pa?topsecret@h":      "%3F",
		"smtp://user:pa@topsecret@h":      "%40",
		"smtp://user:pa topsecret@h":      "%20",
		"smtp://user:pa[topsecret@h":      "%5B",
		"smtp://user:topsecret%@h":        "%25",
		"smtps://me@x.org:pa#topsecret@h": "%40",
		"smtp://user:topsecret%zz@h":      "%25",
	} {
		_, err := NewClient(raw)
		require.ErrorContains(t, err, want, raw)
		require.NotContains(t, err.Error(), "topsecret")
	}
	s, err := NewClient("smtp://me%40x.org:p%23%2F%3F%40%25%5B:!$&'()*+,;=-._~@h:25?starttls=required")
	require.NoError(t, err)
	require.Equal(t, []string{"me@x.org", "p#/?@%[:!$&'()*+,;=-._~"}, []string{s.target.user, s.target.password})
}

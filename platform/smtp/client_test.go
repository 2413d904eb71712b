package smtp

import (
	"bytes"
	"context"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func newMessage() Message {
	return Message{
		From: "Lyceum <no-reply@lyceum.local>", To: "ada@example.org", ID: "0193-abc",
		Subject: "Grüße, Ada", Text: "Hello\n.\nWorld", HTML: "<p>Hello</p>",
	}
}

func TestDelivery(t *testing.T) {
	server := startServer(t, serverOptions{})
	sender := newSender(t, server.url(""))
	require.NoError(t, sender.Ping(t.Context()))
	require.NoError(t, sender.Send(t.Context(), newMessage()))
	got := server.onlyMail(t)
	require.Equal(t, "no-reply@lyceum.local", got.from, "envelope %q → %q", got.from, got.to)
	require.Equal(t, "ada@example.org", got.to, "envelope %q → %q", got.from, got.to)
	m, err := mail.ReadMessage(bytes.NewReader(got.data))
	require.NoError(t, err)
	id := m.Header.Get("Message-Id")
	require.Equal(t, "<0193-abc@lyceum.local>", id, "Message-Id %q", id)
	_, err = m.Header.Date()
	require.NoError(t, err, "Date")
	require.Contains(t, string(got.data), "Hello\r\n.\r\nWorld", "the text did not survive:\n%s", got.data)
}

func TestSignsIn(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "LOGIN"} {
		t.Run(mechanism, func(t *testing.T) {
			server := startServer(t, serverOptions{auth: mechanism})
			require.NoError(t, newSender(t, server.url("robot:s3cret-word@")).Send(t.Context(), newMessage()))
			server.onlyMail(t)
			err := newSender(t, server.url("robot:wr0ng-word@")).Send(t.Context(), newMessage())
			require.Error(t, err, "a wrong password gives %v", err)
			require.False(t, IsPermanent(err), "a wrong password gives %v", err)
			require.NotContains(t, err.Error(), "wr0ng-word", "a wrong password gives %v", err)
		})
	}
}

func TestPasswordNeedsAServerThatAsksForIt(t *testing.T) {
	server := startServer(t, serverOptions{})
	require.Error(t, newSender(t, server.url("robot:s3cret@")).Send(t.Context(), newMessage()),
		"mail went without the sign-in that was configured")
}

// Keeps M4: a server that accepts and says nothing must not hold a job.
func TestSilentServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			if _, err := listener.Accept(); err != nil {
				return
			}
		}
	}()
	sender := newSender(t, "smtp://"+listener.Addr().String(), WithTimeouts(0, 150*time.Millisecond))
	began := time.Now()
	err = sender.Send(t.Context(), newMessage())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.False(t, IsPermanent(err))
	took := time.Since(began)
	require.LessOrEqual(t, took, 3*time.Second, "took %v", took)

	patient := newSender(t, "smtp://"+listener.Addr().String())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err = patient.Ping(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded, "ping with a context that ends")
}

// Keeps M4: required encryption is never given up, whatever the server leaves out.
func TestSTARTTLSRequiredButNotOffered(t *testing.T) {
	server := startServer(t, serverOptions{})
	err := newSender(t, server.url("")+"?starttls=required").Send(t.Context(), newMessage())
	require.Error(t, err)
	require.Contains(t, err.Error(), "STARTTLS")
	require.False(t, IsPermanent(err))
	n := server.mailCount()
	require.EqualValues(t, 0, n, "%d mails went in the clear", n)
}

func TestEncrypted(t *testing.T) {
	for name, opts := range map[string]serverOptions{"starttls": {tls: true}, "smtps": {tls: true, implicit: true}} {
		t.Run(name, func(t *testing.T) {
			server := startServer(t, opts)
			target := server.url("") + "?starttls=required"
			trusting := newSender(t, target)
			trusting.target.tls.RootCAs = server.roots
			require.NoError(t, trusting.Send(t.Context(), newMessage()))
			got := server.onlyMail(t)
			require.True(t, got.encrypted, "the mail came in the clear")
			require.Error(t, newSender(t, target).Send(t.Context(), newMessage()),
				"an unknown certificate was trusted")
		})
	}
}

func TestRefusals(t *testing.T) {
	server := startServer(t, serverOptions{refuse: map[string]int{"gone@example.org": 550, "busy@example.org": 451}})
	sender := newSender(t, server.url(""))
	for to, permanent := range map[string]bool{"gone@example.org": true, "busy@example.org": false} {
		m := newMessage()
		m.To = to
		err := sender.Send(t.Context(), m)
		require.Error(t, err, "%s: permanent %v, error %v", to, IsPermanent(err), err)
		require.Equal(t, permanent, IsPermanent(err), "%s: permanent %v, error %v", to, IsPermanent(err), err)
	}
	require.NoError(t, sender.Send(t.Context(), newMessage()), "after the refusals")
	n := server.connectionCount()
	require.EqualValues(t, 1, n, "%d connections for three mails, one after the other", n)
}

// Keeps M1: no value writes a header or a command of its own.
func TestInjectionIsRefused(t *testing.T) {
	server := startServer(t, serverOptions{})
	sender := newSender(t, server.url(""))
	for name, change := range map[string]func(*Message){
		"subject CRLF":   func(m *Message) { m.Subject = "Hi\r\nBcc: eve@example.org" },
		"subject LF":     func(m *Message) { m.Subject = "Hi\nBcc: eve@example.org" },
		"subject NUL":    func(m *Message) { m.Subject = "Hi\x00" },
		"to CRLF":        func(m *Message) { m.To = "ada@example.org>\r\nRCPT TO:<eve@example.org" },
		"to two":         func(m *Message) { m.To = "ada@example.org, eve@example.org" },
		"to with a name": func(m *Message) { m.To = "Ada <ada@example.org>" },
		"to quoted":      func(m *Message) { m.To = `"a b"@example.org` },
		"to none":        func(m *Message) { m.To = "" },
		"to too long":    func(m *Message) { m.To = strings.Repeat("a", 250) + "@b.example" },
		"from CRLF":      func(m *Message) { m.From = "Lyceum\r\nX: y <no-reply@lyceum.local>" },
		"from none":      func(m *Message) { m.From = "nobody" },
		"id":             func(m *Message) { m.ID = "a>\r\nX: y" },
		"id odd":         func(m *Message) { m.ID = "a b" },
	} {
		m := newMessage()
		change(&m)
		err := sender.Send(t.Context(), m)
		require.ErrorIs(t, err, ErrBadMessage, name)
		require.True(t, IsPermanent(err), name)
	}
	n := server.mailCount()
	require.EqualValues(t, 0, n, "%d mails went", n)
}

func TestSubjectArrivesAsTyped(t *testing.T) {
	for _, subject := range []string{"plain", "Grüße 🎓", "=?utf-8?q?=0D=0ABcc:_eve?=", strings.Repeat("ü=?", 60)} {
		m := newMessage()
		m.Subject = subject
		env, err := newEnvelope(m, time.Now())
		require.NoError(t, err)
		parsed, err := mail.ReadMessage(bytes.NewReader(env.data))
		require.NoError(t, err)
		got := decodeHeader(t, parsed.Header.Get("Subject"))
		require.Equal(t, subject, got, "%q arrives as %q", subject, got)
	}
}

func TestPoolSurvivesARestart(t *testing.T) {
	server := startServer(t, serverOptions{})
	sender := newSender(t, server.url(""))
	for range 3 {
		require.NoError(t, sender.Send(t.Context(), newMessage()))
	}
	n := server.connectionCount()
	require.EqualValues(t, 1, n, "%d connections, want one used again", n)
	server.stop()
	err := sender.Send(t.Context(), newMessage())
	require.Error(t, err, "with the server gone")
	require.False(t, IsPermanent(err), "with the server gone")
	server.restart(t)
	require.NoError(t, sender.Send(t.Context(), newMessage()), "after the restart")
}

func TestPoolIsBounded(t *testing.T) {
	server := startServer(t, serverOptions{})
	sender := newSender(t, server.url(""), WithPoolSize(2))
	errs := make(chan error, 20)
	for range cap(errs) {
		go func() { errs <- sender.Send(t.Context(), newMessage()) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	n := server.connectionCount()
	require.LessOrEqual(t, n, 2, "%d connections, at most 2 were allowed", n)
	n = server.mailCount()
	require.EqualValues(t, 20, n, "%d of 20 mails arrived", n)
}

func TestURLs(t *testing.T) {
	for raw, ok := range map[string]bool{
		"smtp://mail.example.org":                                   true,
		"smtp://u:p@mail.example.org:1025":                          true,
		"smtps://u:p@mail.example.org":                              true,
		"smtp://h:25?starttls=required":                             true,
		"smtp://h:25?starttls=maybe":                                false,
		"smtp://h:25?tls=1":                                         false,
		"smtps://h?starttls=off":                                    false,
		"smtp://:25":                                                false,
		"smtp://h/path":                                             false,
		"http://user:topsecret@h":                                   false,
		"smtp://user:topsecret@h:port":                              false,
		"smtp://user:topsecret@h:25?starttls=required&starttls=off": false,
	} {
		_, err := NewClient(raw)
		require.Equal(t, ok, err == nil, raw)
		require.False(t, err != nil && strings.Contains(err.Error(), "topsecret"), "the error shows the password")
	}
}

func TestPasswordIsNotSentInTheClear(t *testing.T) {
	target, err := parseTarget("smtp://u:p@mail.example.org:25")
	require.NoError(t, err)
	server := startServer(t, serverOptions{auth: "PLAIN"})
	target.addr = server.addr // a distant name for the server at hand
	_, err = target.openConnection(t.Context(), time.Second, time.Now().Add(time.Second))
	require.ErrorContains(t, err, "not encrypted")
}

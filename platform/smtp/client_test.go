package smtp

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"
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
	if err := sender.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(t.Context(), newMessage()); err != nil {
		t.Fatal(err)
	}
	got := server.onlyMail(t)
	if got.from != "no-reply@lyceum.local" || got.to != "ada@example.org" {
		t.Errorf("envelope %q → %q", got.from, got.to)
	}
	m, err := mail.ReadMessage(bytes.NewReader(got.data))
	if err != nil {
		t.Fatal(err)
	}
	if id := m.Header.Get("Message-Id"); id != "<0193-abc@lyceum.local>" {
		t.Errorf("Message-Id %q", id)
	}
	if _, err := m.Header.Date(); err != nil {
		t.Errorf("Date: %v", err)
	}
	if !strings.Contains(string(got.data), "Hello\r\n.\r\nWorld") {
		t.Errorf("the text did not survive:\n%s", got.data)
	}
}

func TestSignsIn(t *testing.T) {
	for _, mechanism := range []string{"PLAIN", "LOGIN"} {
		t.Run(mechanism, func(t *testing.T) {
			server := startServer(t, serverOptions{auth: mechanism})
			if err := newSender(t, server.url("robot:s3cret-word@")).Send(t.Context(), newMessage()); err != nil {
				t.Fatal(err)
			}
			server.onlyMail(t)
			err := newSender(t, server.url("robot:wr0ng-word@")).Send(t.Context(), newMessage())
			if err == nil || IsPermanent(err) || strings.Contains(err.Error(), "wr0ng-word") {
				t.Errorf("a wrong password gives %v", err)
			}
		})
	}
}

func TestPasswordNeedsAServerThatAsksForIt(t *testing.T) {
	server := startServer(t, serverOptions{})
	if err := newSender(t, server.url("robot:s3cret@")).Send(t.Context(), newMessage()); err == nil {
		t.Error("mail went without the sign-in that was configured")
	}
}

// Keeps M4: a server that accepts and says nothing must not hold a job.
func TestSilentServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
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
	if !errors.Is(err, context.DeadlineExceeded) || IsPermanent(err) {
		t.Errorf("error %v", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("took %v", took)
	}

	patient := newSender(t, "smtp://"+listener.Addr().String())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := patient.Ping(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ping with a context that ends: %v", err)
	}
}

// Keeps M4: required encryption is never given up, whatever the server leaves out.
func TestSTARTTLSRequiredButNotOffered(t *testing.T) {
	server := startServer(t, serverOptions{})
	err := newSender(t, server.url("")+"?starttls=required").Send(t.Context(), newMessage())
	if err == nil || !strings.Contains(err.Error(), "STARTTLS") || IsPermanent(err) {
		t.Errorf("error %v", err)
	}
	if n := server.mailCount(); n != 0 {
		t.Errorf("%d mails went in the clear", n)
	}
}

func TestEncrypted(t *testing.T) {
	for name, opts := range map[string]serverOptions{"starttls": {tls: true}, "smtps": {tls: true, implicit: true}} {
		t.Run(name, func(t *testing.T) {
			server := startServer(t, opts)
			target := server.url("") + "?starttls=required"
			trusting := newSender(t, target)
			trusting.target.tls.RootCAs = server.roots
			if err := trusting.Send(t.Context(), newMessage()); err != nil {
				t.Fatal(err)
			}
			if got := server.onlyMail(t); !got.encrypted {
				t.Error("the mail came in the clear")
			}
			if err := newSender(t, target).Send(t.Context(), newMessage()); err == nil {
				t.Error("an unknown certificate was trusted")
			}
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
		if err == nil || IsPermanent(err) != permanent {
			t.Errorf("%s: permanent %v, error %v", to, IsPermanent(err), err)
		}
	}
	if err := sender.Send(t.Context(), newMessage()); err != nil {
		t.Errorf("after the refusals: %v", err)
	}
	if n := server.connectionCount(); n != 1 {
		t.Errorf("%d connections for three mails, one after the other", n)
	}
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
		if err := sender.Send(t.Context(), m); !errors.Is(err, ErrBadMessage) || !IsPermanent(err) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if n := server.mailCount(); n != 0 {
		t.Errorf("%d mails went", n)
	}
}

func TestSubjectArrivesAsTyped(t *testing.T) {
	for _, subject := range []string{"plain", "Grüße 🎓", "=?utf-8?q?=0D=0ABcc:_eve?=", strings.Repeat("ü=?", 60)} {
		m := newMessage()
		m.Subject = subject
		env, err := newEnvelope(m, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := mail.ReadMessage(bytes.NewReader(env.data))
		if err != nil {
			t.Fatal(err)
		}
		if got := decodeHeader(t, parsed.Header.Get("Subject")); got != subject {
			t.Errorf("%q arrives as %q", subject, got)
		}
	}
}

func TestPoolSurvivesARestart(t *testing.T) {
	server := startServer(t, serverOptions{})
	sender := newSender(t, server.url(""))
	for range 3 {
		if err := sender.Send(t.Context(), newMessage()); err != nil {
			t.Fatal(err)
		}
	}
	if n := server.connectionCount(); n != 1 {
		t.Errorf("%d connections, want one used again", n)
	}
	server.stop()
	if err := sender.Send(t.Context(), newMessage()); err == nil || IsPermanent(err) {
		t.Errorf("with the server gone: %v", err)
	}
	server.restart(t)
	if err := sender.Send(t.Context(), newMessage()); err != nil {
		t.Errorf("after the restart: %v", err)
	}
}

func TestPoolIsBounded(t *testing.T) {
	server := startServer(t, serverOptions{})
	sender := newSender(t, server.url(""), WithPoolSize(2))
	errs := make(chan error, 20)
	for range cap(errs) {
		go func() { errs <- sender.Send(t.Context(), newMessage()) }()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := server.connectionCount(); n > 2 {
		t.Errorf("%d connections, at most 2 were allowed", n)
	}
	if n := server.mailCount(); n != 20 {
		t.Errorf("%d of 20 mails arrived", n)
	}
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
		if (err == nil) != ok {
			t.Errorf("%s: %v", raw, err)
		}
		if err != nil && strings.Contains(err.Error(), "topsecret") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestPasswordIsNotSentInTheClear(t *testing.T) {
	target, err := parseTarget("smtp://u:p@mail.example.org:25")
	if err != nil {
		t.Fatal(err)
	}
	server := startServer(t, serverOptions{auth: "PLAIN"})
	target.addr = server.addr // a distant name for the server at hand
	if _, err := target.openConnection(t.Context(), time.Second, time.Now().Add(time.Second)); err == nil ||
		!strings.Contains(err.Error(), "not encrypted") {
		t.Errorf("error %v", err)
	}
}

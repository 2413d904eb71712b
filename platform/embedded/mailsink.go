package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"time"

	"github.com/emersion/go-smtp"

	"lyceum/platform/listener"
)

// maxSunkMail bounds one message; ours are a few kilobytes.
const maxSunkMail = 5 << 20

// MailSink is an SMTP server inside the process that keeps what it is given in a folder instead of
// sending it on, so that a development server mails through the same code as a real one and its
// mails can be read at /dev/mailbox. It listens on loopback only and asks for no password.
type MailSink struct {
	store    *mailStore
	server   *smtp.Server
	listener net.Listener
	done     chan struct{}
}

// NewMailSink starts a sink that keeps its mail in dir, which it creates when missing. What is
// there already, from before a restart or a crash, is listed as before.
func NewMailSink(dir string) (*MailSink, error) {
	store, err := openMailStore(dir)
	if err != nil {
		return nil, fmt.Errorf("mail sink: %w", err)
	}
	ln, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("mail sink: %w", err)
	}
	sink := &MailSink{store: store, listener: ln, done: make(chan struct{})}
	sink.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &sinkSession{store: store}, nil
	}))
	sink.server.Domain = "localhost"
	sink.server.EnableSMTPUTF8 = true
	sink.server.MaxMessageBytes = maxSunkMail
	sink.server.MaxRecipients = 100
	sink.server.ReadTimeout = 5 * time.Minute // longer than a client keeps idle connections
	sink.server.WriteTimeout = 30 * time.Second
	sink.server.ErrorLog = log.New(io.Discard, "", 0) // its faults reach the client as SMTP replies
	go func() {
		defer close(sink.done)
		_ = sink.server.Serve(listener.NewPatient(ln, nil))
	}()
	return sink, nil
}

// URL is what SMTP_URL would be, had somebody configured this server.
func (s *MailSink) URL() string { return "smtp://" + s.listener.Addr().String() }

// List returns the newest messages first, at most limit of them; a limit under one means all that
// are kept.
func (s *MailSink) List(limit int) ([]MailboxMessage, error) { return s.store.list(limit) }

// Close stops listening and hangs up. Every message that was acknowledged is in the folder.
func (s *MailSink) Close() error {
	// The server knows its listener only once Serve has begun; a quick stop must not wait for ever.
	_ = s.listener.Close()
	err := s.server.Close()
	<-s.done
	if errors.Is(err, smtp.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// sinkSession takes one message after the other from one connection.
type sinkSession struct {
	store *mailStore
	from  string
	to    []string
}

// Reset forgets the message at hand.
func (s *sinkSession) Reset() { s.from, s.to = "", nil }

// Logout ends the session; there is nothing to free.
func (s *sinkSession) Logout() error { return nil }

// Mail keeps the envelope's sender.
func (s *sinkSession) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt keeps one recipient of the envelope.
func (s *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

// Data stores the message before it is acknowledged. A folder that can't be written to, a full disk
// say, is a fault that the sender may try again later.
func (s *sinkSession) Data(r io.Reader) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.store.add(s.from, s.to, body); err != nil {
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "the mailbox can't be written to"}
	}
	return nil
}

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

// maxMailBytes bounds one message. Those of the server have a few kilobytes. A larger one is refused
// with 552, so that a mistake does not fill the disk.
const maxMailBytes = 5 << 20

// MailSink is an SMTP server that keeps mails in a directory instead of sending them. A development
// server sends its mails with the same code as one in production, and they can be read at
// /dev/mailbox. The sink listens on loopback and has no password.
type MailSink struct {
	store    *mailStore
	server   *smtp.Server
	listener net.Listener
	// done is closed once the server has ended.
	done chan struct{}
}

// NewMailSink starts a sink that keeps its mails in dir, which it creates if it is missing. Mails
// from before a restart or a crash are still listed. The caller closes the sink.
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
	sink.server.MaxMessageBytes = maxMailBytes
	sink.server.MaxRecipients = 100
	sink.server.ReadTimeout = 5 * time.Minute // longer than a client keeps idle connections
	sink.server.WriteTimeout = 30 * time.Second
	sink.server.ErrorLog = log.New(io.Discard, "", 0) // clients get its errors as SMTP replies
	go func() {
		defer close(sink.done)
		_ = sink.server.Serve(listener.NewPatient(ln, nil))
	}()
	return sink, nil
}

// URL returns the address of the sink in the form of SMTP_URL.
func (s *MailSink) URL() string { return "smtp://" + s.listener.Addr().String() }

// List returns at most limit messages, the newest first. A limit below one means all.
func (s *MailSink) List(limit int) ([]MailboxMessage, error) { return s.store.list(limit) }

// Close stops the server and closes its connections. Every mail that was acknowledged is in the
// directory.
func (s *MailSink) Close() error {
	// The server closes its listener only if Serve has begun, so a quick stop would wait for ever.
	_ = s.listener.Close()
	err := s.server.Close()
	<-s.done
	if errors.Is(err, smtp.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// sinkSession receives messages from one connection, one after another. It implements smtp.Session,
// whose methods are named after the commands of SMTP.
type sinkSession struct {
	store *mailStore
	// from and to are the envelope of the message that has begun.
	from string
	to   []string
}

// Reset forgets the message that was begun.
func (s *sinkSession) Reset() { s.from, s.to = "", nil }

// Logout ends the session. It has nothing to free.
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

// Data stores the message before it is acknowledged. If the directory can't be written to, it
// returns a temporary error, after which the sender tries again later.
func (s *sinkSession) Data(r io.Reader) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.store.add(s.from, s.to, body); err != nil {
		return &smtp.SMTPError{
			Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "the mailbox can't be written to",
		}
	}
	return nil
}

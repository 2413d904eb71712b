package mail

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"os"
	"sync"
	"time"
)

// The bounds of M4, and of the pool. A connection idle for longer than keepIdle is not trusted:
// servers and firewalls drop them, some without a word.
const (
	defaultDialTimeout = 10 * time.Second
	defaultSendTimeout = 30 * time.Second
	defaultPoolSize    = 4
	keepIdle           = 30 * time.Second
	checkTimeout       = 2 * time.Second
)

// SMTP sends mail through one server over a few connections of its own. It speaks net/smtp on
// connections with deadlines, as neither the standard library's SendMail nor the MIME library has
// any. It is safe for concurrent use.
type SMTP struct {
	target      smtpTarget
	dialTimeout time.Duration
	sendTimeout time.Duration
	now         func() time.Time

	slots  chan struct{} // one per connection that may be open
	mu     sync.Mutex
	idle   []*smtpConn
	closed bool
}

// SMTPOption changes a default of NewSMTP.
type SMTPOption func(*SMTP)

// WithTimeouts bounds the dial and the whole send; zero keeps a default.
func WithTimeouts(dial, send time.Duration) SMTPOption {
	return func(s *SMTP) {
		if dial > 0 {
			s.dialTimeout = dial
		}
		if send > 0 {
			s.sendTimeout = send
		}
	}
}

// WithPoolSize sets how many connections may be open at once.
func WithPoolSize(n int) SMTPOption {
	return func(s *SMTP) { s.slots = make(chan struct{}, max(n, 1)) }
}

// WithHello names this server to others: the host of a URL, as a name or an address. Without it the machine's own name is used.
func WithHello(publicURL string) SMTPOption {
	return func(s *SMTP) { s.target.hello = helloName(publicURL) }
}

// NewSMTP makes a sender from smtp://user:pass@host:port or smtps://…; ?starttls=required refuses
// servers without encryption, ?starttls=off never asks for it, and without either it is used when
// offered. Nothing is dialled yet. Errors never repeat the URL.
func NewSMTP(rawURL string, opts ...SMTPOption) (*SMTP, error) {
	target, err := parseTarget(rawURL)
	if err != nil {
		return nil, fmt.Errorf("mail: SMTP URL: %w", err)
	}
	s := &SMTP{
		target:      target,
		dialTimeout: defaultDialTimeout,
		sendTimeout: defaultSendTimeout,
		now:         time.Now,
		slots:       make(chan struct{}, defaultPoolSize),
	}
	for _, opt := range opts {
		opt(s)
	}
	return s, nil
}

// Send delivers one mail to the server, which has taken it when Send returns nil. When the answer
// is lost the mail may have been taken all the same; its Message-ID tells the copies apart.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	env, err := newEnvelope(m, s.now())
	if err != nil {
		return err
	}
	return s.with(ctx, func(c *smtpConn) error { return c.deliver(env) })
}

// Ping shows that the server answers, lets us sign in and encrypts as asked.
func (s *SMTP) Ping(ctx context.Context) error {
	return s.with(ctx, func(*smtpConn) error { return nil })
}

// Close drops the idle connections; those in use end with their mail.
func (s *SMTP) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, c := range s.idle {
		c.close()
	}
	s.idle = nil
	return nil
}

// with runs do on a healthy connection and keeps that one if it is still usable afterwards.
func (s *SMTP) with(ctx context.Context, do func(*smtpConn) error) error {
	deadline := time.Now().Add(s.sendTimeout)
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return fmt.Errorf("mail: all connections are busy: %w", ctx.Err())
	}
	c, err := s.acquire(ctx, deadline)
	if err != nil {
		return withCause(ctx, err)
	}
	stop := c.guard(ctx, deadline)
	err = do(c)
	stop()
	s.release(ctx, c, err)
	return withCause(ctx, err)
}

// acquire takes the connection used last, if it still answers, or opens one.
func (s *SMTP) acquire(ctx context.Context, deadline time.Time) (*smtpConn, error) {
	for c := s.pop(); c != nil; c = s.pop() {
		check := time.Now().Add(min(checkTimeout, s.sendTimeout/4))
		stop := c.guard(ctx, check)
		ok := time.Since(c.idleAt) < keepIdle && c.alive()
		stop()
		if ok && ctx.Err() == nil {
			return c, nil
		}
		c.close()
	}
	return s.target.connect(ctx, s.dialTimeout, deadline)
}

func (s *SMTP) pop() *smtpConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.idle) == 0 {
		return nil
	}
	c := s.idle[len(s.idle)-1]
	s.idle = s.idle[:len(s.idle)-1]
	return c
}

// release keeps the connection after a success and after a plain refusal. After 421 the server
// hangs up, and after a fault of the connection nobody knows what it would answer to.
func (s *SMTP) release(ctx context.Context, c *smtpConn, err error) {
	var r *refusedError
	usable := err == nil || (errors.As(err, &r) && r.code != 421)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !usable || s.closed || ctx.Err() != nil {
		c.close()
		return
	}
	c.idleAt = time.Now()
	s.idle = append(s.idle, c)
}

// deliver speaks one mail. Every reply of the server to it is kept with its code.
func (c *smtpConn) deliver(env envelope) error {
	if ok, _ := c.client.Extension("SMTPUTF8"); env.utf8 && !ok {
		at := stageRecipient
		if ascii(env.to) {
			at = stageSender
		}
		return &refusedError{stage: at, code: 550, text: "the server takes no addresses beyond ASCII"}
	}
	if err := c.client.Mail(env.from); err != nil {
		return refused(stageSender, err)
	}
	if err := c.client.Rcpt(env.to); err != nil {
		return refused(stageRecipient, err)
	}
	w, err := c.client.Data()
	if err != nil {
		return refused(stageData, err)
	}
	if _, err := w.Write(env.data); err != nil {
		return fmt.Errorf("mail: write: %w", err)
	}
	if err := w.Close(); err != nil {
		return refused(stageData, err)
	}
	return nil
}

// withCause says that time ran out, or that the caller gave up, where the connection's own error
// would speak of a deadline that nobody but this package knows of.
func withCause(ctx context.Context, err error) error {
	var reply *textproto.Error
	var r *refusedError
	if err == nil || errors.As(err, &reply) || errors.As(err, &r) {
		return err
	}
	cause := ctx.Err()
	if cause == nil && errors.Is(err, os.ErrDeadlineExceeded) {
		cause = context.DeadlineExceeded // the connection's clock was a moment ahead
	}
	if cause == nil || errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w (%w)", err, cause)
}

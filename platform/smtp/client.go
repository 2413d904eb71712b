package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/textproto"
	"os"
	"sync"
	"time"

	"lyceum/platform/telemetry"
)

// Bounds of a client. A connection that was idle for longer than maxIdleTime is not used again:
// servers and firewalls drop idle connections, some without telling the client. checkTimeout is how
// long an idle connection may take to show that it still works.
const (
	defaultDialTimeout = 10 * time.Second
	defaultSendTimeout = 30 * time.Second
	defaultPoolSize    = 4
	maxIdleTime        = 30 * time.Second
	checkTimeout       = 2 * time.Second
)

// Client sends mails through one server over a pool of connections. It implements Sender and is
// safe for concurrent use. Close it to drop the idle connections.
type Client struct {
	target      target
	dialTimeout time.Duration
	sendTimeout time.Duration
	now         func() time.Time

	// slots holds one value for each connection in use.
	slots chan struct{}

	mu sync.Mutex
	// idle has the connection that was used last at its end.
	idle   []*connection
	closed bool
}

var _ Sender = (*Client)(nil)

// Option changes a default of NewClient.
type Option func(*Client)

// WithTimeouts sets how long dialing (10 s) and a whole send (30 s) may take. Zero keeps the
// default in parentheses.
func WithTimeouts(dial, send time.Duration) Option {
	return func(c *Client) {
		if dial > 0 {
			c.dialTimeout = dial
		}
		if send > 0 {
			c.sendTimeout = send
		}
	}
}

// WithPoolSize sets how many connections may be in use at once, at least one. The default is 4.
func WithPoolSize(n int) Option {
	return func(c *Client) { c.slots = make(chan struct{}, max(n, 1)) }
}

// WithHello sets the name with which the client introduces itself in EHLO: the host of publicURL.
// The default is the name of the machine.
func WithHello(publicURL string) Option {
	return func(c *Client) { c.target.hello = helloName(publicURL) }
}

// NewClient returns a client for smtp://user:pass@host:port or smtps://user:pass@host:port. With
// ?starttls=required it refuses servers that offer no encryption; with ?starttls=off it never
// encrypts; by default it encrypts if the server offers it. It does not connect. It returns an
// error for any other URL, and the error does not repeat the URL.
func NewClient(rawURL string, opts ...Option) (*Client, error) {
	target, err := parseTarget(rawURL)
	if err != nil {
		return nil, fmt.Errorf("smtp: SMTP URL: %w", err)
	}
	c := &Client{
		target:      target,
		dialTimeout: defaultDialTimeout,
		sendTimeout: defaultSendTimeout,
		now:         time.Now,
		slots:       make(chan struct{}, defaultPoolSize),
	}
	for _, opt := range opts {
		opt(c)
	}
	return c, nil
}

// Send delivers one mail to the server. If it returns nil, the server has accepted the mail. If the
// answer of the server is lost, Send returns an error although the server may have accepted the
// mail; the Message-ID identifies the copy.
func (c *Client) Send(ctx context.Context, m Message) (err error) {
	ctx, span := c.startSpan(ctx)
	defer func() { telemetry.EndSpan(span, err) }()
	env, err := newEnvelope(m, c.now())
	if err != nil {
		return err
	}
	return c.withConnection(ctx, func(conn *connection) error { return conn.deliverMail(env) })
}

// Ping returns nil if the server answers, encrypts as configured and accepts the sign-in.
func (c *Client) Ping(ctx context.Context) error {
	return c.withConnection(ctx, func(*connection) error { return nil })
}

// TLSState signs in like Ping and returns the state of the encryption, or nil if the connection is not encrypted.
func (c *Client) TLSState(ctx context.Context) (state *tls.ConnectionState, err error) {
	err = c.withConnection(ctx, func(conn *connection) error {
		if found, ok := conn.client.TLSConnectionState(); ok {
			state = &found
		}
		return nil
	})
	return state, err
}

// IsLocal reports whether the server is on this machine.
func (c *Client) IsLocal() bool { return c.target.isLoopback() }

// Close closes the idle connections. Connections in use are closed after their mail.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, conn := range c.idle {
		conn.close()
	}
	c.idle = nil
	return nil
}

// withConnection calls do with a working connection and returns the connection to the pool if it is
// still usable. It waits while the pool is in use. All of it ends after sendTimeout or with ctx.
func (c *Client) withConnection(ctx context.Context, do func(*connection) error) error {
	deadline := time.Now().Add(c.sendTimeout)
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return fmt.Errorf("smtp: all connections are busy: %w", ctx.Err())
	}
	conn, err := c.acquireConnection(ctx, deadline)
	if err != nil {
		return withContextError(ctx, err)
	}
	stop := conn.limitTime(ctx, deadline)
	err = do(conn)
	stop()
	c.releaseConnection(ctx, conn, err)
	return withContextError(ctx, err)
}

// acquireConnection returns the idle connection that was used last and still answers, or opens a
// new one. It closes idle connections that do not answer.
func (c *Client) acquireConnection(ctx context.Context, deadline time.Time) (*connection, error) {
	for conn := c.popIdle(); conn != nil; conn = c.popIdle() {
		check := time.Now().Add(min(checkTimeout, c.sendTimeout/4))
		stop := conn.limitTime(ctx, check)
		ok := time.Since(conn.idleAt) < maxIdleTime && conn.isAlive()
		stop()
		if ok && ctx.Err() == nil {
			return conn, nil
		}
		conn.close()
	}
	return c.target.openConnection(ctx, c.dialTimeout, deadline)
}

// popIdle removes and returns the idle connection that was used last, or nil if there is none.
func (c *Client) popIdle() *connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.idle) == 0 {
		return nil
	}
	conn := c.idle[len(c.idle)-1]
	c.idle = c.idle[:len(c.idle)-1]
	return conn
}

// releaseConnection returns the connection to the pool after a success or a refusal of the mail. It
// closes the connection after 421, because the server hangs up, and after any other error, because
// the state of the dialogue is unknown.
func (c *Client) releaseConnection(ctx context.Context, conn *connection, err error) {
	var r *refusedError
	usable := err == nil || (errors.As(err, &r) && r.code != 421)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !usable || c.closed || ctx.Err() != nil {
		conn.close()
		return
	}
	conn.idleAt = time.Now()
	c.idle = append(c.idle, conn)
}

// deliverMail sends one mail over the connection. It returns a *refusedError if the server refuses
// the sender, the recipient or the content.
func (c *connection) deliverMail(env envelope) error {
	if ok, _ := c.client.Extension("SMTPUTF8"); env.utf8 && !ok {
		at := stageRecipient
		if isASCII(env.to) {
			at = stageSender
		}
		return &refusedError{stage: at, code: 550, text: "the server takes no addresses beyond ASCII"}
	}
	if err := c.client.Mail(env.from); err != nil {
		return wrapRefusal(stageSender, err)
	}
	if err := c.client.Rcpt(env.to); err != nil {
		return wrapRefusal(stageRecipient, err)
	}
	w, err := c.client.Data()
	if err != nil {
		return wrapRefusal(stageData, err)
	}
	if _, err := w.Write(env.data); err != nil {
		return fmt.Errorf("smtp: write: %w", err)
	}
	if err := w.Close(); err != nil {
		return wrapRefusal(stageData, err)
	}
	return nil
}

// withContextError adds the error of ctx to an error of the connection. The caller set no deadline
// on the connection and could not interpret its error alone. It returns a reply of the server
// unchanged.
func withContextError(ctx context.Context, err error) error {
	var reply *textproto.Error
	var r *refusedError
	if err == nil || errors.As(err, &reply) || errors.As(err, &r) {
		return err
	}
	cause := ctx.Err()
	if cause == nil && errors.Is(err, os.ErrDeadlineExceeded) {
		cause = context.DeadlineExceeded // the connection's deadline fired a moment before the context's
	}
	if cause == nil || errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w (%w)", err, cause)
}

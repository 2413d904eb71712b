package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/smtp"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// smtpConn is one connection that has said hello, is encrypted as configured and signed in.
type smtpConn struct {
	conn   net.Conn
	client *smtp.Client
	idleAt time.Time
}

// guard bounds everything that happens on the connection until stop is called: by the deadline,
// and by the end of ctx, which makes a blocked read return at once. net/smtp knows no contexts.
func (c *smtpConn) guard(ctx context.Context, deadline time.Time) (stop func()) {
	conn := c.conn // greet may wrap it meanwhile
	_ = conn.SetDeadline(deadline)
	release := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return func() { release() }
}

// alive asks the server to forget a half-done mail, which shows besides that it still listens.
func (c *smtpConn) alive() bool { return c.client.Reset() == nil }

func (c *smtpConn) close() { _ = c.conn.Close() }

// connect dials, encrypts and signs in, all before deadline.
func (t *smtpTarget) connect(ctx context.Context, dialTimeout time.Duration, deadline time.Time) (*smtpConn, error) {
	dialer := &net.Dialer{Timeout: min(dialTimeout, time.Until(deadline))}
	conn, err := dialer.DialContext(ctx, "tcp", t.addr)
	if err != nil {
		return nil, fmt.Errorf("mail: connect: %w", err)
	}
	c := &smtpConn{conn: conn}
	stop := c.guard(ctx, deadline)
	defer stop()
	if err := t.greet(ctx, c); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (t *smtpTarget) greet(ctx context.Context, c *smtpConn) error {
	if t.mode == tlsAtOnce {
		secure := tls.Client(c.conn, t.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			return fmt.Errorf("mail: TLS: %w", err)
		}
		c.conn = secure
	}
	client, err := smtp.NewClient(c.conn, t.host)
	if err != nil {
		return fmt.Errorf("mail: greeting: %w", err)
	}
	c.client = client
	if err := client.Hello(t.hello); err != nil {
		return fmt.Errorf("mail: hello: %w", err)
	}
	if err := t.startTLS(client); err != nil {
		return err
	}
	return t.signIn(client)
}

// startTLS refuses to go on in the clear when encryption is required: a middleman who hides the
// offer must not get to read the mail.
func (t *smtpTarget) startTLS(client *smtp.Client) error {
	if t.mode == tlsAtOnce || t.mode == tlsNever {
		return nil
	}
	if offered, _ := client.Extension("STARTTLS"); !offered {
		if t.mode == tlsRequired {
			return errors.New("mail: the server offers no STARTTLS, which starttls=required asks for")
		}
		return nil
	}
	if err := client.StartTLS(t.tls); err != nil {
		return fmt.Errorf("mail: STARTTLS: %w", err)
	}
	return nil
}

// signIn sends credentials only where nobody can read them: encrypted, to this machine itself, or
// where the operator wrote starttls=off. A server that hides AUTH gets no mail either.
func (t *smtpTarget) signIn(client *smtp.Client) error {
	if t.user == "" {
		return nil
	}
	if _, encrypted := client.TLSConnectionState(); !encrypted && !t.loopback() && t.mode != tlsNever {
		return errors.New("mail: the connection is not encrypted, so the password is not sent (starttls=off allows it)")
	}
	offered, mechanisms := client.Extension("AUTH")
	if !offered {
		return errors.New("mail: a user is configured, but the server offers no AUTH")
	}
	auth := &passwordAuth{user: t.user, password: t.password}
	if !hasWord(mechanisms, "PLAIN") && hasWord(mechanisms, "LOGIN") {
		auth.login = true
	}
	if err := client.Auth(auth); err != nil {
		return fmt.Errorf("mail: sign in: %w", err)
	}
	return nil
}

// passwordAuth speaks PLAIN, or LOGIN where that is all there is. It is our own because the
// standard library's refuses hosts by name and knows no LOGIN; signIn has checked the connection.
type passwordAuth struct {
	user, password string
	login          bool
}

// Start begins the exchange.
func (a *passwordAuth) Start(*smtp.ServerInfo) (string, []byte, error) {
	if a.login {
		return "LOGIN", nil, nil
	}
	return "PLAIN", []byte("\x00" + a.user + "\x00" + a.password), nil
}

// Next answers the server's questions, which only LOGIN has.
func (a *passwordAuth) Next(question []byte, more bool) ([]byte, error) {
	switch q := strings.ToLower(string(question)); {
	case !more:
		return nil, nil
	case a.login && strings.HasPrefix(q, "user"):
		return []byte(a.user), nil
	case a.login && strings.HasPrefix(q, "pass"):
		return []byte(a.password), nil
	}
	return nil, errors.New("the server asked something unexpected")
}

func hasWord(list, word string) bool {
	for _, w := range strings.Fields(list) {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}

var hostname = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$`)

// helloName returns the host of a URL in the form of EHLO (RFC 5321 4.1.1.1): a name in ASCII, or an address in brackets.
func helloName(publicURL string) string {
	u, err := url.Parse(publicURL)
	if err != nil {
		return localName()
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if ip = ip.WithZone(""); ip.Unmap().Is4() {
			return "[" + ip.Unmap().String() + "]"
		}
		return "[IPv6:" + ip.String() + "]"
	}
	name, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil || !hostname.MatchString(name) {
		return localName()
	}
	return name
}

// localName is how we introduce ourselves; a machine with an odd name says localhost.
func localName() string {
	if name, err := os.Hostname(); err == nil && hostname.MatchString(name) {
		return name
	}
	return "localhost"
}

package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	netsmtp "net/smtp"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// connection is a connection to the server that is encrypted as configured and signed in.
type connection struct {
	conn   net.Conn
	client *netsmtp.Client
	// idleAt is the time at which the connection returned to the pool.
	idleAt time.Time
}

// limitTime makes reads and writes of the connection fail after the deadline and as soon as ctx
// ends, even if they are blocked, until stop is called. net/smtp takes no context.
func (c *connection) limitTime(ctx context.Context, deadline time.Time) (stop func()) {
	conn := c.conn // startSession may replace c.conn by its TLS wrapper meanwhile
	_ = conn.SetDeadline(deadline)
	release := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return func() { release() }
}

// isAlive reports whether the server answers RSET, which also drops a mail that was begun.
func (c *connection) isAlive() bool { return c.client.Reset() == nil }

// close closes the connection without a QUIT, which could block.
func (c *connection) close() { _ = c.conn.Close() }

// openConnection returns a connection that is encrypted and signed in. All of it happens before the
// deadline.
func (t *target) openConnection(
	ctx context.Context, dialTimeout time.Duration, deadline time.Time,
) (*connection, error) {
	dialer := &net.Dialer{Timeout: min(dialTimeout, time.Until(deadline))}
	conn, err := dialer.DialContext(ctx, "tcp", t.addr)
	if err != nil {
		return nil, fmt.Errorf("smtp: connect: %w", err)
	}
	c := &connection{conn: conn}
	stop := c.limitTime(ctx, deadline)
	defer stop()
	if err := t.startSession(ctx, c); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// startSession reads the greeting of the server, introduces the client, encrypts and signs in.
func (t *target) startSession(ctx context.Context, c *connection) error {
	if t.mode == tlsAtOnce {
		secure := tls.Client(c.conn, t.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			return fmt.Errorf("smtp: TLS: %w", err)
		}
		c.conn = secure
	}
	client, err := netsmtp.NewClient(c.conn, t.host)
	if err != nil {
		return fmt.Errorf("smtp: greeting: %w", err)
	}
	c.client = client
	if err := client.Hello(t.hello); err != nil {
		return fmt.Errorf("smtp: hello: %w", err)
	}
	if err := t.startTLS(client); err != nil {
		return err
	}
	return t.signIn(client)
}

// startTLS encrypts the connection if the server offers it. It returns an error if encryption is
// required and not offered: an attacker on the way could hide the offer to read the mail.
func (t *target) startTLS(client *netsmtp.Client) error {
	if t.mode == tlsAtOnce || t.mode == tlsNever {
		return nil
	}
	if offered, _ := client.Extension("STARTTLS"); !offered {
		if t.mode == tlsRequired {
			return errors.New("smtp: the server offers no STARTTLS, which starttls=required asks for")
		}
		return nil
	}
	if err := client.StartTLS(t.tls); err != nil {
		return fmt.Errorf("smtp: STARTTLS: %w", err)
	}
	return nil
}

// signIn sends the configured credentials. It returns an error, and sends nothing, if the
// connection is not encrypted, unless the server is on this machine or the operator wrote
// starttls=off. It also returns an error if the server offers no AUTH.
func (t *target) signIn(client *netsmtp.Client) error {
	if t.user == "" {
		return nil
	}
	if _, encrypted := client.TLSConnectionState(); !encrypted && !t.isLoopback() && t.mode != tlsNever {
		return errors.New("smtp: the connection is not encrypted, so the password is not sent (starttls=off allows it)")
	}
	offered, mechanisms := client.Extension("AUTH")
	if !offered {
		return errors.New("smtp: a user is configured, but the server offers no AUTH")
	}
	auth := &passwordAuth{user: t.user, password: t.password}
	if !hasWord(mechanisms, "PLAIN") && hasWord(mechanisms, "LOGIN") {
		auth.login = true
	}
	if err := client.Auth(auth); err != nil {
		return fmt.Errorf("smtp: sign in: %w", err)
	}
	return nil
}

// passwordAuth implements PLAIN, and LOGIN for servers that offer nothing else. It replaces the
// standard library's, which refuses unencrypted connections by host name and has no LOGIN; signIn
// has checked the connection before.
type passwordAuth struct {
	user, password string
	login          bool
}

// Start returns the mechanism and, for PLAIN, the credentials.
func (a *passwordAuth) Start(*netsmtp.ServerInfo) (string, []byte, error) {
	if a.login {
		return "LOGIN", nil, nil
	}
	return "PLAIN", []byte("\x00" + a.user + "\x00" + a.password), nil
}

// Next answers a question of the server. Only LOGIN has questions: for the user and for the
// password.
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

// hasWord reports whether a list of words separated by spaces has the word, in upper or lower case.
func hasWord(list, word string) bool {
	for _, w := range strings.Fields(list) {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}

// hostname matches a host name in ASCII of at most 254 bytes.
var hostname = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$`)

// helloName returns the host of a URL in the form of EHLO (RFC 5321 §4.1.1.1): a name in ASCII, or
// an address in brackets. It returns localName if the URL has no such host.
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

// localName returns the name of the machine, or "localhost" if that is not a host name.
func localName() string {
	if name, err := os.Hostname(); err == nil && hostname.MatchString(name) {
		return name
	}
	return "localhost"
}

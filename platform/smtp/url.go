package smtp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"lyceum/platform/text"
)

// tlsMode is the rule for encrypting the connection.
type tlsMode int

const (
	tlsIfOffered tlsMode = iota // smtp://: STARTTLS if the server offers it
	tlsRequired                 // ?starttls=required: an error if the server does not offer STARTTLS
	tlsNever                    // ?starttls=off: never, even for the password
	tlsAtOnce                   // smtps://: encrypted from the first byte
)

// target is the server of a client and how to reach it, parsed from a URL.
type target struct {
	host, addr     string
	user, password string
	mode           tlsMode
	tls            *tls.Config
	// hello is the name of this client in EHLO.
	hello string
}

// parseTarget parses the URL of a server; see NewClient. Its errors do not repeat the URL, which
// may hold a password.
func parseTarget(raw string) (target, error) {
	if err := checkUserinfo(raw); err != nil {
		return target{}, err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return target{}, errors.New("not a URL (accepted: smtp://user:pass@host:port?starttls=required, smtps://…)")
	}
	t := target{host: u.Hostname(), hello: localName()}
	port := u.Port()
	switch u.Scheme {
	case "smtp":
		if port == "" {
			port = "587"
		}
	case "smtps":
		t.mode = tlsAtOnce
		if port == "" {
			port = "465"
		}
	default:
		return target{}, fmt.Errorf("scheme %q (accepted: smtp, smtps)", text.Shorten(u.Scheme, maxReplyBytes))
	}
	if t.host == "" || (u.Path != "" && u.Path != "/") || u.Fragment != "" {
		return target{}, errors.New("expected a host and a port, nothing after them but ?starttls=")
	}
	if u.User != nil {
		t.user = u.User.Username()
		t.password, _ = u.User.Password()
	}
	if err := t.applyQuery(u.Query()); err != nil {
		return target{}, err
	}
	t.addr = net.JoinHostPort(t.host, port)
	t.tls = &tls.Config{ServerName: t.host, MinVersion: tls.VersionTLS12}
	return t, nil
}

// checkUserinfo returns an error that names the first character of the user name or password that
// has a meaning in URLs, and its percent-encoded form. A URL parser would end the password there
// and report something less helpful.
func checkUserinfo(raw string) error {
	_, rest, ok := strings.Cut(raw, "://")
	end := strings.LastIndexByte(rest, '@')
	if !ok || end < 0 {
		return nil
	}
	userinfo := rest[:end]
	if i := strings.IndexAny(userinfo, "#/?@[] "); i >= 0 {
		return fmt.Errorf("the user name or password has a %q, which is written as %%%02X "+
			"(accepted: smtp://user:pass@host:port, with everything but letters, digits and -._~ "+
			"in user and pass percent-encoded)", userinfo[i], userinfo[i])
	}
	if _, err := url.PathUnescape(userinfo); err != nil {
		return errors.New(`the user name or password has a "%" that begins no percent-encoded character; ` +
			"a percent sign is written as %25")
	}
	return nil
}

// applyQuery sets the mode from the parameter starttls. It returns an error for any other
// parameter, so that a mistyped one does not leave mail unencrypted.
func (t *target) applyQuery(q url.Values) error {
	for key, values := range q {
		if key != "starttls" {
			return fmt.Errorf("unknown parameter %q (accepted: starttls)", text.Shorten(key, maxReplyBytes))
		}
		switch v := strings.Join(values, ","); {
		case t.mode == tlsAtOnce && v != "required":
			return errors.New("smtps is always encrypted (accepted: no starttls, starttls=required)")
		case t.mode == tlsAtOnce: // stricter already
		case v == "required":
			t.mode = tlsRequired
		case v == "off":
			t.mode = tlsNever
		case v != "optional":
			return fmt.Errorf("starttls=%q (accepted: required, optional, off)", text.Shorten(v, maxReplyBytes))
		}
	}
	return nil
}

// isLoopback reports whether the server is on this machine, so that no network carries the
// password.
func (t *target) isLoopback() bool {
	ip := net.ParseIP(t.host)
	return t.host == "localhost" || (ip != nil && ip.IsLoopback())
}

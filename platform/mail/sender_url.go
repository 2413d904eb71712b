package mail

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// tlsMode says when the connection must be encrypted.
type tlsMode int

const (
	tlsIfOffered tlsMode = iota // smtp:// as it is: STARTTLS when the server offers it
	tlsRequired                 // ?starttls=required: no STARTTLS, no mail
	tlsNever                    // ?starttls=off: said out loud by the operator
	tlsAtOnce                   // smtps://
)

// smtpTarget is a parsed SMTP_URL.
type smtpTarget struct {
	host, addr     string
	user, password string
	mode           tlsMode
	tls            *tls.Config
	// hello is how we introduce ourselves.
	hello string
}

// parseTarget never repeats the URL in an error: it may hold a password.
func parseTarget(raw string) (smtpTarget, error) {
	if err := checkUserinfo(raw); err != nil {
		return smtpTarget{}, err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return smtpTarget{}, errors.New("not a URL (accepted: smtp://user:pass@host:port?starttls=required, smtps://…)")
	}
	t := smtpTarget{host: u.Hostname(), hello: localName()}
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
		return smtpTarget{}, fmt.Errorf("scheme %q (accepted: smtp, smtps)", clip(u.Scheme))
	}
	if t.host == "" || (u.Path != "" && u.Path != "/") || u.Fragment != "" {
		return smtpTarget{}, errors.New("expected a host and a port, nothing after them but ?starttls=")
	}
	if u.User != nil {
		t.user = u.User.Username()
		t.password, _ = u.User.Password()
	}
	if err := t.setQuery(u.Query()); err != nil {
		return smtpTarget{}, err
	}
	t.addr = net.JoinHostPort(t.host, port)
	t.tls = &tls.Config{ServerName: t.host, MinVersion: tls.VersionTLS12}
	return t, nil
}

// checkUserinfo names the character of a user name or password that ends it for whoever reads the URL, and how to write it.
func checkUserinfo(raw string) error {
	_, rest, ok := strings.Cut(raw, "://")
	end := strings.LastIndexByte(rest, '@')
	if !ok || end < 0 {
		return nil
	}
	userinfo := rest[:end]
	if i := strings.IndexAny(userinfo, "#/?@[] "); i >= 0 {
		return fmt.Errorf("the user name or password has a %q, which is written as %%%02X (accepted: smtp://user:pass@host:port, with "+
			"everything but letters, digits and -._~ in user and pass percent-encoded)", userinfo[i], userinfo[i])
	}
	if _, err := url.PathUnescape(userinfo); err != nil {
		return errors.New("the user name or password has a \"%\" that begins no percent-encoded character; a percent sign is written as %25")
	}
	return nil
}

func (t *smtpTarget) setQuery(q url.Values) error {
	for key, values := range q {
		if key != "starttls" {
			return fmt.Errorf("unknown parameter %q (accepted: starttls)", clip(key))
		}
		switch v := strings.Join(values, ","); {
		case t.mode == tlsAtOnce && v != "required":
			return errors.New("smtps is encrypted from the start: starttls can't loosen it")
		case t.mode == tlsAtOnce: // already stricter than asked
		case v == "required":
			t.mode = tlsRequired
		case v == "off":
			t.mode = tlsNever
		case v != "optional":
			return fmt.Errorf("starttls=%q (accepted: required, optional, off)", clip(v))
		}
	}
	return nil
}

// loopback tells whether the server is on this machine, where nobody listens on the way.
func (t *smtpTarget) loopback() bool {
	ip := net.ParseIP(t.host)
	return t.host == "localhost" || (ip != nil && ip.IsLoopback())
}

package smtp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// serverOptions says how the test server behaves.
type serverOptions struct {
	auth     string         // mechanism that is demanded; user robot, password s3cret-word
	tls      bool           // offers STARTTLS
	implicit bool           // encrypted from the first byte
	refuse   map[string]int // reply to these recipients
}

type receivedMail struct {
	from, to  string
	data      []byte
	encrypted bool
}

// testServer is a real SMTP server in the process.
type testServer struct {
	opts  serverOptions
	addr  string
	cert  tls.Certificate
	roots *x509.CertPool

	mu     sync.Mutex
	mails  []receivedMail
	opened int
	server *smtp.Server
}

func startServer(t *testing.T, opts serverOptions) *testServer {
	t.Helper()
	s := &testServer{opts: opts, addr: "127.0.0.1:0"}
	if opts.tls {
		s.makeCertificate(t)
	}
	s.restart(t)
	t.Cleanup(s.stop)
	return s
}

// restart listens at the address of before.
func (s *testServer) restart(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", s.addr)
	require.NoError(t, err)
	s.addr = listener.Addr().String()
	server := smtp.NewServer(s)
	server.Domain = "localhost"
	server.AllowInsecureAuth = true
	server.ErrorLog = silentLogger{}
	if s.opts.tls {
		config := &tls.Config{Certificates: []tls.Certificate{s.cert}}
		if s.opts.implicit {
			listener = tls.NewListener(listener, config)
		} else {
			server.TLSConfig = config
		}
	}
	s.server = server
	go func() { _ = server.Serve(listener) }()
}

func (s *testServer) stop() { _ = s.server.Close() }

func (s *testServer) url(userinfo string) string {
	scheme := "smtp"
	if s.opts.implicit {
		scheme = "smtps"
	}
	return fmt.Sprintf("%s://%s%s", scheme, userinfo, s.addr)
}

func (s *testServer) mailCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.mails)
}

func (s *testServer) connectionCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

func (s *testServer) onlyMail(t *testing.T) receivedMail {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Len(t, s.mails, 1)
	return s.mails[0]
}

func (s *testServer) makeCertificate(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	s.cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	s.roots = x509.NewCertPool()
	s.roots.AddCert(parsed)
}

// NewSession counts connections; smtp.Backend.
func (s *testServer) NewSession(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	_, encrypted := c.TLSConnectionState()
	session := &testSession{server: s, encrypted: encrypted}
	if s.opts.auth != "" {
		return &authSession{testSession: session}, nil
	}
	return session, nil
}

type testSession struct {
	server    *testServer
	encrypted bool
	signedIn  bool
	from, to  string
}

func (s *testSession) Reset()        {}
func (s *testSession) Logout() error { return nil }

func (s *testSession) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.opts.auth != "" && !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *testSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if code := s.server.opts.refuse[to]; code != 0 {
		return &smtp.SMTPError{Code: code, Message: "no"}
	}
	s.to = to
	return nil
}

func (s *testSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, receivedMail{from: s.from, to: s.to, data: data, encrypted: s.encrypted})
	return nil
}

// authSession is a session that demands the one mechanism of the options.
type authSession struct{ *testSession }

func (s *authSession) AuthMechanisms() []string { return []string{s.server.opts.auth} }

func (s *authSession) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != "robot" || password != "s3cret-word" {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}
	if mechanism == sasl.Plain {
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	}
	return &loginServer{check: check}, nil
}

// loginServer is the server side of LOGIN, which go-sasl leaves out.
type loginServer struct {
	check func(user, password string) error
	step  int
	user  string
}

func (l *loginServer) Next(answer []byte) ([]byte, bool, error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(answer)
		return []byte("Password:"), false, nil
	case 3:
		return nil, true, l.check(l.user, string(answer))
	}
	return nil, false, errors.New("too many answers")
}

type silentLogger struct{}

func (silentLogger) Printf(string, ...any) {}
func (silentLogger) Println(...any)        {}

func newSender(t *testing.T, url string, opts ...Option) *Client {
	t.Helper()
	s, err := NewClient(url, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func decodeHeader(t *testing.T, s string) string {
	t.Helper()
	got, err := new(mime.WordDecoder).DecodeHeader(s)
	require.NoError(t, err)
	return got
}

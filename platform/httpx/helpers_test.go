package httpx

import (
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/identity/identitytest"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/telemetry"
	"lyceum/platform/tempfile"
	"lyceum/platform/tokens"
)

// accountIDs has the id of an account for each role. It is the id of the account's session, too.
var accountIDs = map[identity.Role]string{
	identitytest.User: ids.New(), identitytest.Member: ids.New(), identitytest.Admin: ids.New(),
}

type accounts struct{}

func (accounts) Session(_ context.Context, id string) (string, bool, error) { return id, true, nil }

func (accounts) Account(_ context.Context, id string) (identity.Account, bool, error) {
	for role, known := range accountIDs {
		if id == known {
			return identity.Account{Role: role, Active: true}, true, nil
		}
	}
	return identity.Account{}, false, nil
}

func (accounts) Subscribe(string, func(string)) func() { return func() {} }
func (accounts) IsHealthy() bool                       { return true }

// site is a server with some routes on a port of its own.
type site struct {
	t       *testing.T
	server  *Server
	address string
	issuer  *tokens.Tokens
	metrics *telemetry.Metrics
}

// newSite serves routes. change may alter the options.
func newSite(t *testing.T, routes []Route, change func(*Options)) *site {
	t.Helper()
	keys, err := keyring.Open(t.TempDir(), time.Hour)
	require.NoError(t, err)
	scratch, err := tempfile.Open(t.TempDir())
	require.NoError(t, err)
	s := &site{
		t: t, issuer: tokens.NewTokens(keys, "http://lyceum.test", time.Hour, clock.System{}),
		metrics: telemetry.NewMetrics(),
	}
	options := Options{
		PublicURL: "http://lyceum.test", Keys: keys, Clock: clock.System{}, Metrics: s.metrics, Scratch: scratch,
		Authenticator: NewAuthenticator(tokens.NewAuthenticator(s.issuer, accounts{}, accounts{}, accounts{}),
			"http://lyceum.test", []string{"https://app.test"}),
	}
	if change != nil {
		change(&options)
	}
	s.server, err = New(options, []Table{{Module: "test", Routes: routes}})
	require.NoError(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.address = ln.Addr().String()
	go func() { _ = s.server.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.server.Shutdown(ctx)
	})
	return s
}

type reply struct {
	status int
	header http.Header
	body   string
}

// send makes a request; headers come in pairs.
func (s *site) send(method, path, body string, headers ...string) reply {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.address+path, strings.NewReader(body))
	require.NoError(s.t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(s.t, err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(s.t, err)
	return reply{answer.StatusCode, answer.Header, string(raw)}
}

// faultyPlaces returns the locations in the errors of a validation problem.
func (r reply) faultyPlaces() (places []string) {
	for _, m := range regexp.MustCompile(`"location":"([^"]+)"`).FindAllStringSubmatch(r.body, -1) {
		places = append(places, m[1])
	}
	return places
}

// tokenOf returns the Authorization header of an account with a role.
func (s *site) tokenOf(role identity.Role) string {
	s.t.Helper()
	token, _, err := s.issuer.IssueToken(accountIDs[role], accountIDs[role], role)
	require.NoError(s.t, err)
	return "Bearer " + token
}

// raw sends bytes as they are and returns the first line of the answer.
func (s *site) raw(request string) string {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.address)
	require.NoError(s.t, err)
	defer conn.Close()
	require.NoError(s.t, conn.SetDeadline(time.Now().Add(5*time.Second)))
	_, err = io.WriteString(conn, request)
	require.NoError(s.t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(s.t, err)
	line, _, _ := strings.Cut(string(answer), "\r\n")
	return line
}

// methods returns how many answers were counted by method.
func (s *site) methods() map[string]uint64 {
	s.t.Helper()
	families, err := s.metrics.Registry.Gather()
	require.NoError(s.t, err)
	counts := map[string]uint64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			for _, label := range metric.GetLabel() {
				if label.GetName() == "method" && metric.GetHistogram() != nil {
					counts[label.GetValue()] += metric.GetHistogram().GetSampleCount()
				}
			}
		}
	}
	return counts
}

package ws_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	client "github.com/fasthttp/websocket"
	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/identity"
	"lyceum/platform/identity/identitytest"
	"lyceum/platform/ws"
)

// W1, W2: a caller without the right to open a socket is refused before the upgrade.
func TestRefusedBeforeTheUpgrade(t *testing.T) {
	s := startServer(t, roomy, time.Minute)
	_, _, token := s.newUser(identitytest.User)
	for name, c := range map[string]struct {
		query  string
		header http.Header
		want   int
	}{
		"no token":                  {"", nil, 401},
		"bad token":                 {"?token=x", nil, 401},
		"bad header":                {"", http.Header{"Authorization": {"Basic x"}}, 401},
		"foreign origin":            {"?token=" + token, http.Header{"Origin": {"https://evil.test"}}, 403},
		"null origin":               {"?token=" + token, http.Header{"Origin": {"null"}}, 403},
		"own origin":                {"?token=" + token, http.Header{"Origin": {publicURL}}, 101},
		"the host's origin":         {"?token=" + token, http.Header{"Origin": {"http://" + s.addr}}, 101},
		"allowed origin":            {"?token=" + token, http.Header{"Origin": {"https://school.test"}}, 101},
		"header":                    {"", http.Header{"Authorization": {"Bearer " + token}}, 101},
		"subprotocol":               {"", http.Header{"Sec-WebSocket-Protocol": {"bearer, " + token}}, 101},
		"subprotocol without token": {"", http.Header{"Sec-WebSocket-Protocol": {"bearer"}}, 401},
	} {
		conn, status := s.dial(c.query, c.header)
		require.Equal(t, c.want, status, name)
		if name == "subprotocol" {
			require.Equal(t, "bearer", conn.Subprotocol())
		}
	}
}

func TestAcceptDecides(t *testing.T) {
	s := startServer(t, roomy, time.Minute)
	_, _, token := s.newUser(identitytest.User)
	s.accept = func(_ context.Context, r ws.OpenRequest) (ws.Session, error) {
		require.Equal(t, "one", r.PathParam("room"))
		v, ok := r.QueryParam("after_seq")
		require.True(t, ok)
		require.Equal(t, "7", v)
		return nil, apperr.NotFound("no such room")
	}
	_, status := s.dial("?after_seq=7&token="+token, nil)
	require.Equal(t, 404, status)
}

func TestPlainGetIsToldToUpgrade(t *testing.T) {
	s := startServer(t, roomy, time.Minute)
	_, _, token := s.newUser(identitytest.User)
	for query, want := range map[string]int{"": 401, "?token=" + token: 426} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.addr+"/ws/one"+query, nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		require.Equal(t, want, res.StatusCode, string(body))
	}
}

func TestTicketStandsForItsSession(t *testing.T) {
	s := startServer(t, roomy, time.Minute)
	user, session, _ := s.newUser(identitytest.User)
	s.redeemTicket = func(code string) (ws.TicketHolder, error) {
		if code != "good" {
			return ws.TicketHolder{}, apperr.InvalidToken()
		}
		return ws.TicketHolder{UserID: user, SessionID: session, Expires: time.Now().Add(time.Minute)}, nil
	}
	_, status := s.dial("?ticket=good", nil)
	require.Equal(t, 101, status)
	_, status = s.dial("?ticket=bad", nil)
	require.Equal(t, 401, status)
	s.accounts.mu.Lock()
	delete(s.accounts.sessions, session)
	s.accounts.mu.Unlock()
	s.signals.signal(identity.TopicSession, session)
	_, status = s.dial("?ticket=good", nil)
	require.Equal(t, 401, status)
}

// W7: the answer beyond a limit is 503, and the slot of a closed socket is free again.
func TestLimits(t *testing.T) {
	for name, l := range map[string]ws.Limits{
		"total": {Total: 2, PerUser: 9, PerIP: 9}, "user": {Total: 9, PerUser: 2, PerIP: 9},
		"address": {Total: 9, PerUser: 9, PerIP: 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, l, time.Minute)
			_, _, token := s.newUser(identitytest.User)
			first := s.connect(token)
			s.connect(token)
			_, status := s.dial("?token="+token, nil)
			require.Equal(t, 503, status)
			// A request that is no upgrade takes no place.
			s.accept = func(context.Context, ws.OpenRequest) (ws.Session, error) { return nil, apperr.NotFound("none") }
			goodbye := client.FormatCloseMessage(1000, "")
			_ = first.WriteControl(client.CloseMessage, goodbye, time.Now().Add(time.Second))
			require.Equal(t, 1000, readCloseCode(t, first))
			require.Eventually(t, func() bool {
				_, status := s.dial("?token="+token, nil)
				return status == 404
			}, 2*time.Second, 20*time.Millisecond)
			s.accept = nil
			_, status = s.dial("?token="+token, nil)
			require.Equal(t, 101, status)
		})
	}
}

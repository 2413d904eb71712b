package apptest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/identity"
	"lyceum/platform/testkit"
)

// NoStatements is the WantStatements of an answer that asks nothing of the database.
const NoStatements = -1

// Scenario is an HTTP test as data: a request and everything that has to follow from it.
type Scenario struct {
	// Name is the name of the sub-test. It says what is broken if it fails.
	Name string
	// As is the role of the caller. The zero value is a caller without an account.
	As identity.Role
	// Method and Path are those of the request. Path may have a query.
	Method, Path string
	// Header holds further headers.
	Header map[string]string
	// Body is sent as it is if it is a string, else as JSON; nil sends none.
	Body any

	// WantStatus is the status that the answer must have.
	WantStatus int
	// WantCode is the code of the problem that the answer must be.
	WantCode string
	// WantBody holds the members of the answer that are compared. The answer may have others. Numbers
	// are float64.
	WantBody map[string]any
	// WantEvents are the names of the events that must be published, in order. If it is empty, none
	// may be published.
	WantEvents []string
	// WantAudit are the actions of the audit entries that must be written, in order. If it is empty,
	// none may be written.
	WantAudit []string
	// WantStatements is the number of database statements that the answer must take: NoStatements for
	// none, 0 for any number.
	WantStatements int
	// Check makes further checks of the answer.
	Check func(t *testing.T, answer Answer)
}

// Answer is the answer to a request.
type Answer struct {
	Status int
	Header http.Header
	// Body holds the bytes of the answer. JSON is the object in them, or nil if they are none.
	Body []byte
	JSON map[string]any
}

// Run runs each scenario as a sub-test, one after the other on the same program.
func (a *App) Run(t *testing.T, scenarios ...Scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) { a.runScenario(t, s) })
	}
}

// runScenario sends the request of a scenario and checks everything that follows from it.
func (a *App) runScenario(t *testing.T, s Scenario) {
	t.Helper()
	a.Events.Reset()
	answer := a.Send(t, s)
	require.Equal(t, s.WantStatus, answer.Status, "%s", answer.Body)
	if s.WantCode != "" {
		require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
		require.Equal(t, s.WantCode, answer.JSON["code"], "%s", answer.Body)
	}
	for name, want := range s.WantBody {
		require.Equal(t, want, answer.JSON[name], "the member %q of %s", name, answer.Body)
	}
	require.Equal(t, append([]string{}, s.WantEvents...), a.Events.ListNames(), "events")
	require.Equal(t, append([]string{}, s.WantAudit...), a.Events.ListAuditActions(), "audit entries")
	a.requireStatements(t, s, answer)
	if s.Check != nil {
		s.Check(t, answer)
	}
}

// requireStatements compares the number of statements, if the scenario names one. The server counts
// them just after the answer, so they may come with a delay.
func (a *App) requireStatements(t *testing.T, s Scenario, answer Answer) {
	t.Helper()
	if s.WantStatements == 0 {
		return
	}
	id, taken := answer.Header.Get("X-Request-Id"), 0
	testkit.Eventually(t, func() (ok bool) {
		taken, ok = a.statements.findCount(id)
		return ok
	}, "the server counts the statements of %s", id)
	require.Equal(t, max(0, s.WantStatements), taken, "database statements")
}

// Send sends the request of a scenario and returns the answer, of any status. It checks nothing.
func (a *App) Send(t testing.TB, s Scenario) Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), s.Method, a.URL+s.Path, encodeBody(t, s.Body))
	require.NoError(t, err)
	if s.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token := a.IssueToken(t, s.As); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for name, value := range s.Header {
		req.Header.Set(name, value)
	}
	res, err := a.client.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	answer := Answer{Status: res.StatusCode, Header: res.Header, Body: raw}
	_ = json.Unmarshal(raw, &answer.JSON) // not every answer is an object
	return answer
}

// encodeBody returns a reader over a string or over the JSON of another value. It returns nil for nil.
func encodeBody(t testing.TB, body any) io.Reader {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case string:
		return strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		require.NoError(t, err)
		return bytes.NewReader(raw)
	}
}

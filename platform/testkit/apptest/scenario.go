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

// NoStatements is the WantStatements of an answer that comes without a question to the database.
const NoStatements = -1

// Scenario is an HTTP test as data: a request, and everything that has to follow from it.
type Scenario struct {
	// Name of the sub-test: what is broken when it fails.
	Name string
	// As is the role of the caller, identity.Anonymous unless set.
	As identity.Role
	// Method and Path of the request.
	Method, Path string
	// Header has further headers.
	Header map[string]string
	// Body is sent as it is if it is a string, else as JSON; nil sends none.
	Body any

	// WantStatus is the status of the answer.
	WantStatus int
	// WantCode is the code of the problem that is answered.
	WantCode string
	// WantBody has the members of the answer that are compared; the answer may have others. Numbers are float64.
	WantBody map[string]any
	// WantEvents are the names of the events that were published, in order. Without them no event may be.
	WantEvents []string
	// WantAudit are the actions of the audit entries that were written, in order. Without them none may be.
	WantAudit []string
	// WantStatements is how many database statements the answer took: NoStatements for none, 0 if it does not matter.
	WantStatements int
	// Check looks at the answer further.
	Check func(t *testing.T, answer Answer)
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	// Body is the answer as it came, JSON the object in it, if it is one.
	Body []byte
	JSON map[string]any
}

// Run runs each scenario as a sub-test, one after the other on the same program.
func (a *App) Run(t *testing.T, scenarios ...Scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) { a.run(t, s) })
	}
}

func (a *App) run(t *testing.T, s Scenario) {
	t.Helper()
	a.Events.Reset()
	answer := a.Do(t, s)
	require.Equal(t, s.WantStatus, answer.Status, "%s", answer.Body)
	if s.WantCode != "" {
		require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
		require.Equal(t, s.WantCode, answer.JSON["code"], "%s", answer.Body)
	}
	for name, want := range s.WantBody {
		require.Equal(t, want, answer.JSON[name], "the member %q of %s", name, answer.Body)
	}
	require.Equal(t, append([]string{}, s.WantEvents...), a.Events.Names(), "events")
	require.Equal(t, append([]string{}, s.WantAudit...), a.Events.AuditActions(), "audit entries")
	a.requireStatements(t, s, answer)
	if s.Check != nil {
		s.Check(t, answer)
	}
}

// requireStatements compares the number of statements, if the scenario names one.
func (a *App) requireStatements(t *testing.T, s Scenario, answer Answer) {
	t.Helper()
	if s.WantStatements == 0 {
		return
	}
	id, taken := answer.Header.Get("X-Request-Id"), 0
	testkit.Eventually(t, func() (ok bool) {
		taken, ok = a.statements.find(id)
		return ok
	}, "the server counts the statements of %s", id)
	require.Equal(t, max(0, s.WantStatements), taken, "database statements")
}

// Do sends the request of a scenario and returns the answer, whatever it is.
func (a *App) Do(t testing.TB, s Scenario) Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), s.Method, a.URL+s.Path, encodeBody(t, s.Body))
	require.NoError(t, err)
	if s.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token := a.Token(t, s.As); token != "" {
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

// encodeBody returns a reader over the body, nil for none.
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

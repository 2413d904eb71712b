package apptest_test

import (
	"net/http"
	"testing"

	"lyceum/platform/identity/identitytest"
	"lyceum/platform/module"
	"lyceum/platform/testkit/apptest"
)

// The test of a module lists requests and everything that has to follow from them. notebook is the
// module that is tested; it is declared beside this example.
func ExampleScenario() {
	_ = func(t *testing.T) { // TestNotes in the folder of the module
		app := apptest.Start(t, module.List{notebook}, apptest.WithCallers())
		app.Run(t,
			apptest.Scenario{
				Name: "a reader counts the notes with one statement", Method: http.MethodGet, Path: "/notes",
				WantStatus: http.StatusOK, WantBody: map[string]any{"count": 0.0}, WantStatements: 1,
			},
			apptest.Scenario{
				Name: "users may not write", As: identitytest.User,
				Method: http.MethodPost, Path: "/notes", Body: `{"text":"x"}`,
				WantStatus: http.StatusForbidden, WantCode: "forbidden",
			},
			apptest.Scenario{
				Name: "a member writes", As: identitytest.Member,
				Method: http.MethodPost, Path: "/notes", Body: map[string]string{"text": "x"},
				WantStatus: http.StatusCreated,
				WantEvents: []string{"note.written"}, WantAudit: []string{"note.written"},
			},
		)
	}
}

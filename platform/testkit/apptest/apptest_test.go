package apptest_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/identity"
	"lyceum/platform/identity/identitytest"
	"lyceum/platform/migrate"
	"lyceum/platform/module"
	"lyceum/platform/testkit/apptest"
)

// noteWritten tells of a new note; entry stands for the audit log's.
type noteWritten struct {
	Text string `json:"text"`
}

func (noteWritten) EventName() string { return "note.written" }

type entry struct{ Action string }

func (entry) EventName() string { return "audit.entry" }

var (
	permissionRead  = identity.Permission{Name: "notes:read", Lowest: identity.Anonymous}
	permissionWrite = identity.Permission{Name: "notes:write", Lowest: identitytest.Member}
	problemFull     = apperr.Problem{
		Kind: apperr.KindConflict, Code: "notebook-full", Title: "Notebook full", Meaning: "Tear a page out.",
	}
)

// notebook is a small module.
var notebook = module.Module{
	Name: "notebook", Title: "Notebook",
	Migrations: []migrate.Migration{{
		ID: "202601010000_notebook_create_notes",
		Up: []string{"CREATE TABLE notes (text text PRIMARY KEY)"}, Down: []string{"DROP TABLE notes"},
	}},
	Permissions: []identity.Permission{permissionRead, permissionWrite},
	Problems:    []apperr.Problem{problemFull},
	Declares: events.ProvideDeclarations(
		events.DeclareEvent[noteWritten]("A note was written."), events.DeclareEvent[entry]("Something changed.")),
	Provides: fx.Options(fx.Provide(newHandlers), httpx.ProvideRoutes(newRoutes)),
}

type handlers struct {
	db  *db.DB
	bus *events.Bus
}

func newHandlers(d *db.DB, b *events.Bus) *handlers { return &handlers{d, b} }

func newRoutes(h *handlers) httpx.Table {
	return httpx.Table{Module: "notebook", Routes: []httpx.Route{
		httpx.Get("/notes", httpx.RequirePermission(permissionRead), "Count the notes", h.count),
		httpx.Post("/notes", httpx.RequirePermission(permissionWrite), "Write a note", h.write,
			httpx.DefaultStatus(http.StatusCreated), httpx.Answers("notebook-full")),
	}}
}

type noteView struct {
	Count int64  `json:"count"`
	By    string `json:"by"`
}

type noteInput struct {
	Body struct {
		Text string `json:"text" minLength:"1"`
	}
}

func (h *handlers) count(ctx context.Context, _ *httpx.None) (*httpx.Response[noteView], error) {
	var n int64
	err := h.db.Conn(ctx).Table("notes").Count(&n).Error
	return httpx.OK(noteView{Count: n}), err
}

func (h *handlers) write(ctx context.Context, in *noteInput) (*httpx.Response[noteView], error) {
	err := h.db.InTx(ctx, func(ctx context.Context) error {
		if err := h.bus.Publish(ctx, noteWritten{in.Body.Text}); err != nil {
			return err
		}
		if in.Body.Text == "full" {
			return problemFull.New("No page is left.")
		}
		if err := h.bus.Publish(ctx, entry{"note.written"}); err != nil {
			return err
		}
		return h.db.Conn(ctx).Exec("INSERT INTO notes (text) VALUES (?)", in.Body.Text).Error
	})
	if err != nil {
		return nil, err
	}
	return httpx.OK(noteView{Count: 1, By: identity.CallerFrom(ctx).UserID}).WithStatus(http.StatusCreated), nil
}

func TestScenarios(t *testing.T) {
	for name, options := range map[string]func(*testing.T) []apptest.Option{
		"embedded": func(*testing.T) []apptest.Option { return nil },
		"services": func(t *testing.T) []apptest.Option { return []apptest.Option{apptest.OnServices(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			app := apptest.Start(t, module.List{notebook}, append(options(t), apptest.WithCallers())...)
			app.Run(t,
				apptest.Scenario{
					Name:   "anybody counts",
					Method: "GET", Path: "/notes",
					WantStatus: 200, WantBody: map[string]any{"count": 0.0}, WantStatements: 1,
				},
				apptest.Scenario{
					Name:   "nobody writes without an account",
					Method: "POST", Path: "/notes", Body: `{"text":"x"}`,
					WantStatus: 401, WantCode: "unauthenticated", WantStatements: apptest.NoStatements,
				},
				apptest.Scenario{
					Name: "users may not write",
					As:   identitytest.User, Method: "POST", Path: "/notes", Body: `{"text":"x"}`,
					WantStatus: 403, WantCode: "forbidden",
				},
				apptest.Scenario{
					Name: "a member writes",
					As:   identitytest.Member, Method: "POST", Path: "/notes", Body: map[string]string{"text": "x"},
					WantStatus: 201, WantBody: map[string]any{"by": app.CallerID(identitytest.Member)},
					WantEvents: []string{"note.written"}, WantAudit: []string{"note.written"},
				},
				apptest.Scenario{
					Name: "what is rolled back is not published",
					As:   identitytest.Admin, Method: "POST", Path: "/notes", Body: `{"text":"full"}`,
					WantStatus: 409, WantCode: "notebook-full",
				},
				apptest.Scenario{
					Name:   "another look",
					Method: "GET", Path: "/notes", Header: map[string]string{"X-Request-Id": "given-by-us"},
					WantStatus: 200, WantBody: map[string]any{"count": 1.0},
					Check: func(t *testing.T, a apptest.Answer) {
						require.Equal(t, "given-by-us", a.Header.Get("X-Request-Id"))
					},
				},
			)
		})
	}
}

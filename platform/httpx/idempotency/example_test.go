package idempotency_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/httpx/idempotency"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/migrate"
)

type note struct {
	Body struct {
		ID string `json:"id"`
	}
}

// A module declares httpx.WithIdempotency at its route; the server adds the middleware. The handler needs nothing: what
// its service changes in a transaction commits together with the answer.
//
// OperationID is for a change that can't wait for the answer. The handler gives the id to what it creates, and the
// service looks for it before it creates something: a request that is repeated after a crash finds it.
func ExampleOperationID() {
	database, remove := openDatabase()
	defer remove()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Use(func(c *fiber.Ctx) error {
		c.SetUserContext(requestinfo.NewContext(context.Background(), &requestinfo.Info{Path: c.Path()}))
		return c.Next()
	})
	operation := huma.Operation{
		Method: http.MethodPost, Path: "/notes", DefaultStatus: http.StatusCreated,
		Middlewares: huma.Middlewares{idempotency.NewRecords(database, clock.System{}).Middleware},
	}
	created := 0
	huma.Register(humafiber.New(app, huma.DefaultConfig("notes", "1")), operation,
		func(ctx context.Context, _ *struct{}) (*note, error) {
			created++
			out := &note{}
			out.Body.ID = idempotency.OperationID(ctx)
			return out, nil
		})
	for range 2 {
		request := httptest.NewRequest(http.MethodPost, "/notes", nil)
		request.Header.Set("Idempotency-Key", "8e03978e-40d5-43dd-bc93-6894a57f9324")
		answer, err := app.Test(request, -1)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%d, replayed: %q, created: %d\n", answer.StatusCode, answer.Header.Get("Idempotency-Replayed"), created)
	}
	// Output:
	// 201, replayed: "", created: 1
	// 201, replayed: "true", created: 1
}

// openDatabase returns an embedded database with the table of the records, and what removes it.
func openDatabase() (database *db.DB, remove func()) {
	folder, err := os.MkdirTemp("", "example-*")
	if err != nil {
		panic(err)
	}
	database, err = db.Open(context.Background(), db.Options{Dir: folder, MaxConns: 4})
	if err != nil {
		panic(err)
	}
	runner, err := migrate.NewRunner(database, idempotency.Migrations)
	if err != nil {
		panic(err)
	}
	if _, err := runner.Up(context.Background()); err != nil {
		panic(err)
	}
	return database, func() {
		_ = database.Close()
		_ = os.RemoveAll(folder)
	}
}

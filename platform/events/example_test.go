package events_test

import (
	"context"
	"fmt"
	"os"

	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/migrate"
)

// bookLent is an event: a struct with a name in the past tense.
type bookLent struct {
	Title string `json:"title"`
}

func (bookLent) EventName() string { return "book.lent" }

// openLibrary returns a database in a temporary directory with the outbox.
func openLibrary(ctx context.Context) (d *db.DB, closeAll func(), err error) {
	dir, err := os.MkdirTemp("", "events")
	if err != nil {
		return nil, nil, err
	}
	if d, err = db.Open(ctx, db.Options{Dir: dir, MaxConns: 2}); err != nil {
		return nil, nil, err
	}
	runner, err := migrate.NewRunner(d, events.Migrations)
	if err == nil {
		_, err = runner.Up(ctx)
	}
	return d, func() { _ = d.Close(); _ = os.RemoveAll(dir) }, err
}

func ExampleBus() {
	ctx := context.Background()
	d, closeAll, err := openLibrary(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()

	// The modules declare events and subscribe to them.
	catalog, _ := events.NewCatalog([]events.Declaration{events.DeclareEvent[bookLent]("A book was lent.")})
	bus := events.NewBus(d, clock.System{})
	_ = bus.AttachSubscriptions([]events.Subscription{
		events.SubscribeInTx("audit", func(_ context.Context, e bookLent) error {
			fmt.Println("in the transaction:", e.Title)
			return nil
		}),
		events.SubscribeDurable("mail", func(_ context.Context, e bookLent) error {
			fmt.Println("after the commit:", e.Title)
			return nil
		}),
	})
	_ = bus.RestrictToCatalog(catalog)

	// The publisher changes its rows and publishes in one transaction.
	err = d.InTx(ctx, func(ctx context.Context) error {
		defer fmt.Println("commit")
		return bus.Publish(ctx, bookLent{Title: "Émile"})
	})
	fmt.Println("published:", err)

	// Bus.Run does this in the background on every replica.
	n, err := bus.RelayOnce(ctx)
	fmt.Println("delivered:", n, err)
	// Output:
	// in the transaction: Émile
	// commit
	// published: <nil>
	// after the commit: Émile
	// delivered: 1 <nil>
}

func ExampleDeclareEvent() {
	d := events.DeclareEvent[bookLent]("A book was lent.")
	fmt.Println(d.Name, d.Fields)
	// Output: book.lent [title string]
}

package events_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/clock"
	"lyceum/platform/events"
)

type ordered struct {
	ID     string      `json:"id"`
	Items  []string    `json:"items"`
	Amount int64       `json:"amount"`
	Note   *string     `json:"note"`
	At     clock.Time  `json:"at"`
	Paid   *clock.Time `json:"paid"`
	Sealed []byte
}

func (ordered) EventName() string { return "shop.ordered" }

type closed struct{}

func (closed) EventName() string { return "shop.closed" }

func TestDeclare(t *testing.T) {
	require.Equal(t, events.Declaration{
		Name: "shop.ordered", Meaning: "Somebody ordered.",
		Fields: []string{
			"id string", "items list of string", "amount number", "note string or null", "at time", "paid time or null",
			"Sealed base64",
		},
	}, events.DeclareEvent[ordered]("Somebody ordered."))
}

func TestNewCatalog(t *testing.T) {
	order, end := events.DeclareEvent[ordered]("Somebody ordered."), events.DeclareEvent[closed]("The shop closed.")
	catalog, err := events.NewCatalog([]events.Declaration{order}, []events.Declaration{end})
	require.NoError(t, err)
	require.Equal(t, []events.Declaration{end, order}, catalog.List())
	_, err = events.NewCatalog([]events.Declaration{order, order})
	require.ErrorContains(t, err, `"shop.ordered" is declared twice`)
	_, err = events.NewCatalog([]events.Declaration{events.DeclareEvent[closed]("")})
	require.ErrorContains(t, err, "needs a name and a meaning")
}

func TestRestrict(t *testing.T) {
	catalog, err := events.NewCatalog([]events.Declaration{events.DeclareEvent[ordered]("Somebody ordered.")})
	require.NoError(t, err)
	ignore := func(context.Context, closed) error { return nil }

	t.Run("subscribers of what is not declared", func(t *testing.T) {
		bus := events.NewBus(nil, clock.System{})
		attach(t, bus, events.SubscribeInTx("cleaner", ignore))
		require.ErrorContains(t, bus.RestrictToCatalog(catalog),
			`cleaner subscribes to "shop.closed", which no module declares`)
	})
	t.Run("what an earlier version left is still delivered", func(t *testing.T) {
		bus := events.NewBus(nil, clock.System{})
		attach(t, bus, events.SubscribeRetired("cleaner", ignore))
		require.NoError(t, bus.RestrictToCatalog(catalog))
		require.Empty(t, bus.ListDeliveries("shop.closed"))
	})
	t.Run("deliveries", func(t *testing.T) {
		bus := events.NewBus(nil, clock.System{})
		deliver := func(context.Context, ordered) error { return nil }
		attach(t, bus, events.SubscribeDurable("packer", deliver), events.SubscribeInTx("audit", deliver))
		require.NoError(t, bus.RestrictToCatalog(catalog))
		require.Equal(t, []events.Delivery{{Subscriber: "audit"}, {Subscriber: "packer", Durable: true}},
			bus.ListDeliveries("shop.ordered"))
	})
}

func TestPublishOfAnUndeclaredEvent(t *testing.T) {
	d := openDB(t, "")
	bus := events.NewBus(d, clock.System{})
	catalog, err := events.NewCatalog([]events.Declaration{events.DeclareEvent[closed]("The shop closed.")})
	require.NoError(t, err)
	require.NoError(t, bus.RestrictToCatalog(catalog))
	publish := func(e events.Event) error {
		return d.InTx(t.Context(), func(ctx context.Context) error { return bus.Publish(ctx, e) })
	}
	require.NoError(t, publish(closed{}))
	require.ErrorContains(t, publish(ordered{}), "no module declares shop.ordered")
}

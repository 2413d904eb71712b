package events

import (
	"encoding"
	"fmt"
	"lyceum/platform/clock"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.uber.org/fx"
)

// Declaration describes an event that a module publishes. Make one with DeclareEvent.
type Declaration struct {
	// Name is the event's name.
	Name string
	// Meaning says when the event is published, in a sentence.
	Meaning string
	// Fields are the names of the fields of the payload with their JSON types, such as "id string".
	Fields []string
}

// DeclareEvent returns the declaration of E. The meaning is a sentence for the reference of all
// events; the fields are read from the struct and its json tags.
func DeclareEvent[E Event](meaning string) Declaration {
	var zero E
	d := Declaration{Name: zero.EventName(), Meaning: meaning}
	t := reflect.TypeFor[E]()
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		d.Fields = append(d.Fields, name+" "+describeType(f.Type))
	}
	return d
}

var textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()

// describeType returns the JSON type of the values of a Go type, and "time" for a clock.Time. Types with
// a text of their own are strings.
func describeType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return describeType(t.Elem()) + " or null"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "base64"
		}
		return "list of " + describeType(t.Elem())
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Map:
		return "object"
	case reflect.Struct:
		if t == reflect.TypeFor[clock.Time]() {
			return "time"
		}
		if t.Implements(textMarshaler) {
			return "string"
		}
		return "object"
	default:
		return "string"
	}
}

// ProvideDeclarations adds the events of a module to the program.
func ProvideDeclarations(declarations ...Declaration) fx.Option {
	return fx.Supply(fx.Annotate(declarations, fx.ResultTags(`group:"events"`)))
}

// CatalogParams collects the events of all modules.
type CatalogParams struct {
	fx.In
	Groups [][]Declaration `group:"events"`
}

// Catalog holds every event that the program may publish. Make one with NewCatalog.
type Catalog struct {
	byName map[string]Declaration
}

// NewCatalog returns a catalog of declarations. It returns an error for an event that is declared
// twice or without a meaning.
func NewCatalog(groups ...[]Declaration) (*Catalog, error) {
	c := &Catalog{byName: map[string]Declaration{}}
	for _, d := range slices.Concat(groups...) {
		if _, twice := c.byName[d.Name]; twice {
			return nil, fmt.Errorf("event %q is declared twice", d.Name)
		}
		if d.Name == "" || d.Meaning == "" {
			return nil, fmt.Errorf("event %q needs a name and a meaning", d.Name)
		}
		c.byName[d.Name] = d
	}
	return c, nil
}

// declares returns whether the catalog holds an event of that name.
func (c *Catalog) declares(name string) bool {
	_, ok := c.byName[name]
	return ok
}

// List returns all events, sorted by name.
func (c *Catalog) List() []Declaration {
	list := make([]Declaration, 0, len(c.byName))
	for _, name := range slices.Sorted(maps.Keys(c.byName)) {
		list = append(list, c.byName[name])
	}
	return list
}

// RestrictToCatalog makes the bus refuse events that the catalog lacks. It returns an error if a
// subscription names such an event, which is a misspelling or a module that was removed; retired
// subscriptions may. It is called once, after AttachSubscriptions and before the first Publish.
func (b *Bus) RestrictToCatalog(c *Catalog) error {
	for event, subscriptions := range b.subscriptions {
		for _, s := range subscriptions {
			if !c.declares(event) && !s.retired {
				return fmt.Errorf("events: %s subscribes to %q, which no module declares", s.subscriber, event)
			}
		}
	}
	b.catalog = c
	return nil
}

// Delivery describes how one subscriber gets an event.
type Delivery struct {
	// Subscriber is the name that the subscription was made with.
	Subscriber string
	// Durable is true for a delivery after the commit and false for one in the transaction.
	Durable bool
}

// ListDeliveries returns the subscribers of an event, sorted by name, without retired ones.
func (b *Bus) ListDeliveries(event string) []Delivery {
	var deliveries []Delivery
	for _, s := range b.subscriptions[event] {
		if !s.retired {
			deliveries = append(deliveries, Delivery{Subscriber: s.subscriber, Durable: s.durable})
		}
	}
	return deliveries
}

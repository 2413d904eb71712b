package events

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.uber.org/fx"
)

// Declaration names an event that a module publishes. It is made with Declare.
type Declaration struct {
	// Name is the event's name.
	Name string
	// Meaning says when the event is published, in a sentence.
	Meaning string
	// Fields are the names of the payload's fields, with their types.
	Fields []string
}

// Declare returns the declaration of E.
func Declare[E Event](meaning string) Declaration {
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

// describeType returns a type in the words of JSON.
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
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "number"
	case reflect.Map:
		return "object"
	default:
		return "string"
	}
}

// Publishes declares the events of a module.
func Publishes(declarations ...Declaration) fx.Option {
	return fx.Supply(fx.Annotate(declarations, fx.ResultTags(`group:"events"`)))
}

// CatalogParams collects the events of all modules.
type CatalogParams struct {
	fx.In
	Groups [][]Declaration `group:"events"`
}

// Catalog holds every event that the program may publish.
type Catalog struct {
	byName map[string]Declaration
}

// NewCatalog collects declarations. It refuses an event that is declared twice or without a meaning.
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

// List returns all events, sorted by name.
func (c *Catalog) List() []Declaration {
	list := make([]Declaration, 0, len(c.byName))
	for _, name := range slices.Sorted(maps.Keys(c.byName)) {
		list = append(list, c.byName[name])
	}
	return list
}

// Restrict makes the bus refuse events that the catalog lacks. It returns an error if somebody subscribes to one, unless the
// subscription is Retired. It is called once, after Attach and before the first Publish.
func (b *Bus) Restrict(c *Catalog) error {
	for event, subscriptions := range b.subs {
		for _, s := range subscriptions {
			if _, declared := c.byName[event]; !declared && !s.retired {
				return fmt.Errorf("events: %s subscribes to %q, which no module declares", s.subscriber, event)
			}
		}
	}
	b.catalog = c
	return nil
}

// Delivery says how one subscriber gets an event.
type Delivery struct {
	// Subscriber is the name that the subscription was made with.
	Subscriber string
	// Durable deliveries happen after the commit, at least once; others within the publisher's transaction.
	Durable bool
}

// Deliveries returns who gets an event and how, sorted by subscriber, without what only earlier versions left.
func (b *Bus) Deliveries(event string) []Delivery {
	var deliveries []Delivery
	for _, s := range b.subs[event] {
		if !s.retired {
			deliveries = append(deliveries, Delivery{Subscriber: s.subscriber, Durable: s.durable})
		}
	}
	return deliveries
}

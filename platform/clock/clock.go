// Package clock gives the time in the one form that Lyceum stores, hashes and answers: UTC, cut to
// the millisecond.
//
// One form keeps a time equal to itself on its way through the database and JSON. PostgreSQL rounds
// to microseconds, Go has nanoseconds, and a hash or an ETag of a time that was rounded on the way
// would not match.
package clock

import (
	"database/sql/driver"
	"fmt"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Layout is RFC 3339 in UTC with exactly three decimals, so that texts sort like times.
const Layout = "2006-01-02T15:04:05.000Z"

// Clock tells the time. Tests use testkit.Clock, which stands still until it is moved.
type Clock interface{ Now() Time }

// System is the clock of the machine.
type System struct{}

// Now returns the time of the machine.
func (System) Now() Time { return FromTime(time.Now()) }

// Time is an instant in UTC with millisecond precision. The database stores it as a whole number of
// milliseconds since 1970, which sorts and compares alike on every database. Two equal instants are
// equal with ==.
type Time struct{ t time.Time }

// FromTime returns t in UTC, cut to the millisecond.
func FromTime(t time.Time) Time { return Time{t.UTC().Truncate(time.Millisecond)} }

// FromMillis returns the instant that lies ms milliseconds after the start of 1970.
func FromMillis(ms int64) Time { return Time{time.UnixMilli(ms).UTC()} }

// StdTime returns the same instant as a time.Time.
func (t Time) StdTime() time.Time { return t.t }

// UnixMilli returns the number of milliseconds since the start of 1970.
func (t Time) UnixMilli() int64 { return t.t.UnixMilli() }

// Add returns t plus d, cut to the millisecond.
func (t Time) Add(d time.Duration) Time { return FromTime(t.t.Add(d)) }

// Sub returns the duration from u to t.
func (t Time) Sub(u Time) time.Duration { return t.t.Sub(u.t) }

// Before returns whether t lies before u.
func (t Time) Before(u Time) bool { return t.t.Before(u.t) }

// After returns whether t lies after u.
func (t Time) After(u Time) bool { return t.t.After(u.t) }

// IsZero returns whether no time was set.
func (t Time) IsZero() bool { return t.t.IsZero() }

// ToPtr returns a pointer to a copy, for optional fields.
func (t Time) ToPtr() *Time { return &t }

// String returns the time in Layout.
func (t Time) String() string { return t.t.Format(Layout) }

// MarshalJSON returns the time in Layout.
func (t Time) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }

// UnmarshalJSON reads RFC 3339 with any offset and precision. JSON null leaves the time as it is.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	if len(b) < 2 {
		return fmt.Errorf("not a time")
	}
	return t.UnmarshalText(b[1 : len(b)-1])
}

// UnmarshalText reads RFC 3339 with any offset and precision. It returns an error for a time that
// is outside of the years 0 to 9999 in UTC: RFC 3339 could not express it in the answer.
func (t *Time) UnmarshalText(b []byte) error {
	p, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil || p.UTC().Year() < 0 || p.UTC().Year() > 9999 {
		return fmt.Errorf("not a time of RFC 3339")
	}
	*t = FromTime(p)
	return nil
}

// Value returns the milliseconds since 1970 for the database, or nil, which becomes NULL, for the
// zero time.
func (t Time) Value() (driver.Value, error) {
	if t.IsZero() {
		return nil, nil
	}
	return t.UnixMilli(), nil
}

// Scan reads milliseconds since 1970 from the database. NULL becomes the zero time. PostgreSQL
// returns a float64 for some computed columns.
func (t *Time) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = Time{}
	case int64:
		*t = FromMillis(v)
	case float64:
		*t = FromMillis(int64(v))
	default:
		return fmt.Errorf("clock: can't read %T as a time", src)
	}
	return nil
}

// GormDataType returns the type of the column for GORM.
func (Time) GormDataType() string { return "bigint" }

// Schema returns the OpenAPI schema of a time.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Examples: []any{"2027-01-02T15:04:05.000Z"}}
}

var _ huma.SchemaProvider = Time{}

// Type is the reflect.Type of Time, for code that inspects the fields of structs.
var Type = reflect.TypeFor[Time]()

// Package clock gives the time in the one form that Lyceum stores, hashes and answers: UTC, cut to the millisecond.
package clock

import (
	"database/sql/driver"
	"fmt"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Layout is RFC 3339 in UTC with exactly three decimals.
const Layout = "2006-01-02T15:04:05.000Z"

// Clock tells the time. Tests drive their own.
type Clock interface{ Now() Time }

// System is the machine's clock.
type System struct{}

// Now is the machine's time, cut to the millisecond.
func (System) Now() Time { return Of(time.Now()) }

// Time is an instant in UTC with millisecond precision. In the database it is a whole number of
// milliseconds since 1970, which sorts and compares alike on every database.
type Time struct{ t time.Time }

// Of cuts t to the millisecond, in UTC.
func Of(t time.Time) Time { return Time{t.UTC().Truncate(time.Millisecond)} }

// FromMillis is the instant ms milliseconds after 1970.
func FromMillis(ms int64) Time { return Time{time.UnixMilli(ms).UTC()} }

// Std is the same instant as a time.Time.
func (t Time) Std() time.Time { return t.t }

// Millis counts milliseconds since 1970.
func (t Time) Millis() int64 { return t.t.UnixMilli() }

// Add moves by d.
func (t Time) Add(d time.Duration) Time { return Of(t.t.Add(d)) }

// Sub is the duration from u to t.
func (t Time) Sub(u Time) time.Duration { return t.t.Sub(u.t) }

// Before says whether t lies before u.
func (t Time) Before(u Time) bool { return t.t.Before(u.t) }

// After says whether t lies after u.
func (t Time) After(u Time) bool { return t.t.After(u.t) }

// IsZero says whether no time was set.
func (t Time) IsZero() bool { return t.t.IsZero() }

// Ptr gives a pointer to a copy, for optional fields.
func (t Time) Ptr() *Time { return &t }

// String is the time in Layout.
func (t Time) String() string { return t.t.Format(Layout) }

// MarshalJSON writes Layout.
func (t Time) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }

// UnmarshalJSON reads RFC 3339 with any offset and precision.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	if len(b) < 2 {
		return fmt.Errorf("not a time")
	}
	return t.UnmarshalText(b[1 : len(b)-1])
}

// UnmarshalText reads RFC 3339. What lies outside the years 0 to 9999 in UTC can't be told in it again.
func (t *Time) UnmarshalText(b []byte) error {
	p, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil || p.UTC().Year() < 0 || p.UTC().Year() > 9999 {
		return fmt.Errorf("not a time of RFC 3339")
	}
	*t = Of(p)
	return nil
}

// Value stores milliseconds; the zero time is NULL.
func (t Time) Value() (driver.Value, error) {
	if t.IsZero() {
		return nil, nil
	}
	return t.Millis(), nil
}

// Scan reads milliseconds.
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

// GormDataType names the column's type for GORM.
func (Time) GormDataType() string { return "bigint" }

// Schema describes the time in OpenAPI.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time", Examples: []any{"2027-01-02T15:04:05.000Z"}}
}

var _ huma.SchemaProvider = Time{}

// Type is Time's reflect.Type, for code that looks at fields.
var Type = reflect.TypeFor[Time]()

package limit

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate is the number of hits that pass in a window. Its text form is like "600/1m".
type Rate struct {
	Hits   int
	Window time.Duration
}

// Bounds of a rate that an operator may set.
const (
	maxHits   = 1_000_000
	minWindow = time.Second
	maxWindow = 30 * 24 * time.Hour
)

// errRate describes the text form; configuration errors show it to operators.
var errRate = errors.New("a rate such as 600/1m: a whole number from 1, a slash, a duration from 1s")

// UnmarshalText reads the text form. It returns an error that describes the form unless the text has
// 1 to 1,000,000 hits and a window of a second to 30 days.
func (r *Rate) UnmarshalText(text []byte) error {
	hits, window, ok := strings.Cut(string(text), "/")
	n, err := strconv.Atoi(strings.TrimSpace(hits))
	if !ok || err != nil || n < 1 || n > maxHits {
		return errRate
	}
	d, err := time.ParseDuration(strings.TrimSpace(window))
	if err != nil || d < minWindow || d > maxWindow {
		return errRate
	}
	r.Hits, r.Window = n, d
	return nil
}

// String returns the text form that UnmarshalText reads, without units that are zero: "600/1m" and
// not "600/1m0s".
func (r Rate) String() string {
	d := r.Window.String()
	d = strings.TrimSuffix(d, "0s")
	if strings.HasSuffix(d, "h0m") {
		d = strings.TrimSuffix(d, "0m")
	}
	if d == "" || r.Window < time.Minute {
		d = r.Window.String()
	}
	return fmt.Sprintf("%d/%s", r.Hits, d)
}

// MarshalText returns the text form.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

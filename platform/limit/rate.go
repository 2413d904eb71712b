// Package limit counts hits in windows, exactly over all replicas, and refuses those beyond a rate.
//
// Counters live in Redis: a window begins with its first hit (INCR, PEXPIRE … NX and PTTL in one
// pipeline), so a rate of N lets N pass however many replicas count. While Redis is away each
// replica goes on from what it knows: there is never no limit (ASVS 16.5.3). With no Redis at all,
// as when everything is embedded, the process counts by itself.
package limit

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate is how many hits a window takes; its text is like "600/1m".
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

var errRate = errors.New("a rate such as 600/1m: a whole number from 1, a slash, a duration from 1s")

// UnmarshalText reads "600/1m".
func (r *Rate) UnmarshalText(b []byte) error {
	hits, window, ok := strings.Cut(string(b), "/")
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

// String is the text that UnmarshalText reads.
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

// MarshalText is String.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

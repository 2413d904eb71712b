package folder

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// span is the part of an object that an answer holds.
type span struct{ start, length int64 }

// rangeResult says what a Range header asks for.
type rangeResult int

const (
	rangeIgnored       rangeResult = iota // answer 200 with everything
	rangePart                             // answer 206
	rangeUnsatisfiable                    // answer 416
)

// parseRange reads a Range header for an object of size bytes (RFC 9110, 14.1.2). One range is
// answered as such. Several, other units and broken headers are ignored, which the RFC allows
// and every client has to cope with. An empty object has no part: it is answered whole.
func parseRange(header string, size int64) (span, rangeResult) {
	unit, spec, ok := strings.Cut(header, "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") || size == 0 || strings.Contains(spec, ",") {
		return span{}, rangeIgnored
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok || !digits(first) || !digits(last) || first == "" && last == "" {
		return span{}, rangeIgnored
	}
	if first == "" {
		return suffixRange(last, size)
	}
	start, end := saturated(first), size-1
	if last != "" {
		if n := saturated(last); n < start {
			return span{}, rangeIgnored
		} else if n < end {
			end = n
		}
	}
	if start >= size {
		return span{}, rangeUnsatisfiable
	}
	return span{start, end - start + 1}, rangePart
}

func suffixRange(last string, size int64) (span, rangeResult) {
	n := min(saturated(last), size)
	if n == 0 {
		return span{}, rangeUnsatisfiable
	}
	return span{size - n, n}, rangePart
}

func digits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// saturated parses digits; what does not fit is the largest number, beyond any object.
func saturated(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 1<<63 - 1
	}
	return n
}

// conditions are the headers of a conditional request (RFC 9110, 13.1).
type conditions struct {
	ifMatch, ifNoneMatch, ifRange      string
	ifModifiedSince, ifUnmodifiedSince string
}

// check gives the status that ends the request early, 304 or 412, or 0.
func (c conditions) check(etag string, modified time.Time) int {
	switch {
	case c.ifMatch != "":
		if !matches(c.ifMatch, etag, false) {
			return http.StatusPreconditionFailed
		}
	case c.ifUnmodifiedSince != "":
		if t, err := http.ParseTime(c.ifUnmodifiedSince); err == nil && modified.Truncate(time.Second).After(t) {
			return http.StatusPreconditionFailed
		}
	}
	switch {
	case c.ifNoneMatch != "":
		if matches(c.ifNoneMatch, etag, true) {
			return http.StatusNotModified
		}
	case c.ifModifiedSince != "":
		if t, err := http.ParseTime(c.ifModifiedSince); err == nil && !modified.Truncate(time.Second).After(t) {
			return http.StatusNotModified
		}
	}
	return 0
}

// rangeHolds says whether If-Range lets the Range header count.
func (c conditions) rangeHolds(etag string, modified time.Time) bool {
	if c.ifRange == "" || c.ifRange == etag {
		return true
	}
	t, err := http.ParseTime(c.ifRange)
	return err == nil && modified.Truncate(time.Second).Equal(t)
}

// matches looks for a strong etag in a list of them; weak compares without the W/ mark.
func matches(list, etag string, weak bool) bool {
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.TrimSpace(entry)
		if weak {
			entry = strings.TrimPrefix(entry, "W/")
		}
		if entry == "*" || entry == etag {
			return true
		}
	}
	return false
}

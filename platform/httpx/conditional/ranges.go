package conditional

import (
	"math"
	"strconv"
	"strings"
)

// Part is the part of some content that an answer has, in bytes.
type Part struct{ Start, Length int64 }

// ContentRange returns the Content-Range header of an answer that holds the part of size bytes.
func (p Part) ContentRange(size int64) string {
	return "bytes " + strconv.FormatInt(p.Start, 10) + "-" + strconv.FormatInt(p.Start+p.Length-1, 10) +
		"/" + strconv.FormatInt(size, 10)
}

// UnsatisfiedRange returns the Content-Range header of a 416 for content of size bytes.
func UnsatisfiedRange(size int64) string { return "bytes */" + strconv.FormatInt(size, 10) }

// RangeResult says what a Range header asks for.
type RangeResult int

const (
	// RangeIgnored means 200 with everything.
	RangeIgnored RangeResult = iota
	// RangeSatisfiable means 206 with the part.
	RangeSatisfiable
	// RangeUnsatisfiable means 416.
	RangeUnsatisfiable
)

// ParseRange reads a Range header for content of size bytes (RFC 9110 §14.1.2). Several ranges,
// other units and broken headers are ignored, which the RFC allows and every client copes with:
// many ranges could ask for the same bytes again and again. Empty content has no part and is
// answered whole.
func ParseRange(header string, size int64) (Part, RangeResult) {
	unit, spec, ok := strings.Cut(header, "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(unit), "bytes") || size == 0 || strings.Contains(spec, ",") {
		return Part{}, RangeIgnored
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok || !isDigits(first) || !isDigits(last) || first == "" && last == "" {
		return Part{}, RangeIgnored
	}
	if first == "" {
		return parseSuffix(last, size)
	}
	start, end := parseClamped(first), size-1
	if last != "" {
		if n := parseClamped(last); n < start {
			return Part{}, RangeIgnored
		} else if n < end {
			end = n
		}
	}
	if start >= size {
		return Part{}, RangeUnsatisfiable
	}
	return Part{start, end - start + 1}, RangeSatisfiable
}

// parseSuffix reads the range "-n", the last n bytes.
func parseSuffix(last string, size int64) (Part, RangeResult) {
	n := min(parseClamped(last), size)
	if n == 0 {
		return Part{}, RangeUnsatisfiable
	}
	return Part{size - n, n}, RangeSatisfiable
}

// isDigits reports whether s has no other character than digits. It returns true for "".
func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// parseClamped returns the number that digits stand for. A number beyond int64 becomes the largest
// int64, which lies beyond any content.
func parseClamped(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return math.MaxInt64
	}
	return n
}

package conditional

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseRange(t *testing.T) {
	for _, c := range []struct {
		header string
		size   int64
		part   Part
		result RangeResult
	}{
		{"bytes=0-0", 10, Part{0, 1}, RangeSatisfiable},
		{"bytes=0-9", 10, Part{0, 10}, RangeSatisfiable},
		{"bytes=0-10", 10, Part{0, 10}, RangeSatisfiable},
		{"bytes=9-", 10, Part{9, 1}, RangeSatisfiable},
		{"bytes=-1", 10, Part{9, 1}, RangeSatisfiable},
		{"bytes=-10", 10, Part{0, 10}, RangeSatisfiable},
		{"bytes=-11", 10, Part{0, 10}, RangeSatisfiable},
		{"BYTES=1-2", 10, Part{1, 2}, RangeSatisfiable},
		{"bytes= 1-2 ", 10, Part{1, 2}, RangeSatisfiable},
		{"bytes=5-99999999999999999999", 10, Part{5, 5}, RangeSatisfiable},
		{"bytes=-99999999999999999999", 10, Part{0, 10}, RangeSatisfiable},
		{"bytes=10-", 10, Part{}, RangeUnsatisfiable},
		{"bytes=10-20", 10, Part{}, RangeUnsatisfiable},
		{"bytes=99999999999999999999-", 10, Part{}, RangeUnsatisfiable},
		{"bytes=-0", 10, Part{}, RangeUnsatisfiable},
		{"", 10, Part{}, RangeIgnored},
		{"bytes", 10, Part{}, RangeIgnored},
		{"bytes=", 10, Part{}, RangeIgnored},
		{"bytes=-", 10, Part{}, RangeIgnored},
		{"bytes=2-1", 10, Part{}, RangeIgnored},
		{"bytes=a-b", 10, Part{}, RangeIgnored},
		{"bytes=--1", 10, Part{}, RangeIgnored},
		{"bytes=1-2-3", 10, Part{}, RangeIgnored},
		{"bytes=+1-2", 10, Part{}, RangeIgnored},
		{"bytes=0x1-2", 10, Part{}, RangeIgnored},
		{"bytes=0-1,3-4", 10, Part{}, RangeIgnored},
		{"lines=0-1", 10, Part{}, RangeIgnored},
		{"bytes=0-", 0, Part{}, RangeIgnored},
		{"bytes=-5", 0, Part{}, RangeIgnored},
	} {
		part, result := ParseRange(c.header, c.size)
		require.Equal(t, c.result, result, "%q of %d", c.header, c.size)
		require.Equal(t, c.part, part, "%q of %d", c.header, c.size)
	}
}

// FuzzParseRange looks for a part that lies outside the object.
func FuzzParseRange(f *testing.F) {
	f.Add("bytes=0-9", int64(10))
	f.Add("bytes=-5", int64(3))
	f.Fuzz(func(t *testing.T, header string, size int64) {
		part, result := ParseRange(header, max(size, 0))
		if result == RangeSatisfiable {
			require.GreaterOrEqual(t, part.Start, int64(0), "%q of %d", header, size)
			require.Positive(t, part.Length, "%q of %d", header, size)
			require.LessOrEqual(t, part.Start+part.Length, size, "%q of %d", header, size)
		}
	})
}

func TestContentRange(t *testing.T) {
	require.Equal(t, "bytes 2-4/10", Part{2, 3}.ContentRange(10))
	require.Equal(t, "bytes */10", UnsatisfiedRange(10))
}

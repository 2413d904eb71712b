package folder

import "testing"

func TestParseRange(t *testing.T) {
	for _, c := range []struct {
		header string
		size   int64
		part   span
		result rangeResult
	}{
		{"bytes=0-0", 10, span{0, 1}, rangePart},
		{"bytes=0-9", 10, span{0, 10}, rangePart},
		{"bytes=0-10", 10, span{0, 10}, rangePart},
		{"bytes=9-", 10, span{9, 1}, rangePart},
		{"bytes=-1", 10, span{9, 1}, rangePart},
		{"bytes=-10", 10, span{0, 10}, rangePart},
		{"bytes=-11", 10, span{0, 10}, rangePart},
		{"BYTES=1-2", 10, span{1, 2}, rangePart},
		{"bytes= 1-2 ", 10, span{1, 2}, rangePart},
		{"bytes=5-99999999999999999999", 10, span{5, 5}, rangePart},
		{"bytes=-99999999999999999999", 10, span{0, 10}, rangePart},
		{"bytes=10-", 10, span{}, rangeUnsatisfiable},
		{"bytes=10-20", 10, span{}, rangeUnsatisfiable},
		{"bytes=99999999999999999999-", 10, span{}, rangeUnsatisfiable},
		{"bytes=-0", 10, span{}, rangeUnsatisfiable},
		{"", 10, span{}, rangeIgnored},
		{"bytes", 10, span{}, rangeIgnored},
		{"bytes=", 10, span{}, rangeIgnored},
		{"bytes=-", 10, span{}, rangeIgnored},
		{"bytes=2-1", 10, span{}, rangeIgnored},
		{"bytes=a-b", 10, span{}, rangeIgnored},
		{"bytes=--1", 10, span{}, rangeIgnored},
		{"bytes=1-2-3", 10, span{}, rangeIgnored},
		{"bytes=+1-2", 10, span{}, rangeIgnored},
		{"bytes=0x1-2", 10, span{}, rangeIgnored},
		{"bytes=0-1,3-4", 10, span{}, rangeIgnored},
		{"lines=0-1", 10, span{}, rangeIgnored},
		{"bytes=0-", 0, span{}, rangeIgnored},
		{"bytes=-5", 0, span{}, rangeIgnored},
	} {
		part, result := parseRange(c.header, c.size)
		if result != c.result || part != c.part {
			t.Errorf("%q of %d: %v, %v", c.header, c.size, part, result)
		}
	}
}

// FuzzParseRange looks for a part that lies outside the object.
func FuzzParseRange(f *testing.F) {
	f.Add("bytes=0-9", int64(10))
	f.Add("bytes=-5", int64(3))
	f.Fuzz(func(t *testing.T, header string, size int64) {
		part, result := parseRange(header, max(size, 0))
		if result == rangePart && (part.start < 0 || part.length < 1 || part.start+part.length > size) {
			t.Errorf("%q of %d: %v", header, size, part)
		}
	})
}

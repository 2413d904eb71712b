package text

import "strings"

// CutBytes returns at most the first limit bytes of s. A character that the limit would split is left out,
// and so are bytes of s that are no UTF-8.
func CutBytes(s string, limit int) string { return strings.ToValidUTF8(s[:min(limit, len(s))], "") }

// Shorten is CutBytes with "…" behind a text that was cut. It is for text from outside that answers and logs
// repeat, which must not fill them.
func Shorten(s string, limit int) string {
	if len(s) <= limit {
		return CutBytes(s, limit)
	}
	return CutBytes(s, limit) + "…"
}

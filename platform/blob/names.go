package blob

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFilename is what common file systems take, in bytes.
const maxFilename = 255

// isInlineAllowed says whether a browser may show the type in place. SVG, HTML and PDF run scripts
// or plug-ins, so they are only ever saved (SECURITY H4, F5).
func isInlineAllowed(contentType string) bool {
	base, _, _ := strings.Cut(contentType, ";")
	base = strings.ToLower(strings.TrimSpace(base))
	switch base {
	case "image/png", "image/jpeg", "image/webp", "image/gif":
		return true
	}
	return strings.HasPrefix(base, "video/") || strings.HasPrefix(base, "audio/")
}

// Disposition writes a Content-Disposition header: a plain ASCII name for old clients and the
// real one as RFC 8187 has it.
func Disposition(contentType, asked, filename string) string {
	kind := "attachment"
	if asked != "attachment" && isInlineAllowed(contentType) {
		kind = "inline"
	}
	name := cleanFilename(filename)
	if name == "" {
		return kind
	}
	ascii := asciiName(name)
	out := kind + `; filename="` + ascii + `"`
	if ascii != name {
		out += "; filename*=UTF-8''" + extValue(name)
	}
	return out
}

// cleanFilename drops what a name must not do on the reader's machine: leave the download folder,
// end a header, or show its letters in another order than they are stored.
func cleanFilename(name string) string {
	name = strings.ToValidUTF8(name, "_")
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '/' || r == '\\':
			return '_'
		case unicode.IsControl(r), isBidiControl(r):
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, " .")
	for len(name) > maxFilename {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}

func isBidiControl(r rune) bool {
	return r == 0x061C || r == 0x200E || r == 0x200F || r == 0xFEFF ||
		r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029
}

func asciiName(name string) string {
	return strings.Map(func(r rune) rune {
		// Quotes and backslashes would need escaping and a percent sign is decoded by some
		// browsers, so the fallback does without all three.
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
}

// extValue is the value of an extended parameter: RFC 8187, attr-char.
func extValue(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if isAttrChar(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

func isAttrChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte("!#$&+-.^_`|~", c) >= 0
}

// isHeaderSafe is true for text that can stand in a header as it is.
func isHeaderSafe(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

func isSHA256(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 32
}

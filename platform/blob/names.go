package blob

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFilenameBytes is the longest name on common file systems.
const maxFilenameBytes = 255

// isInlineAllowed reports whether a browser may show the type instead of saving it. SVG, HTML and
// PDF can run scripts or plug-ins and are always saved.
func isInlineAllowed(contentType string) bool {
	base, _, _ := strings.Cut(contentType, ";")
	base = strings.ToLower(strings.TrimSpace(base))
	switch base {
	case "image/png", "image/jpeg", "image/webp", "image/gif":
		return true
	}
	return strings.HasPrefix(base, "video/") || strings.HasPrefix(base, "audio/")
}

// ContentDisposition returns the value of Content-Disposition for a download; see GetRequest. It
// has the name in ASCII for old clients and, if that differs, the whole name in the encoding of RFC
// 8187.
func ContentDisposition(contentType, asked, filename string) string {
	kind := "attachment"
	if asked != "attachment" && isInlineAllowed(contentType) {
		kind = "inline"
	}
	name := cleanFilename(filename)
	if name == "" {
		return kind
	}
	ascii := toASCIIName(name)
	out := kind + `; filename="` + ascii + `"`
	if ascii != name {
		out += "; filename*=UTF-8''" + encodeExtValue(name)
	}
	return out
}

// cleanFilename returns a name that can't leave the download folder, end the header, or show its
// letters in another order than they are stored. It cuts long names.
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
	for len(name) > maxFilenameBytes {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}

// isBidiControl reports whether a character changes the direction of text or is an invisible
// separator.
func isBidiControl(r rune) bool {
	return r == 0x061C || r == 0x200E || r == 0x200F || r == 0xFEFF ||
		r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029
}

// toASCIIName returns the name with "_" for every character that some clients do not read.
func toASCIIName(name string) string {
	return strings.Map(func(r rune) rune {
		// Quotes and backslashes would need escaping, and some browsers decode a percent sign.
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
}

// encodeExtValue returns the value of an extended parameter (RFC 8187 §3.2.1): UTF-8 with
// percent-encoding.
func encodeExtValue(s string) string {
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

// isAttrChar reports whether a byte needs no encoding in an extended parameter.
func isAttrChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte("!#$&+-.^_`|~", c) >= 0
}

// isHeaderSafe reports whether a text can be the value of a header as it is: printable ASCII.
func isHeaderSafe(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// isSHA256 reports whether a text is a SHA-256 in hexadecimal digits.
func isSHA256(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 32
}

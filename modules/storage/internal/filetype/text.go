package filetype

import (
	"bytes"
	"encoding/binary"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// textSize is how much of a text is looked at, as browsers do (WHATWG MIME Sniffing).
const textSize = 512

// decodeText returns the beginning of a text without its byte order mark. UTF-8 and single-byte
// encodings are returned as they are; UTF-16 and UTF-32, with or without a mark, as UTF-8. It returns
// false if b is not text.
func decodeText(b []byte) ([]byte, bool) {
	whole := len(b) <= textSize
	b = b[:min(len(b), textSize)]
	switch {
	case bytes.HasPrefix(b, []byte("\xEF\xBB\xBF")):
		b = b[3:]
	case bytes.HasPrefix(b, []byte("\xFF\xFE\x00\x00")):
		return decodeUnits(b[4:], 4, binary.LittleEndian)
	case bytes.HasPrefix(b, []byte("\x00\x00\xFE\xFF")):
		return decodeUnits(b[4:], 4, binary.BigEndian)
	case bytes.HasPrefix(b, []byte("\xFF\xFE")):
		return decodeUnits(b[2:], 2, binary.LittleEndian)
	case bytes.HasPrefix(b, []byte("\xFE\xFF")):
		return decodeUnits(b[2:], 2, binary.BigEndian)
	case bytes.IndexByte(b, 0) >= 0:
		return guessUnits(b)
	}
	if whole {
		b = bytes.TrimRight(b, "\x1A") // the end of a text on DOS
	}
	return b, !bytes.ContainsFunc(b, isBinary)
}

// guessUnits decodes UTF-32 or UTF-16 without a mark.
func guessUnits(b []byte) ([]byte, bool) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if text, ok := decodeUnits(b, 4, order); ok && isPlausible(text) {
			return text, true
		}
	}
	// Zeros stand in the high bytes of Latin letters; one in a low byte says that these are no
	// characters. high is the offset of the high byte in a unit.
	for high, order := range []binary.ByteOrder{binary.BigEndian, binary.LittleEndian} {
		text, ok := decodeUnits(b, 2, order)
		for i, c := range b {
			ok = ok && (c != 0 || i%2 == high)
		}
		if ok && isPlausible(text) {
			return text, true
		}
	}
	return nil, false
}

// isBinary reports whether a character stands in no text (MIME Sniffing, "binary data byte").
func isBinary(r rune) bool {
	return r <= 0x08 || r == 0x0B || r >= 0x0E && r <= 0x1A || r >= 0x1C && r <= 0x1F
}

// decodeUnits reads code units of a width in bytes; a character that the end cuts off is left out.
func decodeUnits(b []byte, width int, order binary.ByteOrder) ([]byte, bool) {
	var text []byte
	for len(b) >= width {
		var r rune
		if width == 4 {
			r = rune(order.Uint32(b)) //nolint:gosec // what does not fit is negative, and no rune
		} else {
			r = rune(order.Uint16(b))
		}
		b = b[width:]
		if width == 2 && utf16.IsSurrogate(r) {
			if len(b) < width {
				break
			}
			if r = utf16.DecodeRune(r, rune(order.Uint16(b))); r == unicode.ReplacementChar {
				return nil, false
			}
			b = b[width:]
		}
		if !utf8.ValidRune(r) || isBinary(r) {
			return nil, false
		}
		text = utf8.AppendRune(text, r)
	}
	return text, true
}

// isPlausible reports whether all characters are ones that people write: guesses at an encoding must
// not accept random bytes as rare characters.
func isPlausible(text []byte) bool {
	for _, r := range string(text) {
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) || r == utf8.RuneError {
			return false
		}
	}
	return len(text) > 0
}

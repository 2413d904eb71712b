package csvrows

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"lyceum/platform/apperr"
)

// IsCharset reports whether a table may be in the charset of that name.
func IsCharset(name string) bool {
	return slices.Contains([]string{"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be"}, strings.ToLower(name))
}

// decodeTable returns the text of a table in UTF-8 or UTF-16, with or without a byte order mark.
// UTF-16 without the mark is recognized by the name of a column in the header. It returns a
// malformed-request error for every other charset: guessing would turn names into others.
func decodeTable(raw []byte, columns []string) (string, error) {
	switch {
	case bytes.HasPrefix(raw, []byte("\xff\xfe")):
		return decodeUTF16(raw[2:], binary.LittleEndian)
	case bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return decodeUTF16(raw[2:], binary.BigEndian)
	}
	if bytes.IndexByte(raw, 0) >= 0 {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			if text, err := decodeUTF16(raw, order); err == nil && hasColumn(text, columns) {
				return text, nil
			}
		}
	}
	if !utf8.Valid(raw) {
		return "", apperr.Malformed("The table is not UTF-8 or UTF-16. Save it as “CSV UTF-8” and send it again.")
	}
	return string(raw), nil
}

// decodeUTF16 returns the text of units in one byte order. It returns a malformed-request error for
// half a unit or half a pair of surrogates.
func decodeUTF16(raw []byte, order binary.ByteOrder) (string, error) {
	if len(raw)%2 != 0 {
		return "", apperr.Malformed("The table is broken: text in UTF-16 has an even number of bytes.")
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = order.Uint16(raw[2*i:])
	}
	text := string(utf16.Decode(units))
	if strings.ContainsRune(text, utf8.RuneError) && !slices.Contains(units, uint16(utf8.RuneError)) {
		return "", apperr.Malformed("The table is broken: it is not valid UTF-16.")
	}
	return text, nil
}

// hasColumn reports whether the first line of a text names one of the columns.
func hasColumn(text string, columns []string) bool {
	header, _, _ := strings.Cut(strings.TrimLeft(text, "\ufeff\r\n"), "\n")
	isInHeader := func(column string) bool { return strings.Contains(strings.ToLower(header), column) }
	return !strings.ContainsRune(text, 0) && slices.ContainsFunc(columns, isInHeader)
}

package httpx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"lyceum/platform/apperr"
)

// Tables as programs write them. Excel: commas or, where those are for decimals, semicolons, sometimes named by a first
// line "sep=;"; as "Unicode text" UTF-16 with tabs; on a Mac CR line ends. LibreOffice: any of these, as its user
// chooses. Numbers and Google Sheets: UTF-8 with commas. Empty rows and columns come as separators alone. Outlook and
// other mail programs: "Name <address>", quoted or not, and mailto: links.

// csvCharset returns whether a table may be in a charset of that name.
func csvCharset(name string) bool {
	return slices.Contains([]string{"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be"}, strings.ToLower(name))
}

// decodeTable returns the text of a table in UTF-8 or UTF-16, with or without a byte order mark. A table in UTF-16
// without the mark is known by a column that its header has.
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

func hasColumn(text string, columns []string) bool {
	header, _, _ := strings.Cut(strings.TrimLeft(text, "\ufeff\r\n"), "\n")
	return !strings.ContainsRune(text, 0) && slices.ContainsFunc(columns, func(c string) bool { return strings.Contains(strings.ToLower(header), c) })
}

// errQuote tells of a quote that is never closed.
func errQuote(line int) error {
	return apperr.Malformed(fmt.Sprintf("Line %d of the table opens a quote that is never closed.", line))
}

// record is a row of a table: its cells, and the text that they were cut from.
type record struct {
	cells []string
	text  string
}

// isBlank returns true for a row without any text, such as a spreadsheet's empty ones.
func (r record) isBlank() bool {
	return !slices.ContainsFunc(r.cells, func(c string) bool { return tidyCell(c) != "" })
}

// tidyCell takes off outer space and invisible characters.
func tidyCell(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
}

// table reads records one after another.
type table struct {
	rest string
	line int
	// separator stands between cells; 0 before it is known.
	separator rune
}

// newTable begins a table after its byte order mark and a line that names the separator. Every line end becomes \n.
func newTable(text string) *table {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimLeft(text, "\ufeff"))
	t := &table{rest: text, line: 1}
	first, rest, _ := strings.Cut(text, "\n")
	named := strings.Trim(strings.TrimRight(first, " "), `"`)
	if len(named) >= 4 && strings.EqualFold(named[:4], "sep=") {
		if r, n := utf8.DecodeRuneInString(named[4:]); n > 0 && n == len(named)-4 && r != '"' && !unicode.IsLetter(r) && !unicode.IsNumber(r) {
			t.rest, t.line, t.separator = rest, 2, r
		}
	}
	return t
}

// header reads the first row with text and settles the separator: the one that was named, else the one by which the row
// has the columns, else one that the table has outside of quotes.
func (t *table) header(columns []string) (record, error) {
	for t.rest != "" {
		found, at := record{}, *t
		candidates := []rune{t.separator}
		if t.separator == 0 {
			candidates = t.separators()
		}
		for i, separator := range candidates {
			*t = at
			t.separator = separator
			r, err := t.next()
			if err != nil {
				return record{}, err
			}
			has := slices.ContainsFunc(r.cells, func(c string) bool { return slices.Contains(columns, columnName(c)) })
			if found = r; has && (len(r.cells) > 1 || i == len(candidates)-1) {
				break
			}
		}
		if !found.isBlank() {
			return found, nil
		}
		t.separator = at.separator
	}
	return record{}, apperr.Malformed("The table has no header line. Its first line must name the columns.")
}

// separators lists what may separate cells: those that stand outside of quotes in the header line first, at last the one
// that stands in the most lines, or the comma.
func (t *table) separators() (out []rune) {
	first, _, _ := strings.Cut(strings.TrimLeft(t.rest, "\n"), "\n")
	for _, r := range ",;\t" {
		if strings.ContainsRune(unquoted(first), r) {
			out = append(out, r)
		}
	}
	if len(out) > 0 {
		return out
	}
	most, lines := ',', 0
	for _, r := range ",;\t" {
		n := 0
		for line := range strings.Lines(t.rest) {
			if strings.ContainsRune(unquoted(line), r) {
				n++
			}
		}
		if n > lines {
			most, lines = r, n
		}
	}
	return []rune{most}
}

// unquoted returns a line without what stands in quotes.
func unquoted(line string) string {
	var b strings.Builder
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 0 {
			b.WriteString(part)
		}
	}
	return b.String()
}

func columnName(cell string) string { return strings.ToLower(tidyCell(cell)) }

// next reads a row. A cell that begins with a quote ends with it (RFC 4180); quotes elsewhere are text.
func (t *table) next() (record, error) {
	var r record
	start := t.rest
	for {
		cell, last, err := t.cell()
		if err != nil {
			return r, err
		}
		r.cells = append(r.cells, cell)
		if last {
			r.text = strings.TrimSuffix(start[:len(start)-len(t.rest)], "\n")
			t.line += strings.Count(r.text, "\n") + 1
			return r, nil
		}
	}
}

// cell reads up to a separator or the end of the row.
func (t *table) cell() (cell string, last bool, err error) {
	if inner, isQuoted := strings.CutPrefix(t.rest, `"`); isQuoted {
		end := closingQuote(inner)
		if end < 0 {
			return "", false, errQuote(t.line)
		}
		behind := strings.TrimLeft(inner[end+1:], " ")
		if behind == "" || behind[0] == '\n' || strings.HasPrefix(behind, string(t.separator)) {
			return strings.ReplaceAll(inner[:end], `""`, `"`), t.skip(behind), nil
		}
		// Text goes on behind the quote, as in "Doe, Jane" <jane@example.com>: the quotes are part of it.
		stop := strings.IndexAny(inner[end+1:], string(t.separator)+"\n")
		if stop < 0 {
			stop = len(inner) - end - 1
		}
		cell = t.rest[:end+2+stop]
		return cell, t.skip(t.rest[len(cell):]), nil
	}
	stop := strings.IndexAny(t.rest, string(t.separator)+"\n")
	if stop < 0 {
		stop = len(t.rest)
	}
	cell = t.rest[:stop]
	return cell, t.skip(t.rest[stop:]), nil
}

// skip goes on behind a separator or the end of a row, and returns whether it was the end.
func (t *table) skip(rest string) (last bool) {
	if rest == "" {
		t.rest = ""
		return true
	}
	last = rest[0] == '\n'
	_, n := utf8.DecodeRuneInString(rest)
	t.rest = rest[n:]
	return last
}

// closingQuote finds the quote that ends a cell; a doubled one is text.
func closingQuote(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			i++
			continue
		}
		return i
	}
	return -1
}

// addressForm is a name with its address in angle brackets, or the address alone in them.
var addressForm = regexp.MustCompile(`^[^<>]*<([^<>]*@[^<>]*)>[\s,;.]*$`)

// addressIn returns the address of a cell: what a mail program wrote around it is taken off. A text that has none stays.
func addressIn(cell string) string {
	s := strings.TrimRight(tidyCell(cell), ",; \t")
	if m := addressForm.FindStringSubmatch(s); m != nil {
		s = tidyCell(m[1])
	}
	if len(s) > 7 && strings.EqualFold(s[:7], "mailto:") {
		s, _, _ = strings.Cut(s[7:], "?")
		if plain, err := url.PathUnescape(s); err == nil {
			s = plain
		}
	}
	if len(s) > 2 && s[0] == '\'' && s[len(s)-1] == '\'' { // Outlook's
		s = s[1 : len(s)-1]
	}
	if len(s) > 1 && s[0] == '\'' && strings.ContainsRune("=+-@'", rune(s[1])) { // what CSV put there
		s = s[1:]
	}
	if !strings.Contains(s, "@") {
		return tidyCell(cell)
	}
	return s
}

// addressOf returns the address of a row whose cell has none by itself: "Doe, Jane <jane@example.com>" alone on its line
// is cut at the comma.
func (r record) addressOf(cell string) string {
	if tidyCell(cell) == "" || strings.Contains(cell, "@") || !addressForm.MatchString(strings.TrimSpace(r.text)) {
		return addressIn(cell)
	}
	return addressIn(r.text)
}

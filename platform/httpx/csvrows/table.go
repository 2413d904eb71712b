package csvrows

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
	"lyceum/platform/text"
)

// Tables as programs write them. Excel: commas or, where those are for decimals, semicolons,
// sometimes named by a first line "sep=;"; as "Unicode text" UTF-16 with tabs; on a Mac CR line
// ends. LibreOffice: any of these, as its user chooses. Numbers and Google Sheets: UTF-8 with
// commas. Empty rows and columns come as separators alone. Outlook and other mail programs: "Name
// <address>", quoted or not, and mailto: links.

// IsCharset reports whether a table may be in the charset of that name.
func IsCharset(name string) bool {
	return slices.Contains([]string{"utf-8", "utf8", "utf-16", "utf-16le", "utf-16be"}, strings.ToLower(name))
}

// decodeTable returns the text of a table in UTF-8 or UTF-16, with or without a byte order mark. A
// table in UTF-16 without the mark is known by a column that its header has.
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
	isInHeader := func(column string) bool { return strings.Contains(strings.ToLower(header), column) }
	return !strings.ContainsRune(text, 0) && slices.ContainsFunc(columns, isInHeader)
}

// newOpenQuoteError tells of a quote that is never closed.
func newOpenQuoteError(line int) error {
	return apperr.Malformed(fmt.Sprintf("Line %d of the table opens a quote that is never closed.", line))
}

// record is a row of a table: its cells, and the text that they were cut from.
type record struct {
	cells []string
	text  string
}

// isBlank reports whether the row has no text at all, such as the empty rows of a spreadsheet.
func (r record) isBlank() bool {
	return !slices.ContainsFunc(r.cells, func(c string) bool { return trimCell(c) != "" })
}

// trimCell takes off outer space and invisible characters, and the formula ="…" by which Excel
// keeps a text as it is.
func trimCell(s string) string {
	s = strings.TrimFunc(s, isPadding)
	if inner, isFormula := strings.CutPrefix(s, `="`); isFormula && strings.HasSuffix(inner, `"`) {
		return strings.TrimFunc(strings.ReplaceAll(inner[:len(inner)-1], `""`, `"`), isPadding)
	}
	return s
}

// isPadding reports whether r is a space, has no width, or is Ctrl-Z, by which DOS programs end a
// file.
func isPadding(r rune) bool {
	return unicode.IsSpace(r) || text.IsInvisible(r) || r == '\u001a'
}

// table reads records one after another.
type table struct {
	rest string
	line int
	// separator stands between cells; 0 before it is known.
	separator rune
}

// separatorLinePattern names the separator; a spreadsheet that saved the table again put quotes and
// empty cells around it.
var separatorLinePattern = regexp.MustCompile(`(?i)^"?sep=([^" \pL\pN])"?(.*)$`)

// namedSeparator returns the separator that a first line names. Empty cells behind it that
// something else separates tell that the table was saved with that.
func namedSeparator(line string) (separator rune, isNamed bool) {
	m := separatorLinePattern.FindStringSubmatch(line)
	if m == nil || strings.Trim(m[2], `,;" `+"\t"+m[1]) != "" {
		return 0, false
	}
	separator, _ = utf8.DecodeRuneInString(m[1])
	if padding := strings.Trim(m[2], `" `); padding != "" && !strings.Contains(padding, m[1]) {
		separator, _ = utf8.DecodeRuneInString(padding)
	}
	return separator, true
}

// newTable begins a table after its byte order mark and a line that names the separator. Every line
// end becomes \n.
func newTable(text string) *table {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimLeft(text, "\ufeff"))
	t := &table{rest: text, line: 1}
	first, rest, _ := strings.Cut(text, "\n")
	if separator, isNamed := namedSeparator(first); isNamed {
		t.rest, t.line, t.separator = rest, 2, separator
	}
	return t
}

// readHeader reads the first row with text and settles the separator: the one that was named, else
// the one by which the row has the columns, else one that the table has outside of quotes.
func (t *table) readHeader(columns []string) (record, error) {
	for t.rest != "" {
		found, at := record{}, *t
		candidates := []rune{t.separator}
		if t.separator == 0 {
			candidates = t.candidateSeparators()
		}
		for i, separator := range candidates {
			*t = at
			t.separator = separator
			r, err := t.readRecord()
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

// candidateSeparators lists what may separate cells: those that stand outside of quotes in the
// header line first, at last the one that stands in the most lines, or the comma.
func (t *table) candidateSeparators() (out []rune) {
	first, _, _ := strings.Cut(strings.TrimLeft(t.rest, "\n"), "\n")
	for _, r := range ",;\t" {
		if strings.ContainsRune(removeQuoted(first), r) {
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
			if strings.ContainsRune(removeQuoted(line), r) {
				n++
			}
		}
		if n > lines {
			most, lines = r, n
		}
	}
	return []rune{most}
}

// removeQuoted returns a line without what stands in quotes.
func removeQuoted(line string) string {
	var b strings.Builder
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 0 {
			b.WriteString(part)
		}
	}
	return b.String()
}

func columnName(cell string) string { return strings.ToLower(trimCell(cell)) }

// readRecord reads a row. A cell that begins with a quote ends with it (RFC 4180), also behind
// space; quotes elsewhere are text.
func (t *table) readRecord() (record, error) {
	var r record
	start := t.rest
	for {
		cell, last, err := t.readCell()
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

// readCell reads up to a separator or the end of the row.
func (t *table) readCell() (cell string, last bool, err error) {
	if inner, isQuoted := strings.CutPrefix(t.trimPadding(t.rest), `"`); isQuoted {
		end := closingQuote(inner)
		if end < 0 && t.rest[0] == '"' {
			return "", false, newOpenQuoteError(t.line)
		}
		if end >= 0 {
			if behind := t.trimPadding(inner[end+1:]); t.endsCell(behind) {
				return strings.ReplaceAll(inner[:end], `""`, `"`), t.advance(behind), nil
			}
			// Text goes on behind the quote, as in "Doe, Jane" <jane@example.com>: the quotes are
			// part of it. A quote behind space may be text as well, and holds no line end then.
			if t.rest[0] == '"' || !strings.Contains(inner[:end], "\n") {
				stop := strings.IndexAny(inner[end+1:], string(t.separator)+"\n")
				if stop < 0 {
					stop = len(inner) - end - 1
				}
				cell = t.rest[:len(t.rest)-len(inner)+end+1+stop]
				return cell, t.advance(t.rest[len(cell):]), nil
			}
		}
	}
	if inner, isFormula := strings.CutPrefix(t.trimPadding(t.rest), `="`); isFormula {
		if end := closingQuote(inner); end >= 0 && !strings.Contains(inner[:end], "\n") {
			if behind := t.trimPadding(inner[end+1:]); t.endsCell(behind) {
				return strings.ReplaceAll(inner[:end], `""`, `"`), t.advance(behind), nil
			}
		}
	}
	stop := strings.IndexAny(t.rest, string(t.separator)+"\n")
	if stop < 0 {
		stop = len(t.rest)
	}
	cell = t.rest[:stop]
	return cell, t.advance(t.rest[stop:]), nil
}

// trimPadding takes off what has no meaning before or behind a quoted cell.
func (t *table) trimPadding(s string) string {
	return strings.TrimLeftFunc(s, func(r rune) bool { return r != '\n' && r != t.separator && isPadding(r) })
}

// endsCell reports whether a cell ends before the text behind.
func (t *table) endsCell(behind string) bool {
	return behind == "" || behind[0] == '\n' || strings.HasPrefix(behind, string(t.separator))
}

// advance goes on behind a separator or the end of a row, and returns whether it was the end.
func (t *table) advance(rest string) (last bool) {
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

// addressPattern is a name with its address in angle brackets, or the address alone in them.
var addressPattern = regexp.MustCompile(`^[^<>]*<([^<>]*@[^<>]*)>[\s,;.]*$`)

// extractAddress returns the address of a cell: what a mail program wrote around it is taken off. A
// text that has none stays.
func extractAddress(cell string) string {
	s := strings.TrimRight(trimCell(cell), ",; \t")
	if m := addressPattern.FindStringSubmatch(s); m != nil {
		s = trimCell(m[1])
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
		return trimCell(cell)
	}
	return s
}

// findAddress returns the address of a row whose cell has none by itself: "Doe, Jane
// <jane@example.com>" alone on its line is cut at the comma.
func (r record) findAddress(cell string) string {
	if trimCell(cell) == "" || strings.Contains(cell, "@") || !addressPattern.MatchString(strings.TrimSpace(r.text)) {
		return extractAddress(cell)
	}
	return extractAddress(r.text)
}

// isList reports whether the only named column of a header is that of addresses. Every address
// below it counts then, whatever separates them.
func (r record) isList() bool {
	named := slices.DeleteFunc(slices.Clone(r.cells), func(c string) bool { return trimCell(c) == "" })
	return len(named) == 1 && columnName(named[0]) == emailColumn
}

// splitAddresses returns each address of a row of a list, and each text that is none. Cells in
// front of the column, such as the numbers that some programs put before rows, count only if they
// have an address. A text before "Name <address>" and a comma is the rest of the name.
func (t *table) splitAddresses(r record, column int) (out []string) {
	var texts []string // may be the beginning of a name
	for i, cell := range r.cells {
		if i < column && !strings.Contains(cell, "@") {
			continue
		}
		for _, p := range splitList(cell) {
			text := trimCell(p.text)
			switch {
			case text == "":
			case addressPattern.MatchString(text):
				out, texts = append(out, extractAddress(text)), nil
			default:
				texts = append(texts, extractAddress(text))
			}
			isComma := p.separator == ',' || p.separator == 0 && t.separator == ','
			if !isComma || strings.Contains(text, "@") {
				out, texts = append(out, texts...), nil
			}
		}
	}
	return append(out, texts...)
}

// listPart is a part of a cell and what separates it from the next one, 0 at the end.
type listPart struct {
	text      string
	separator rune
}

// splitList cuts a cell at commas, semicolons, tabs and line ends outside of quotes and angle
// brackets.
func splitList(cell string) (out []listPart) {
	start := 0
	for i := 0; i < len(cell); i++ {
		switch c := cell[i]; c {
		case '"':
			if strings.TrimFunc(cell[start:i], isPadding) == "" {
				i += 1 + closingQuote(cell[i+1:])
			}
		case '<':
			if n := strings.IndexAny(cell[i+1:], "<>\n"); n >= 0 && cell[i+1+n] == '>' {
				i += 1 + n
			}
		case ',', ';', '\t', '\n':
			out = append(out, listPart{cell[start:i], rune(c)})
			start = i + 1
		}
	}
	return append(out, listPart{cell[start:], 0})
}

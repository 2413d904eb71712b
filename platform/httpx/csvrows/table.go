package csvrows

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"lyceum/platform/apperr"
	"lyceum/platform/text"
)

// newOpenQuoteError returns the error for a quote that is never closed, such as one inch in a text.
// It would swallow the rest of the table.
func newOpenQuoteError(line int) error {
	return apperr.Malformed(fmt.Sprintf("Line %d of the table opens a quote that is never closed.", line))
}

// record is a row of a table.
type record struct {
	cells []string
	// text is the row as it stands in the table, without its line end.
	text string
}

// isBlank reports whether no cell has any text. Spreadsheets write such rows at the end.
func (r record) isBlank() bool {
	return !slices.ContainsFunc(r.cells, func(c string) bool { return trimCell(c) != "" })
}

// trimCell returns the text of a cell without space and invisible characters at its ends, and
// without the formula ="…" by which Excel keeps a text from becoming a number.
func trimCell(s string) string {
	s = strings.TrimFunc(s, isPadding)
	if inner, isFormula := strings.CutPrefix(s, `="`); isFormula && strings.HasSuffix(inner, `"`) {
		return strings.TrimFunc(strings.ReplaceAll(inner[:len(inner)-1], `""`, `"`), isPadding)
	}
	return s
}

// isPadding reports whether r may stand around a text without a meaning: a space, a character
// without width, or Ctrl-Z, by which DOS programs end a file.
func isPadding(r rune) bool {
	return unicode.IsSpace(r) || text.IsInvisible(r) || r == '\u001a'
}

// table reads the records of a table one after another.
type table struct {
	// rest is the text that was not read yet; line is the number of its first line, from 1.
	rest string
	line int
	// separator stands between cells. It is 0 until it is known.
	separator rune
	// lineCounts is the number of lines of counted that have a separator; see countLines.
	lineCounts map[rune]int
	counted    string
}

// separatorLinePattern matches a first line that names the separator. If a spreadsheet saved the
// table again, it has quotes and empty cells around it.
var separatorLinePattern = regexp.MustCompile(`(?i)^"?sep=([^" \pL\pN])"?(.*)$`)

// namedSeparator returns the separator that a first line names. If the line ends with empty cells,
// their separator is the one with which the table was saved at last, and wins.
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

// newTable returns a table that begins behind its byte order mark and a line that names the
// separator. Every line end becomes "\n".
func newTable(text string) *table {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimLeft(text, "\ufeff"))
	t := &table{rest: text, line: 1}
	first, rest, _ := strings.Cut(text, "\n")
	if separator, isNamed := namedSeparator(first); isNamed {
		t.rest, t.line, t.separator = rest, 2, separator
	}
	return t
}

// readHeader reads the first row with text and chooses the separator: the one that was named, else
// the one that cuts the row into the columns, else one that stands in the table outside of quotes.
func (t *table) readHeader(columns []string) (record, error) {
	for t.skipEmptyLines(); t.rest != ""; t.skipEmptyLines() {
		candidates := []rune{t.separator}
		if t.separator == 0 {
			candidates = t.candidateSeparators()
		}
		header, before := record{}, *t
		for i, separator := range candidates {
			*t = before
			t.separator = separator
			r, err := t.readRecord()
			if err != nil {
				return record{}, err
			}
			header = r
			isWanted := func(cell string) bool { return slices.Contains(columns, columnName(cell)) }
			if slices.ContainsFunc(r.cells, isWanted) && (len(r.cells) > 1 || i == len(candidates)-1) {
				break
			}
		}
		if !header.isBlank() {
			return header, nil
		}
		t.separator = before.separator // the next row is tried with all candidates again
	}
	return record{}, apperr.Malformed("The table has no header line. Its first line must name the columns.")
}

// skipEmptyLines moves to the next line with a character.
func (t *table) skipEmptyLines() {
	rest := strings.TrimLeft(t.rest, "\n")
	t.line += len(t.rest) - len(rest)
	t.rest = rest
}

// separators are the characters that separate cells unless a first line names another one.
const separators = ",;\t"

// candidateSeparators returns the characters that may separate cells: those that stand outside of
// quotes in the first line or, if there are none, the one that stands in the most lines, else the
// comma.
func (t *table) candidateSeparators() (candidates []rune) {
	first, _, _ := strings.Cut(t.rest, "\n")
	for _, r := range separators {
		if strings.ContainsRune(removeQuoted(first), r) {
			candidates = append(candidates, r)
		}
	}
	if len(candidates) > 0 {
		return candidates
	}
	t.countLines()
	most := ','
	for _, r := range separators {
		if t.lineCounts[r] > t.lineCounts[most] {
			most = r
		}
	}
	return []rune{most}
}

// countLines updates lineCounts to the lines of rest. Each line is looked at once when it is counted and
// once when it is taken off: a table of blank lines only would otherwise take quadratic time.
func (t *table) countLines() {
	if t.lineCounts == nil {
		t.lineCounts, t.counted = map[rune]int{}, t.rest
		t.addLines(t.rest, 1)
		return
	}
	read := t.counted[:len(t.counted)-len(t.rest)]
	t.addLines(read, -1)
	t.counted = t.rest
}

// addLines adds n to the count of each separator for each line of text that has it outside of quotes.
func (t *table) addLines(text string, n int) {
	for line := range strings.Lines(text) {
		plain := removeQuoted(line)
		for _, r := range separators {
			if strings.ContainsRune(plain, r) {
				t.lineCounts[r] += n
			}
		}
	}
}

// removeQuoted returns a line without its texts in quotes.
func removeQuoted(line string) string {
	var b strings.Builder
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 0 {
			b.WriteString(part)
		}
	}
	return b.String()
}

// columnName returns the name of the column that a cell of the header stands for.
func columnName(cell string) string { return strings.ToLower(trimCell(cell)) }

// readRecord reads a row. A cell that begins with a quote, perhaps behind space, ends with a quote
// (RFC 4180); quotes elsewhere are text.
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

// readCell reads a cell and the separator behind it. It returns isLast if a line end or the end of
// the table stands there.
func (t *table) readCell() (cell string, isLast bool, err error) {
	if inner, isQuoted := strings.CutPrefix(t.trimPadding(t.rest), `"`); isQuoted {
		end := closingQuote(inner)
		if end < 0 && t.rest[0] == '"' {
			return "", false, newOpenQuoteError(t.line)
		}
		if end >= 0 {
			if behind := t.trimPadding(inner[end+1:]); t.endsCell(behind) {
				return strings.ReplaceAll(inner[:end], `""`, `"`), t.advanceTo(behind), nil
			}
			// Text goes on behind the quote, as in "Doe, Jane" <jane@example.com>: the quotes are
			// part of it. A quote behind space may be text as well, and holds no line end then.
			if t.rest[0] == '"' || !strings.Contains(inner[:end], "\n") {
				stop := strings.IndexAny(inner[end+1:], string(t.separator)+"\n")
				if stop < 0 {
					stop = len(inner) - end - 1
				}
				cell = t.rest[:len(t.rest)-len(inner)+end+1+stop]
				return cell, t.advanceTo(t.rest[len(cell):]), nil
			}
		}
	}
	if inner, isFormula := strings.CutPrefix(t.trimPadding(t.rest), `="`); isFormula {
		if end := closingQuote(inner); end >= 0 && !strings.Contains(inner[:end], "\n") {
			if behind := t.trimPadding(inner[end+1:]); t.endsCell(behind) {
				return strings.ReplaceAll(inner[:end], `""`, `"`), t.advanceTo(behind), nil
			}
		}
	}
	stop := strings.IndexAny(t.rest, string(t.separator)+"\n")
	if stop < 0 {
		stop = len(t.rest)
	}
	cell = t.rest[:stop]
	return cell, t.advanceTo(t.rest[stop:]), nil
}

// trimPadding returns s without padding at its beginning. Line ends and separators stay.
func (t *table) trimPadding(s string) string {
	return strings.TrimLeftFunc(s, func(r rune) bool { return r != '\n' && r != t.separator && isPadding(r) })
}

// endsCell reports whether the text behind a cell begins with its end.
func (t *table) endsCell(behind string) bool {
	return behind == "" || behind[0] == '\n' || strings.HasPrefix(behind, string(t.separator))
}

// advanceTo moves behind the separator or the line end that rest begins with. It returns isLast if
// that was the end of the row.
func (t *table) advanceTo(rest string) (isLast bool) {
	if rest == "" {
		t.rest = ""
		return true
	}
	isLast = rest[0] == '\n'
	_, n := utf8.DecodeRuneInString(rest)
	t.rest = rest[n:]
	return isLast
}

// closingQuote returns the index of the quote that ends a cell, or -1. A doubled quote is text.
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

package csvrows

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// addressPattern matches an address in angle brackets with or without a name before it.
var addressPattern = regexp.MustCompile(`^[^<>]*<([^<>]*@[^<>]*)>[\s,;.]*$`)

// extractAddress returns the address in a cell without what a mail program or a spreadsheet wrote
// around it. It returns the whole text of a cell without an address, so that the answer can name
// it.
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
	if len(s) > 2 && s[0] == '\'' && s[len(s)-1] == '\'' { // as Outlook writes names
		s = s[1 : len(s)-1]
	}
	if len(s) > 1 && s[0] == '\'' && strings.ContainsRune("=+-@'", rune(s[1])) { // escapeFormula put it there
		s = s[1:]
	}
	if !strings.Contains(s, "@") {
		return trimCell(cell)
	}
	return s
}

// findAddress returns the address in a cell or, if the cell has none, in the whole row: "Doe, Jane
// <jane@example.com>" without quotes is cut into two cells at its comma.
func (r record) findAddress(cell string) string {
	if trimCell(cell) == "" || strings.Contains(cell, "@") || !addressPattern.MatchString(strings.TrimSpace(r.text)) {
		return extractAddress(cell)
	}
	return extractAddress(r.text)
}

// isList reports whether the only named column of a header is that of addresses. Then every address
// below it counts, whatever separates them.
func (r record) isList() bool {
	named := slices.DeleteFunc(slices.Clone(r.cells), func(c string) bool { return trimCell(c) == "" })
	return len(named) == 1 && columnName(named[0]) == emailColumn
}

// splitAddresses returns each address in a row of a list, and each text that is none. Cells in
// front of the column, such as the numbers that some programs put before rows, count only if they
// have an address. A text and a comma before "Name <address>" belong to the name.
func (t *table) splitAddresses(r record, column int) (out []string) {
	var texts []string // they may be the beginning of a name
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

// listPart is a part of a cell and the separator behind it, 0 at the end.
type listPart struct {
	text      string
	separator rune
}

// splitList returns the parts of a cell between commas, semicolons, tabs and line ends. It does not
// cut inside of quotes and angle brackets.
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

package templates

import (
	"maps"
	"regexp"
	"strings"
	"unicode"
)

// funcs are what the mails may call, the same in HTML and in text.
var funcs = map[string]any{
	"hello":      hello,
	"paragraphs": paragraphs,
}

// multiline names the only values whose line breaks are kept.
var multiline = map[string]bool{"Body": true}

// linkish finds what mail programs turn into a link or an address on their own.
var linkish = regexp.MustCompile(`(?i)://|www\.|@|[\pL\pN]\.\pL{2,}`)

// hello greets by name, unless the name would become a link: a stranger may register somebody
// else's address, and the name they choose must not make our mail carry their advertisement.
func hello(name string) string {
	name = strings.TrimSpace(name)
	if name == "" || linkish.MatchString(name) {
		return "Hello,"
	}
	return "Hello " + name + ","
}

// paragraphs splits a text at blank lines, and each part into its lines.
func paragraphs(s string) [][]string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	var out [][]string
	var lines []string
	for line := range strings.SplitSeq(s+"\n\n", "\n") {
		if strings.TrimSpace(line) != "" {
			lines = append(lines, line)
		} else if len(lines) > 0 {
			out, lines = append(out, lines), nil
		}
	}
	return out
}

// flatten copies data with every string on one line, so that no title or name can write further
// lines (a forged notice, a second greeting) into the text part.
func flatten(data map[string]any) map[string]any {
	values := maps.Clone(data)
	if values == nil {
		values = map[string]any{}
	}
	for key, v := range values {
		if s, ok := v.(string); ok && !multiline[key] {
			values[key] = oneLine(s)
		}
	}
	return values
}

// oneLine replaces control characters and line separators and folds runs of space.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

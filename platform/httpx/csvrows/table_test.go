package csvrows

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/problem"
)

func inUTF16(text string, order binary.ByteOrder) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		var b [2]byte
		order.PutUint16(b[:], unit)
		out = append(out, b[:]...)
	}
	return out
}

// emailsOf reads the addresses of a table.
func emailsOf(raw []byte) (out []string, err error) {
	rows, err := readRows(raw, []string{"email"}, nil)
	for _, r := range rows {
		out = append(out, r["email"])
	}
	return out, err
}

// Tables with two addresses, as programs write them.
const (
	plainTable  = "Name,Email\r\n\"Doe, Jane\",jane@example.com\r\nJörg,jörg@example.com\r\n"
	germanTable = "Nachname, Vorname;E-Mail-Typ;email\r\nDoe, Jane;privat;jane@example.com\r\n\"Groß; Jörg\";;jörg@example.com\r\n"
	tabsTable   = "Name\tEmail\tNote\r\n\"Doe, Jane\"\tjane@example.com\t\"a\tb\"\r\nJörg\tjörg@example.com\t\r\n"
)

// tablesOfPrograms are tables with the same two addresses, by the program or the feature that they are of.
var tablesOfPrograms = map[string][]byte{
	"Google Sheets":                    []byte(plainTable),
	"Google Sheets, no line end":       []byte(strings.TrimSpace(plainTable)),
	"Excel, UTF-8":                     []byte("\ufeff" + plainTable),
	"Excel with semicolons":            []byte("\ufeff" + germanTable),
	"a quoted header with a comma":     []byte("\"Nachname, Vorname\";email\n\"Doe, Jane\";jane@example.com\n\"Groß, Jörg\";jörg@example.com\n"),
	"a quoted header with a semicolon": []byte("\"a;b\",email\n\"1;2\",jane@example.com\nx,jörg@example.com\n"),
	"a quoted header with a line end":  []byte("\"Name\nof the pupil\",email\nx,jane@example.com\nx,jörg@example.com\n"),
	"the column in front":              []byte("email;Nachname, Vorname\njane@example.com;Doe, Jane\njörg@example.com;Groß, Jörg\n"),
	"Excel, sep=":                      []byte("sep=;\r\nName, first;email\r\nx;jane@example.com\r\ny;jörg@example.com\r\n"),
	"Excel, sep= and a mark":           []byte("\ufeffSEP=,\r\na;b,email\r\nx,jane@example.com\r\ny,jörg@example.com\r\n"),
	"Excel, sep= quoted":               []byte("\"sep=|\"\nname|email\nx|jane@example.com\ny|jörg@example.com\n"),
	"Excel, sep= tab":                  []byte("sep=\t\nname\temail\nx\tjane@example.com\ny\tjörg@example.com\n"),
	"Excel, Unicode text":              append([]byte("\xff\xfe"), inUTF16(tabsTable, binary.LittleEndian)...),
	"UTF-16, big endian":               append([]byte("\xfe\xff"), inUTF16(germanTable, binary.BigEndian)...),
	"UTF-16 without a mark":            inUTF16(plainTable, binary.LittleEndian),
	"UTF-16 without a mark, big endian": inUTF16("Имя;Email\r\nДжейн;jane@example.com\r\nЁрг;jörg@example.com\r\n",
		binary.BigEndian),
	"UTF-16 with sep=": append([]byte("\xff\xfe"),
		inUTF16("sep=;\r\n"+germanTable, binary.LittleEndian)...),
	"Excel for Mac, CR":                  []byte(strings.ReplaceAll(plainTable, "\r\n", "\r")),
	"CR and semicolons":                  []byte(strings.ReplaceAll(germanTable, "\r\n", "\r")),
	"LibreOffice, LF":                    []byte(strings.ReplaceAll(plainTable, "\r\n", "\n")),
	"LibreOffice, all cells quoted":      []byte("\"Name\",\"Email\"\n\"Doe, Jane\",\"jane@example.com\"\n\"Jörg \"\"J\"\" Groß\",\"jörg@example.com\"\n"),
	"LibreOffice, tabs":                  []byte(tabsTable),
	"mixed line ends":                    []byte("email\r\njane@example.com\rjörg@example.com\n"),
	"empty rows":                         []byte(";;\n\n;email;\n;;\n;jane@example.com;\n\"\";\" \";\u00a0\n;jörg@example.com;\n;;\n;;\n"),
	"empty rows of Numbers":              []byte("email,,\n,,\njane@example.com,,\n,,\njörg@example.com,,\n,,\n"),
	"spaces and invisible ones":          []byte(" \u200bEmail\u00a0 ,x\n  jane@example.com ,\n\u200björg@example.com\ufeff,\n"),
	"trailing separators":                []byte("email\njane@example.com,\njörg@example.com,,\n"),
	"trailing semicolons":                []byte("email\njane@example.com;\njörg@example.com;\n"),
	"one column":                         []byte("email\njane@example.com\njörg@example.com"),
	"names in front":                     []byte("email\nJane Doe <jane@example.com>\nJörg <jörg@example.com>\n"),
	"names in front with a comma":        []byte("email\nDoe, Jane <jane@example.com>\nGroß, Jörg <jörg@example.com>\n"),
	"names in front, beside a column":    []byte("email,note\nDoe, Jane <jane@example.com>\nJörg <jörg@example.com>,new\n"),
	"names in front, semicolons":         []byte("email;note\nDoe, Jane <jane@example.com>;x\nGroß; Jörg <jörg@example.com>\n"),
	"quoted names, as RFC 5322 has them": []byte("email\n\"Doe, Jane\" <jane@example.com>\n\"Groß\" <jörg@example.com>,\n"),
	"quoted cells with names":            []byte("email\n\"Doe, Jane <jane@example.com>\"\n\"\"\"Groß, Jörg\"\" <jörg@example.com>\"\n"),
	"Outlook":                            []byte("email\n'jane@example.com' <jane@example.com>;\n'jörg@example.com'\n"),
	"links":                              []byte("email\nmailto:jane@example.com\n<MAILTO:j%C3%B6rg@example.com?subject=Hi>\n"),
	"an address beside its link":         []byte("email\njane@example.com <mailto:jane@example.com>\njörg@example.com<mailto:jörg@example.com>\n"),
	"brackets alone":                     []byte("email\n<jane@example.com>\n < jörg@example.com > \n"),
	"sep= saved again":                   []byte("\"sep=;\";\nname;email\nx;jane@example.com\ny;jörg@example.com\n"),
	"sep= saved again, two columns":      []byte("sep=;;\nname;email\nx;jane@example.com\ny;jörg@example.com\n"),
	"sep= saved again, three columns":    []byte("sep=;;;\nname;email;z\nx, y;jane@example.com;\ny;jörg@example.com;\n"),
	"sep= saved again, quoted comma":     []byte("\"sep=,\",\nname,email\nx;y,jane@example.com\ny,jörg@example.com\n"),
	"sep= saved again, quoted cells":     []byte("\"sep=;\";\"\"\nname;email\nx;jane@example.com\ny;jörg@example.com\n"),
	"sep= saved with another one":        []byte("sep=;,\nname,email\nx;y,jane@example.com\ny,jörg@example.com\n"),
	"quotes behind spaces":               []byte("name, \"email\"\nx, \"jane@example.com\"\n\"Groß, J\",  \"jörg@example.com\" \n"),
	"quotes behind spaces, commas":       []byte("name; \"email\"\nx; \"Doe; Jane <jane@example.com>\"\n y\"; \"Groß\" <jörg@example.com>\n"),
	"a quote behind space that is text":  []byte("email, x\njane@example.com, \"y\njörg@example.com, \"z\n"),
	"text formulas":                      []byte("name,=\"email\"\n=\"Doe, Jane\",=\"jane@example.com\"\nx,\"=\"\"jörg@example.com\"\"\"\n"),
	"text formulas in one column":        []byte("=\"email\"\n=\"jane@example.com\"\n=\"\"\n=\"jörg@example.com\"\n"),
	"Ctrl-Z at the end":                  []byte("email\r\njane@example.com\r\njörg@example.com\r\n\x1a"),
	"Ctrl-Z on a line":                   []byte("name,email\nx,jane@example.com\ny,\"jörg@example.com\"\n\x1a\n"),
	"Ctrl-Z behind the last cell":        []byte("name,email\nx,jane@example.com\ny,\"jörg@example.com\"\x1a"),
	"no width around the header":         []byte("name,\u2060\u200d\u034f\"\u200bemail\u200c\ufe0f\"\u2060\nx,jane@example.com\ny,jörg@example.com\n"),
	"no width around the only column":    []byte("\u200b\"email\u200d\"\njane@example.com\njörg@example.com\n"),
	"numbers in front of rows":           []byte(",email\n0,jane@example.com\n1,jörg@example.com\n"),
	"columns twice that are not the one": []byte("x,x,email\n1,2,jane@example.com\n1,2,jörg@example.com\n"),
}

// Tables as each program writes them; every one has the same two addresses.
func TestTablesOfEveryProgram(t *testing.T) {
	for name, raw := range tablesOfPrograms {
		got, err := emailsOf(raw)
		require.NoError(t, err, name)
		require.Equal(t, []string{"jane@example.com", "jörg@example.com"}, got, name)
	}
}

// Below a column that is alone, everything is meant to be an address.
func TestListsKeepEveryAddress(t *testing.T) {
	for table, want := range map[string][]string{
		"email\nu@x; m@x; a@x\n":                        {"u@x", "m@x", "a@x"},
		"email\nu@x, m@x\n":                             {"u@x", "m@x"},
		"email\nu@x\tm@x\n":                             {"u@x", "m@x"},
		"email\nu@x,m@x;a@x\tb@x\nc@x\n":                {"u@x", "m@x", "a@x", "b@x", "c@x"},
		"email\nUli User <u@x>; Mo Member <m@x>\n":      {"u@x", "m@x"},
		"email\nUli User <u@x>, Mo Member <m@x>,\n":     {"u@x", "m@x"},
		"email\nUser, Uli <u@x>, Member, Dr., Mo <m@x>": {"u@x", "m@x"},
		"email\nUser, Uli <u@x>; Member, Mo <m@x>;":     {"u@x", "m@x"},
		"email\n\"User, Uli\" <u@x>; \"Me; Mo\" <m@x>":  {"u@x", "m@x"},
		"email\n\"User, Uli\" <u@x>, \"Me, Mo\" <m@x>":  {"u@x", "m@x"},
		"email\n\"u@x, m@x\"\n\"a@x\nb@x\"\n":           {"u@x", "m@x", "a@x", "b@x"},
		"email\nu@x;nothing;m@x\nnone\n":                {"u@x", "nothing", "m@x", "none"},
		"email\nu@x,nothing\nnone,u@x\n":                {"u@x", "nothing", "none", "u@x"},
		"email\nnothing; Mo Member <m@x>\n":             {"nothing", "m@x"},
		"email\nu@x, User, Uli <m@x>\n":                 {"u@x", "m@x"},
		"email;;\nu@x;m@x;\n;;\n;;a@x\n":                {"u@x", "m@x", "a@x"},
		";email\nu@x;m@x\n1;a@x\n":                      {"u@x", "m@x", "a@x"},
		"sep=;\nemail\nu@x, m@x; a@x\n":                 {"u@x", "m@x", "a@x"},
		"email\n=\"u@x\"; =\"m@x\"\n":                   {"u@x", "m@x"},
		"email\n\"mailto:u@x; <mailto:m@x?cc=a,b>\"\n":  {"u@x", "m@x"},
		"email\nu@x <m@x\n a <b, m@x; \"y, a@x\n":       {"u@x <m@x", "a <b", "m@x", "\"y", "a@x"},
	} {
		got, err := emailsOf([]byte(table))
		require.NoError(t, err, table)
		require.Equal(t, want, got, table)
	}
	most := 3
	rows, err := readRows([]byte("email\n"+strings.Repeat("u@x,", 1000)), []string{"email"}, &most)
	require.NoError(t, err)
	require.Len(t, rows, 4, "reading stops beyond the most rows")
}

func TestTablesThatAreNone(t *testing.T) {
	for name, c := range map[string]struct {
		raw    string
		status int
		says   string
	}{
		"no text":              {"\ufeff\r\n;;\r\n", 400, "no header line"},
		"another charset":      {"email\nj\xf6rg@example.com\n", 400, "CSV UTF-8"},
		"half a unit":          {"\xff\xfee", 400, "even number"},
		"half a pair":          {"\xff\xfe\x00\xd8", 400, "UTF-16"},
		"an open quote":        {"email\nx\n\"y\nz", 400, "Line 3"},
		"no such column":       {"name;mail\nx;y\n", 422, "lacks the column email"},
		"the column twice":     {"email,name,\u200bEmail \nx,y,z\n", 422, "twice"},
		"the column twice, ;":  {"email;email\nx;y\n", 422, "twice"},
		"NUL":                  {"email\n\x00\n", 422, "U+0000"},
		"sep= and nothing":     {"sep=;\n", 400, "no header line"},
		"a separator as quote": {"sep=\"\nemail\n", 422, "lacks the column email"},
	} {
		_, err := emailsOf([]byte(c.raw))
		e, ok := apperr.As(err)
		require.True(t, ok, "%s: %v", name, err)
		require.Equal(t, c.status, problem.StatusOf(e.Kind), name)
		says := e.Detail
		for _, f := range e.Fields {
			says += f.Message
		}
		require.Contains(t, says, c.says, name)
	}
}

// What is no address stays as it was written, so that the answer names it.
func TestWhatIsNoAddressStays(t *testing.T) {
	for cell, want := range map[string]string{
		"Short":               "Short",
		"":                    "",
		" a b ":               "a b",
		"Jane <>":             "Jane <>",
		"<x> <y>":             "<x> <y>",
		"o'brien@example.com": "o'brien@example.com",
		"'+plus@example.com":  "+plus@example.com",
		"'=f@example.com":     "=f@example.com",
		"Jane <jane@example.com> or <joe@example.com>": "Jane <jane@example.com> or <joe@example.com>",
		"mailto:": "mailto:",
	} {
		require.Equal(t, want, extractAddress(cell), cell)
	}
}

func FuzzReadRows(f *testing.F) {
	for _, s := range []string{"email\nx\n", "sep=;\na;email\n\"x\";y", "\xff\xfee\x00", "\"a\nb\",email\r1,2"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, raw []byte) { _, _ = readRows(raw, []string{"email"}, nil) })
}

package csvrows

import (
	"encoding/binary"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
)

// The costliest tables are read or refused in a time that grows with their length, not with its square.
func TestHostileTablesTakeLittleTime(t *testing.T) {
	const size = 1 << 18
	for name, part := range map[string]string{
		"separators":      ";",
		"line ends":       "\n",
		"open quotes":     `"`,
		"quoted cells":    `"x",`,
		"quotes in texts": `x"y" `,
		"formulas":        `="`,
		"brackets":        "<",
		"addresses":       "a <b@c>, ",
		"half addresses":  "a <b@c, ",
		"spaces":          " ",
		"no width":        "\u200b",
		"carriage":        "\r",
		"sep lines":       "sep=;\n",
		"blank lines":     " \n",
		"blank cells":     ";;\n",
		"quoted blanks":   "\"\"\n",
		"quotes in lines": " \"x\n",
		"quotes in cells": " \"x;",
		"formula lines":   "=\"x\n",
	} {
		t.Run(name, func(t *testing.T) {
			raw := []byte("email\n" + strings.Repeat(part, size/len(part)))
			began := time.Now()
			_, _ = readRows(raw, []string{"email"}, nil)
			_, _ = readRows(raw[len("email\n"):], []string{"email"}, nil)
			require.Less(t, time.Since(began), 5*time.Second)
		})
	}
}

func TestDecodeTable(t *testing.T) {
	columns := []string{"email"}
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"UTF-8":               {[]byte("email\nü"), "email\nü"},
		"UTF-8 with its mark": {[]byte("\ufeffemail"), "\ufeffemail"},
		"UTF-16, little endian": {
			append([]byte("\xff\xfe"), inUTF16("Email\nü", binary.LittleEndian)...), "Email\nü",
		},
		"UTF-16, big endian": {append([]byte("\xfe\xff"), inUTF16("Email\nü", binary.BigEndian)...), "Email\nü"},
		"no mark":            {inUTF16("x;Email\nü", binary.BigEndian), "x;Email\nü"},
		"beyond the first plane": {
			append([]byte("\xff\xfe"), inUTF16("email\n👩", binary.LittleEndian)...), "email\n👩",
		},
		"a replacement character": {
			append([]byte("\xff\xfe"), inUTF16("email\n\ufffd", binary.LittleEndian)...), "email\n\ufffd",
		},
		"nothing":                     {nil, ""},
		"NUL in UTF-8":                {[]byte("email\n\x00"), "email\n\x00"},
		"no mark and no known column": {inUTF16("mail\nx", binary.LittleEndian), "m\x00a\x00i\x00l\x00\n\x00x\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeTable(c.raw, columns)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	for name, raw := range map[string]string{
		"Latin-1": "email\nJ\xf6rg", "a cut pair": "\xff\xfe\x3d\xd8", "odd": "\xfe\xffe",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decodeTable([]byte(raw), columns)
			require.True(t, apperr.IsKind(err, apperr.KindMalformed), "%v", err)
		})
	}
	for name, want := range map[string]bool{
		"UTF-8": true, "utf8": true, "UTF-16LE": true, "iso-8859-1": false, "": false,
	} {
		require.Equal(t, want, IsCharset(name), name)
	}
}

func TestSplitList(t *testing.T) {
	for cell, want := range map[string][]string{
		"":                      {""},
		"a":                     {"a"},
		"a,b;c\td\ne":           {"a", "b", "c", "d", "e"},
		`"a, b" <x@y>, c`:       {`"a, b" <x@y>`, " c"},
		`<a,b>;c`:               {"<a,b>", "c"},
		`a <b, c`:               {"a <b", " c"},
		`"a, b`:                 {`"a`, " b"},
		`x "a, b", c`:           {`x "a`, ` b"`, " c"},
		`"say ""hi, you""" <x>`: {`"say ""hi, you""" <x>`},
		",,":                    {"", "", ""},
	} {
		var got []string
		for _, p := range splitList(cell) {
			got = append(got, p.text)
		}
		require.Equal(t, want, got, "%q", cell)
	}
}

// The separator is settled by the header, and by all lines only if the header has none.
func TestSeparators(t *testing.T) {
	for table, want := range map[string]string{
		"a,email\n1,x@y":            "x@y",
		"a;b,c;email\n1;2;x@y":      "x@y",
		"\"a;b\";email\n1;x@y":      "x@y",
		"a\temail\n1,5\tx@y":        "x@y",
		"sep=|\na|email\n1|x@y":     "x@y",
		"\n;;\n;email\n;x@y":        "x@y",
		"sep=;\n\n;;\n;email\n;x@y": "x@y",
	} {
		got, err := emailsOf([]byte(table))
		require.NoError(t, err, "%q", table)
		require.Equal(t, []string{want}, got, "%q", table)
	}
}

func TestOneBodyServesManyRequests(t *testing.T) {
	_, body := newBody(t)
	table := []byte("email,name\njane@example.com,Jane\n")
	out := make([]string, 16)
	var wg sync.WaitGroup
	for i := range out {
		query := queryOf(t, "days=7&dry_run="+[]string{"true", "false"}[i%2])
		wg.Go(func() {
			if converted, err := body.ToJSON(table, query); err == nil {
				out[i] = string(converted.JSON)
			}
		})
	}
	wg.Wait()
	for i, raw := range out {
		require.JSONEq(t, `{"rows": [{"email": "jane@example.com", "name": "Jane"}], "days": 7, "dry_run": `+
			[]string{"true", "false"}[i%2]+`}`, raw)
	}
}

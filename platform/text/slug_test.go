package text

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSlugsOfEveryScript(t *testing.T) {
	for title, want := range map[string]string{
		"Łódź":               "lodz",
		"Математика 5 класс": "matematika-5-klass",
		"Смак":               "smak",
		"Straße & Wege!":     "strasse-wege",
		"ÆØÅ æøå":            "aeoa-aeoa",
		"Ĳssel œuvre":        "ijssel-oeuvre",
		"Объект":             "obekt",
		"ΣΊΣΥΦΟΣ":            "sisuphos",
		"北京大学":               "bei-jing-da-xue",
		"हिन्दी":             "hindii",
		"한국어":                "hangugeo",
		"にほんご":               "nihongo",
		"مرحبا":              "mrhb",
		"עברית":              "bryt",
		"Tiếng Việt":         "tieng-viet",
		"ქართული":            "kartuli",
		"İstanbul ılık":      "istanbul-ilik",
		"Cafe\u0301":         "cafe",
		"ﬁn ½":               "fin-1-2",
		"x²":                 "x2",
		"C++ & C#":           "c-c",
		"a_b.c":              "a-b-c",
		"  -- A --- b --  ":  "a-b", "": "", "!!!": "", "😀": "", "\u0301": "", "😀 Smile 😀": "smile",
		"Ədəbiyyat":     "adabiyyat",
		"Әдебиет әлемі": "adebiet-alemi",
		"КӀант кӏант":   "klant-klant",
		"Ԥсуа аԥсуа":    "psua-apsua",
		"Ꝺaꝺ Ꝼaꝼ":       "dad-faf",
		"Ꝁꝃ":            "kk",
		"ⴰⴱ":            "yayab",
		"ߊߓ":            "aba",
		"Ⲁⲁ":            "alfaalfa",
		"ⰀⰁ":            "azubuky",
		"𐌰":             "ahsa",
		"ꔀ":             "ee",
		"𞤀𞤢":            "alifalif",
		"ꭶᎦ":            "gaga",
		"ꦏꦒ":            "kaga",
		"𛀂":             "a",
		"𠀀":             "",
		"𓀀":             "",
		"ʻokina ʼn":     "okina-n", "ꞌa": "a", "ɂa": "a",
	} {
		require.Equal(t, want, MakeSlug(title, 100), title)
	}
	require.Equal(t, "ab-cd", MakeSlug("ab cd ef", 6))
	require.Len(t, MakeSlug(strings.Repeat("北", 200), 95), 95)
}

func FuzzMakeSlug(f *testing.F) {
	for _, s := range []string{"Łódź", "a--b", "北京", "\u0130x", "ß"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, title string) {
		s := MakeSlug(title, 95)
		require.LessOrEqual(t, len(s), 95)
		require.Regexp(t, `^([a-z0-9]+(-[a-z0-9]+)*)?$`, s, "%q", title)
		require.Equal(t, s, MakeSlug(s, 95), "the slug of a slug is itself: %q", title)
	})
}

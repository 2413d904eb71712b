package passwordrules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

const (
	tooShort = "at least 8 characters"
	tooLong  = "at most 128 characters"
	isCommon = "it is one of the most common passwords"
	isOwn    = "it must differ from the address and the site's name"
)

func TestCheck(t *testing.T) {
	const email = "anna.lindqvist@example.com"
	for name, c := range map[string]struct{ password, want string }{
		"a phrase":                          {"correct horse battery", ""},
		"nothing":                           {"", tooShort},
		"seven characters":                  {"xk3 9qz", tooShort},
		"eight characters":                  {"xk3 9qzu", ""},
		"seven characters of many bytes":    {strings.Repeat("ü", 7), tooShort},
		"eight characters of many bytes":    {strings.Repeat("ü", 8), ""},
		"eight spaces":                      {"        ", ""},
		"one character, repeated":           {"zzzzzzzz", ""},
		"128 characters of many bytes":      {strings.Repeat("🦄", 128), ""},
		"129 characters":                    {strings.Repeat("x", 129), tooLong},
		"a common one":                      {"password1", isCommon},
		"a common one in capitals":          {"TRUSTNO1", isCommon},
		"a common one in another case":      {"SunShine", isCommon},
		"a common one with more":            {"password1 and more", ""},
		"the address":                       {email, isOwn},
		"the address in capitals":           {strings.ToUpper(email), isOwn},
		"the part before the @":             {"anna.lindqvist", isOwn},
		"that part in another case":         {"Anna.Lindqvist", isOwn},
		"the address with more":             {email + "!", ""},
		"the domain of the address":         {"example.com", ""},
		"a common one that is too short":    {"qwerty", tooShort},
		"the site's name that is too short": {"lyceum", tooShort},
	} {
		t.Run(name, func(t *testing.T) {
			err := Check(c.password, email, 8)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, c.want)
			if c.password != "" {
				require.NotContains(t, err.Error(), c.password)
			}
		})
	}
}

func TestCheckWithOtherMinimums(t *testing.T) {
	require.EqualError(t, Check("fourteen chars", "", 15), "at least 15 characters")
	require.NoError(t, Check("fifteen chars..", "", 15))
	for _, name := range []string{"lyceum", "Lyceum", "LYCEUM"} {
		require.EqualError(t, Check(name, "", 6), isOwn, name)
	}
	require.NoError(t, Check("a phrase without an address", "", 8))
	require.EqualError(t, Check("lindqvist", "lindqvist", 8), isOwn, "an address without a domain")
}

// The list of common passwords is whole, and each of them is refused in any case.
func TestCommonPasswords(t *testing.T) {
	require.Len(t, commonPasswords(), 3000)
	for password := range commonPasswords() {
		for _, spelling := range []string{password, strings.ToUpper(password)} {
			require.EqualError(t, Check(Normalize(spelling), "", 1), isCommon, spelling)
		}
	}
}

// A password that is typed on another keyboard is the same, and nothing else is changed in it.
func TestNormalize(t *testing.T) {
	for _, password := range []string{"ångström é", "ﬁne ﬁsh ①②", "Ｐassword １", "각 하나"} {
		want := Normalize(password)
		for _, form := range []norm.Form{norm.NFC, norm.NFD, norm.NFKC, norm.NFKD} {
			require.Equal(t, want, Normalize(form.String(password)), password)
		}
		require.Equal(t, want, Normalize(want), "twice is once")
	}
	for _, same := range []string{" spaces at both ends ", "CaSe", "tab\tand\x00zero", "🦄"} {
		require.Equal(t, same, Normalize(same))
	}
	require.EqualError(t, Check(Normalize("ｐａｓｓｗｏｒｄ１"), "", 8), isCommon, "full-width letters hide no common password")
}

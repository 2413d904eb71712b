package users_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// spelling is how an address is stored, and other spellings of it.
type spelling struct {
	stored string
	others []string
}

// spellings are addresses by the spelling that registers.
var spellings = map[string]spelling{
	"User@Bücher.Example": {
		"user@xn--bcher-kva.example",
		[]string{
			"user@bücher.example", "USER@BÜCHER.EXAMPLE", " user@bücher.example", "user@bücher.example\n",
			"\tuser@bücher.example ", "\u00a0user@bücher.example\u3000",
			"user@xn--bcher-kva.example", "user@XN--BCHER-KVA.EXAMPLE", "User@Xn--Bcher-Kva.Example",
			"ｕｓｅｒ@bücher.example", "ＵＳＥＲ＠ＢÜＣＨＥＲ．ＥＸＡＭＰＬＥ", "user＠bücher.example", "user@bu\u0308cher.example",
			"user@bücher．example", "user@bücher。example", "\u200buser@bücher.example",
			"user@bücher.example\ufeff",
		},
	},
	"kelvin@example.com": {
		"kelvin@example.com",
		[]string{
			"KELVIN@example.com", "\u212aelvin@example.com", "kelvin@EXAMPLE.com",
			"kelvin@exam\u1d56le.com", "𝗄𝖾𝗅𝗏𝗂𝗇@example.com", "ⓚelvin@example.com",
		},
	},
	"final@example.com": {
		"final@example.com",
		[]string{"ﬁnal@example.com", "FINAL@EXAMPLE.COM", "ﬁnal@example.ⅽom", "final@example。com"},
	},
	"étienne@example.com": {
		"étienne@example.com",
		[]string{"e\u0301tienne@example.com", "ÉTIENNE@example.com", "E\u0301TIENNE@EXAMPLE.COM"},
	},
	"straße+x@example.com": {"straße+x@example.com", []string{"STRAßE+X@example.com", "Straße+x@EXAMPLE.com"}},
	// The full lower case of Turkish İ is an i with a dot above, which is not a plain i.
	"inan@example.com": {"inan@example.com", []string{"INAN@example.com"}},
	"\u0130nan@example.com": {
		"i\u0307nan@example.com", []string{"\u0130NAN@example.com", "i\u0307nan@example.com"},
	},
}

// V9: however an address is written, it is one account; the form is computed by us and not by the
// database.
func TestV9OneAccountPerAddress(t *testing.T) {
	sitetest.OnBoth(t, sitetest.Unlimited, func(t *testing.T, s *sitetest.Site) {
		for first, c := range spellings {
			registerAtOnce(s, first, c)
		}
		// What differs beyond that is somebody else.
		for _, distinct := range []string{
			"f.inal@example.com", "final+x@example.com", "final@sub.example.com", "strasse+x@example.com",
			"etienne@example.com", "\u0131nan@example.com",
		} {
			s.Want(201, "POST", "/auth/register", "", map[string]string{"email": distinct, "password": sitetest.Password})
		}
		// No second spelling of a domain gets in by a dot at its end, or by what IDNA refuses.
		for _, bad := range []string{
			"final@example.com.", "final@example..com", "final@.example.com", "final@example.com\u3002",
			"final@exa_mple.com ", "final@xn--example.com", "final@-example.com", "final@exam ple.com",
			"final@@example.com",
			"final@example.com,x@example.com", "final@example.com;x@example.com", "<final@example.com>",
			"Final <final@example.com>", "\"final\"@example.com", "final(x)@example.com", "final@[127.0.0.1]",
			"mailto:final@example.com", "final@example.com\u0000", "final\u202e@example.com",
		} {
			s.WantProblem(422, "validation-failed", "POST", "/auth/register", "",
				map[string]string{"email": bad, "password": sitetest.Password})
		}
	})
}

// registerAtOnce registers all spellings of an address at once: one of them is the account, to which every
// spelling signs in.
func registerAtOnce(s *sitetest.Site, first string, c spelling) {
	s.T.Helper()
	all := append([]string{first, c.stored}, c.others...)
	statuses := make([]int, len(all))
	var wg sync.WaitGroup
	for i, spelling := range all {
		wg.Go(func() {
			statuses[i] = s.Call("POST", "/auth/register", "",
				map[string]string{"email": spelling, "password": sitetest.Password}).Status
		})
	}
	wg.Wait()
	made := 0
	for i, status := range statuses {
		require.Contains(s.T, []int{201, 409}, status, "%q", all[i])
		if status == 201 {
			made++
		}
	}
	require.Equal(s.T, 1, made, "%v %v", all, statuses)
	id := s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(first, sitetest.Password)).Text("user.id")
	for _, spelling := range all {
		s.WantProblem(409, "email-taken", "POST", "/auth/register", "",
			map[string]string{"email": spelling, "password": sitetest.Password})
		in := s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(spelling, sitetest.Password))
		require.Equal(s.T, []any{id, c.stored}, []any{in.Get("user.id"), in.Get("user.email")}, "%q", spelling)
	}
}

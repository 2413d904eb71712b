package auth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"lyceum/app/sitetest"
)

// P1: the length counts in characters; long phrases are welcome, input is bounded.
func TestP1LengthOfPasswords(t *testing.T) {
	t.Parallel()
	for minimum, cases := range map[string]map[int]int{
		"8":  {7: 422, 8: 201, 15: 201, 64: 201, 128: 201, 129: 422, 2000: 422},
		"15": {8: 422, 14: 422, 15: 201},
	} {
		s := sitetest.Start(t, map[string]string{"PASSWORD_MIN_LENGTH": minimum})
		for length, status := range cases {
			a := s.Register(fmt.Sprintf("p1-%d@example.com", length), strings.Repeat("ü", length))
			require.Equal(t, status, a.Status, "%d of at least %s: %s", length, minimum, a.Raw)
			if status == 422 {
				require.Equal(t, "body.password", a.Text("errors.0.location"))
			}
		}
	}
}

// P2: no rules of composition; every keyboard's form of a password is the same password.
func TestP2AnyCharactersAndOneForm(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	for i, password := range []string{"        x", "ångström é", "ﬁne ﬁsh ①②", "🦄🦄🦄🦄🦄🦄🦄🦄", "aaaaaaaaz", "12 45 78 0"} {
		email := fmt.Sprintf("p2-%d@example.com", i)
		require.Equal(t, 201, s.Register(email, norm.NFD.String(password)).Status, password)
		s.Login(email, norm.NFC.String(password))
		s.Login(email, norm.NFKC.String(password))
	}
}

// P2: a long password may be sent in the long form of its characters.
func TestP2LongFormsOfLongPasswords(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, sitetest.Unlimited)
	long := strings.Repeat("e\u0301", 70)
	require.Equal(t, 201, s.Register("p2-long@example.com", long).Status)
	s.Login("p2-long@example.com", long)
	s.Login("p2-long@example.com", strings.Repeat("\u00e9", 70))
}

// P3: nothing is cut off.
func TestP3PasswordsCountWhole(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	long := strings.Repeat("correct horse ", 6)[:80]
	require.Equal(t, 201, s.Register("p3@example.com", long).Status)
	for _, part := range []string{long[:72], long[:79], long + "x"} {
		s.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "", sitetest.Credentials("p3@example.com", part))
	}
	s.Login("p3@example.com", long)
}

// A hash is made anew at a sign-in when the cost has risen, and left alone when it has not.
func TestHashesFollowARisingCost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, step := range []struct{ memory, stored string }{{"64", "m=64,"}, {"128", "m=128,"}, {"64", "m=128,"}} {
		s := sitetest.Start(t, map[string]string{"DATA_DIR": dir, "ARGON2_MEMORY_KIB": step.memory, "DEMO": "false"})
		if step.stored == "m=64," {
			require.Equal(t, 201, s.Register("cost@example.com", sitetest.Password).Status)
		}
		s.Login("cost@example.com", sitetest.Password)
		s.Login("cost@example.com", sitetest.Password)
		require.Contains(t, dumpDatabase(s), step.stored)
		s.Stop()
	}
}

// P4: the most common passwords, the site's name and the own address are refused, with the reason,
// unechoed.
func TestP4KnownPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, sitetest.Unlimited)
	bad := strings.Fields("password 12345678 123456789 password1 iloveyou sunshine princess football baseball superman trustno1 " +
		"jennifer michelle starwars computer corvette maverick samantha PASSWORD Trustno1 lyceum LYCEUM p4.longer P4.Longer@Example.com")
	for _, password := range bad {
		a := s.Register("p4.longer@example.com", password)
		require.Equal(t, 422, a.Status, password)
		require.Equal(t, "body.password", a.Text("errors.0.location"))
		require.NotEmpty(t, a.Text("errors.0.message"))
		require.NotContains(t, strings.ToLower(strings.ReplaceAll(string(a.Raw), "body.password", "")),
			`"`+strings.ToLower(password))
	}
	require.Equal(t, 201, s.Register("p4.longer@example.com", "none of those").Status)
}

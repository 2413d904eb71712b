package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
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

// P4: the commonest passwords, the site's name and the own address are refused, with the reason, unechoed.
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
		require.NotContains(t, strings.ToLower(strings.ReplaceAll(string(a.Raw), "body.password", "")), `"`+strings.ToLower(password))
	}
	require.Equal(t, 201, s.Register("p4.longer@example.com", "none of those").Status)
}

// P7: hundreds of sign-ins at once neither stop the server nor fill its memory; each is answered in time.
func TestP7FloodOfLogins(t *testing.T) {
	t.Parallel()
	p := launch(t, t.TempDir(), map[string]string{"ARGON2_MEMORY_KIB": "19456", "ARGON2_TIME": "2", "RATE_LIMIT_ENABLED": "false"})
	s := p.site()
	email, _, _ := s.NewAccount("flood")
	flood := testkit.Rounds(500)
	var wg sync.WaitGroup
	answers := make([]sitetest.Answer, flood)
	for i := range answers {
		wg.Go(func() { answers[i] = s.Call("POST", "/auth/login", "", sitetest.Credentials(email, sitetest.Password)) })
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	var times []time.Duration
	for more := true; more; {
		began := time.Now()
		s.Want(200, "GET", "/healthz", "", nil)
		times = append(times, time.Since(began))
		select {
		case <-done:
			more = false
		case <-time.After(5 * time.Millisecond):
		}
	}
	slices.Sort(times)
	in := 0
	for _, a := range answers {
		if a.Status == 200 {
			in++
			continue
		}
		require.Equal(t, 503, a.Status, "%s", a.Raw)
		require.NotEmpty(t, a.Header.Get("Retry-After"))
	}
	p99 := times[len(times)*99/100]
	peak := p.peakMemory()
	t.Logf("%d of %d signed in, healthz p99 %s of %d, %d MiB at most", in, flood, p99, len(times), peak>>20)
	require.NotZero(t, in)
	require.Less(t, peak, 512<<20)
	if flood == 500 { // what few requests take on a busy machine says nothing
		require.Less(t, p99, time.Second)
	}
}

// peakMemory is the most that the process ever had in memory, in bytes.
func (p *process) peakMemory() int {
	p.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	require.NoError(p.t, err)
	_, after, _ := strings.Cut(string(raw), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	require.NoError(p.t, err)
	return kib << 10
}

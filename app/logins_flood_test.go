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

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// P7: hundreds of sign-ins at once neither stop the server nor fill its memory; each is answered in time.
func TestP7FloodOfLogins(t *testing.T) {
	t.Parallel()
	p := launch(t, t.TempDir(),
		map[string]string{"ARGON2_MEMORY_KIB": "19456", "ARGON2_TIME": "2", "RATE_LIMIT_ENABLED": "false"})
	s := p.Site()
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
	peak := peakMemoryOfProcess(t, p.Cmd.Process.Pid)
	t.Logf("%d of %d signed in, healthz p99 %s of %d, %d MiB at most", in, flood, p99, len(times), peak>>20)
	require.NotZero(t, in)
	require.Less(t, peak, 512<<20)
	if flood == 500 { // what few requests take on a busy machine says nothing
		require.Less(t, p99, time.Second)
	}
}

// peakMemoryOfProcess returns the most that a process ever had in memory, in bytes.
func peakMemoryOfProcess(t *testing.T, pid int) int {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	_, after, _ := strings.Cut(string(raw), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	require.NoError(t, err)
	return kib << 10
}

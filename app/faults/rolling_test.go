package faults

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// previousRelease is the release that an installation is upgraded from. Its commit is in the history of the sources; a
// tag may be missing from a clone.
const previousRelease = "5adb8c4"

// TestRollingRestart replaces three replicas one by one while people work: no request fails, no message is lost, and
// sockets go on where they were. Under LYCEUM_PROVE=1 the replicas are those of the previous release at first, so both
// versions serve at once on the schema of the newer one.
func TestRollingRestart(t *testing.T) {
	t.Run("same version", func(t *testing.T) {
		t.Parallel()
		rollOver(t, startOnServices(t, 3, program), program, testkit.Rounds(50))
	})
	if !proves() {
		return
	}
	t.Run("previous release", func(t *testing.T) {
		t.Parallel()
		rollOver(t, startOnServices(t, 3, buildRelease(t, previousRelease)), program, 1)
	})
}

// buildRelease builds the program as it was at a commit.
func buildRelease(t *testing.T, commit string) sitetest.Program {
	t.Helper()
	previous := sitetest.Program{Path: filepath.Join(t.TempDir(), "previous")}
	sources := filepath.Join(t.TempDir(), "sources")
	for _, args := range [][]string{
		{"clone", "--quiet", "--no-checkout", "../..", sources}, {"-C", sources, "checkout", "--quiet", commit},
	} {
		out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput()
		require.NoError(t, err, "git %s: %s", strings.Join(args, " "), out)
	}
	require.NoError(t, build(t.Context(), sources, previous.Path))
	return previous
}

// rollOver replaces all replicas by a program, one after the other and so many times, and holds the load to be answered
// as if nothing happened.
func rollOver(t *testing.T, i *installation, to sitetest.Program, times int) {
	t.Helper()
	l := newLoad(t, i)
	l.start()
	l.awaitWork(t, time.Now(), 20*time.Second)
	for range times {
		for _, r := range i.replicas {
			i.replace(r, to)
			i.awaitReady(len(i.replicas))
			l.awaitWork(t, time.Now(), 20*time.Second)
		}
	}
	l.finish()
	settled := check(t, i, l)
	_, total := l.sum(figures{})
	resumed := 0
	for _, k := range l.talkers {
		resumed += k.resumed
	}
	t.Logf("%d replicas replaced %d times: %d requests and messages acknowledged, %d sockets resumed, settled after %s\n%s",
		len(i.replicas), times, total.acknowledged, resumed, round(settled), l)
	assert.NotZero(t, resumed)
	assert.Less(t, total.busy, 1+total.acknowledged/200, "a busy machine explains few answers of 503")
	assert.Empty(t, l.refusals(), "no request fails; the socket of a replica that ends is closed with 1001")
}

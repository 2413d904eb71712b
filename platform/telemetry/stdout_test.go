package telemetry

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// captureLog returns the buffer of a log of JSON for the time of the test.
func captureLog(t *testing.T) *bytes.Buffer {
	t.Helper()
	var out bytes.Buffer
	before := slog.Default()
	slog.SetDefault(NewLogger(&out, "info", "json"))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &out
}

func TestLogPrintedLines(t *testing.T) {
	out := captureLog(t)
	before := os.Stdout
	restore, err := LogPrintedLines()
	require.NoError(t, err)
	for port := range 1000 {
		fmt.Printf("ERROR: worker.fetch - read tcp 10.0.0.1:%d: connection reset\n", port)
	}
	fmt.Println("redis://:hunter2@127.0.0.1 is away")
	fmt.Println(strings.Repeat("x", 3*maxPrinted))
	fmt.Print("\n", "without an end")
	restore()
	require.Same(t, before, os.Stdout)
	require.Equal(t, 1, strings.Count(out.String(), "worker.fetch"))
	require.Contains(t, out.String(), `"msg":"a library printed"`)
	require.Contains(t, out.String(), "without an end")
	require.NotContains(t, out.String(), "hunter2")
}

func TestARepeatedLineIsLoggedOnceAMinute(t *testing.T) {
	out := captureLog(t)
	at := time.Now()
	logLines(strings.NewReader(strings.Repeat("again\n", 10)), func() time.Time {
		at = at.Add(repeatPause / 4)
		return at
	})
	logged := strings.Count(out.String(), "again")
	require.Greater(t, logged, 1)
	require.Less(t, logged, 6)
	require.Contains(t, out.String(), `"lines":3`)
}

func TestManyDifferentLinesAreBounded(t *testing.T) {
	out := captureLog(t)
	var lines strings.Builder
	for i := range 10 * maxPerPause {
		fmt.Fprintf(&lines, "line %s\n", strings.Repeat("x", i))
	}
	logLines(strings.NewReader(lines.String()), time.Now)
	require.Equal(t, maxPerPause, strings.Count(out.String(), "a library printed"))
}

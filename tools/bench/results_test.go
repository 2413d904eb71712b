package main

import (
	"context"
	"testing"
	"time"

	"lyceum/tools/bench/yardstick"

	"github.com/stretchr/testify/require"
)

// contextWithCause returns the context of a test that can be canceled with a cause.
func contextWithCause(t *testing.T) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(t.Context())
	t.Cleanup(func() { cancel(nil) })
	return ctx, cancel
}

func TestMedian(t *testing.T) {
	require.Zero(t, median(nil))
	require.Equal(t, 3.0, median([]float64{3}))
	require.Equal(t, 2.0, median([]float64{9, 1, 2}))
	require.Equal(t, 2.5, median([]float64{9, 1, 2, 3}))
	values := []float64{3, 1, 2}
	median(values)
	require.Equal(t, []float64{3, 1, 2}, values, "the order stays")
}

func TestPercentile(t *testing.T) {
	require.Zero(t, percentile(nil, 50))
	one := []time.Duration{7}
	require.EqualValues(t, 7, percentile(one, 1))
	require.EqualValues(t, 7, percentile(one, 100))
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	require.EqualValues(t, 50, percentile(hundred, 50))
	require.EqualValues(t, 99, percentile(hundred, 99))
	require.EqualValues(t, 100, percentile(hundred, 100))
	require.EqualValues(t, 1, percentile(hundred, 0.1))
}

func TestSummarizeComparesRoundByRound(t *testing.T) {
	ours := []sample{{Rate: 50, P50: 3}, {Rate: 10, P50: 1}, {Rate: 60, P50: 2}}
	theirs := []sample{{Rate: 100}, {Rate: 40}, {Rate: 80}}
	s := scenario{name: "detail", about: "a course"}
	r := summarize(s, [][]sample{ours, theirs})
	require.Equal(t, "detail", r.Scenario)
	require.Equal(t, 0.5, r.Ratio, "the median of 0.5, 0.25 and 0.75")
	require.Equal(t, sample{Rate: 50, P50: 2}, r.Lyceum)
	require.Equal(t, &sample{Rate: 80}, r.Yardstick)

	alone := summarize(s, [][]sample{ours})
	require.Nil(t, alone.Yardstick)
	require.Zero(t, alone.Ratio)
}

func TestParseCPUTime(t *testing.T) {
	took, err := parseCPUTime("42 (my (odd) name) S 1 42 42 0 -1 4194560 900 0 0 0 120 30 0 0 20 0 9 0 100 1 2")
	require.NoError(t, err)
	require.Equal(t, 1500*time.Millisecond, took)
	_, err = parseCPUTime("42 (name) S 1")
	require.Error(t, err)
}

func TestParseMemory(t *testing.T) {
	require.Equal(t, 2.5, parseMemory("Name:\tlyceum\nVmRSS:\t    2560 kB\nThreads:\t9\n"))
	require.Zero(t, parseMemory("Name:\tlyceum\n"))
}

func TestParseMetric(t *testing.T) {
	page := []byte("# TYPE go_memstats_mallocs_total counter\ngo_memstats_mallocs_total 1.5e+06\n")
	value, err := parseMetric(page, yardstick.AllocsMetric)
	require.NoError(t, err)
	require.Equal(t, 1.5e6, value)
	_, err = parseMetric(page, "go_memstats")
	require.EqualError(t, err, "the metrics have no go_memstats")
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/tools/bench/charts"
)

// grownReport returns a report in which every path takes ten times as long at the second step.
func grownReport() growthReport {
	r := growthReport{}
	for i, step := range growthSteps[:2] {
		p := growthPoint{amount: step, P50: map[string]float64{}, P99: map[string]float64{}}
		for _, path := range growthPaths {
			p.P50[path.name], p.P99[path.name] = []float64{0.5, 5}[i], []float64{1, 10}[i]
		}
		r.Points = append(r.Points, p)
	}
	return r
}

func TestGrowthTable(t *testing.T) {
	rows := grownReport().rows()
	require.Equal(t, []string{"ms, p50 / p99", "200 courses, 10k progress", "20k courses, 100k progress"}, rows[0])
	require.Equal(t, []string{"courses", "0.50 / 1.00", "5.00 / 10.0"}, rows[1])
	require.Len(t, rows, len(growthPaths)+1)
	require.Contains(t, markdownTable(grownReport().rows()), "| --- | ---: | ---: |\n| courses |")
}

func TestGrowthChart(t *testing.T) {
	c := grownReport().chart()
	require.Equal(t, [][]string{{"200 courses", "10k progress"}, {"20k courses", "100k progress"}}, c.Steps)
	require.Len(t, c.Curves, len(growthPaths))
	require.Equal(t, charts.Curve{Name: "courses", Values: []float64{0.5, 5}}, c.Curves[0])
}

func TestSocketTable(t *testing.T) {
	points := []socketPoint{
		{1, sample{Rate: 400, P50: 1.5, P99: 4, CPU: 900}},
		{1000, sample{Rate: 150_000, P50: 7, P99: 20, CPU: 4.5, SocketKiB: 18}},
	}
	require.Equal(t, [][]string{
		{"sockets", "deliveries/s", "p50 ms", "p99 ms", "CPU µs/delivery", "KiB/socket"},
		{"1", "400", "1.50", "4.00", "900", "-"},
		{"1000", "150000", "7.00", "20.0", "4.50", "18.0"},
	}, socketRows(points))
	c := chartSockets(points)
	require.Equal(t, [][]string{{"1 sockets"}, {"1k sockets"}}, c.Steps)
	require.Equal(t, []float64{900, 4.5}, c.Curves[0].Values)
}

func TestShorten(t *testing.T) {
	for want, n := range map[string]int{"7": 7, "1500": 1500, "20k": 20_000, "1M": 1_000_000} {
		require.Equal(t, want, shorten(n))
	}
}

func TestGrowth(t *testing.T) {
	useServices(t)
	dir := t.TempDir()
	out := measureQuickly(t, "-growth", "-steps", "2", "-seconds", "0.05", "-out", dir)
	for _, path := range growthPaths {
		require.Regexp(t, `(?m)^`+path.name+` +[\d.]+ / [\d.]+ +[\d.]+ / [\d.]+$`, out)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "growth.json"))
	require.NoError(t, err)
	require.Contains(t, string(raw), `"progress_rows": 100000`)
	require.FileExists(t, filepath.Join(dir, "growth.svg"))
	require.FileExists(t, filepath.Join(dir, "sockets.svg"))
	require.Regexp(t, `(?m)^100 +\d+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.-]+$`, out)

	var log bytes.Buffer
	require.Equal(t, 2, run(t.Context(), []string{"-growth", "-sqlite"}, &log, &log))
	require.Equal(t, 2, run(t.Context(), []string{"-growth", "-steps", "9"}, &log, &log))
}

package main

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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

func TestCurves(t *testing.T) {
	for _, r := range []growthReport{grownReport(), {}} {
		svg := renderCurves(r)
		require.NoError(t, xml.Unmarshal([]byte(svg), new(struct{})))
		require.NotContains(t, svg, "NaN")
		require.NotContains(t, svg, "Inf")
		require.Equal(t, len(growthPaths), strings.Count(svg, "<polyline"))
	}
	places := grownReport().placeNames(func(float64) float64 { return 100 })
	heights := map[float64]bool{}
	for _, y := range places {
		require.False(t, heights[y], "two names at one place")
		heights[y] = true
	}
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

	var log bytes.Buffer
	require.Equal(t, 2, run(t.Context(), []string{"-growth", "-sqlite"}, &log, &log))
	require.Equal(t, 2, run(t.Context(), []string{"-growth", "-steps", "9"}, &log, &log))
}

package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/tools/bench/charts"
)

// exampleReport returns a report of two scenarios, with or without the yardstick.
func exampleReport(hasYardstick bool) report {
	r := report{
		Setup: setup{
			Go: "go1.26", System: "linux/amd64", Processor: "Example", Cores: 2, Database: "SQLite",
			Connections: 16, Rounds: 3, Seconds: 0.5, Courses: 9, Learners: 8,
		},
		Results: []result{
			{
				Scenario: "detail",
				Lyceum:   sample{Rate: 5000.4, P50: 2.345, P99: 12.34, CPU: 150, Allocs: 320, Memory: 90.25},
			},
			{Scenario: "login", Lyceum: sample{Rate: 40, P50: 350, P99: 500, Allocs: 700, Memory: 200}},
		},
	}
	if hasYardstick {
		r.Results[0].Ratio, r.Results[1].Ratio = 0.5, 0.9
		r.Results[0].Yardstick = &sample{Rate: 10000, P50: 1, P99: 5, CPU: 80, Allocs: 75, Memory: 25}
		r.Results[1].Yardstick = &sample{Rate: 44, P50: 300, P99: 400, Allocs: 60, Memory: 150}
	}
	return r
}

func TestRenderText(t *testing.T) {
	require.Equal(t, `scenario  ratio  requests/s    p50 ms       p99 ms       CPU µs/request  allocs/request  memory MiB
detail    0.50   5000 / 10000  2.35 / 1.00  12.3 / 5.00  150 / 80.0      320 / 75.0      90.2 / 25.0
login     0.90   40.0 / 44.0   350 / 300    500 / 400    - / -           700 / 60.0      200 / 150

`, dropDescription(renderText(exampleReport(true))))
	require.Equal(t, `scenario  requests/s  p50 ms  p99 ms  CPU µs/request  allocs/request  memory MiB
detail    5000        2.35    12.3    150             320             90.2
login     40.0        350     500     -               700             200

`, dropDescription(renderText(exampleReport(false))))
}

// dropDescription returns a report without the sentence at its end.
func dropDescription(text string) string { return text[:strings.Index(text, "linux/amd64")] }

func TestRenderMarkdown(t *testing.T) {
	require.Equal(t, `| scenario | requests/s | p50 ms | p99 ms | CPU µs/request | allocs/request | memory MiB |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| detail | 5000 | 2.35 | 12.3 | 150 | 320 | 90.2 |
| login | 40.0 | 350 | 500 | - | 700 | 200 |

linux/amd64, 2 cores (Example), go1.26, SQLite; 16 connections, rounds: 3 of 0.5 s, 9 courses, 8 learners.
`, renderMarkdown(exampleReport(false)))
	require.Contains(t, renderMarkdown(exampleReport(true)), "\n| detail | 0.50 | 5000 / 10000 | 2.35 / 1.00 |")
}

func TestWriteReport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "here")
	require.NoError(t, writeReport(dir, exampleReport(true)))
	raw, err := os.ReadFile(filepath.Join(dir, "results.json"))
	require.NoError(t, err)
	var read report
	require.NoError(t, json.Unmarshal(raw, &read))
	require.Equal(t, exampleReport(true), read)
	for _, name := range []string{"results.md", "rates.svg", "latencies.svg"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
}

func TestChartsOfTheReport(t *testing.T) {
	for name, c := range map[string]struct {
		chart  charts.Bars
		series int
	}{
		"rates":           {chartRates(exampleReport(true)), 2},
		"latencies":       {chartLatencies(exampleReport(true)), 4},
		"rates, alone":    {chartRates(exampleReport(false)), 1},
		"latencies, none": {chartLatencies(report{}), 2},
	} {
		t.Run(name, func(t *testing.T) {
			require.Len(t, c.chart.Series, c.series)
			for _, s := range c.chart.Series {
				require.Len(t, s.Values, len(c.chart.Labels))
			}
			require.NoError(t, xml.Unmarshal([]byte(c.chart.SVG()), new(struct{})))
		})
	}
}

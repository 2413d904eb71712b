package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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

func TestFormatNumber(t *testing.T) {
	for want, v := range map[string]float64{
		"-": 0, "0.12": 0.123, "9.99": 9.99, "10.0": 9.996, "99.9": 99.9, "100": 99.96, "12345": 12345.4,
	} {
		require.Equal(t, want, formatNumber(v))
	}
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

// listElements returns how often each element stands in an XML document, which must be well-formed.
func listElements(t *testing.T, document string) map[string]int {
	counts := map[string]int{}
	d := xml.NewDecoder(strings.NewReader(document))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return counts
		}
		require.NoError(t, err)
		if start, isStart := token.(xml.StartElement); isStart {
			counts[start.Name.Local]++
		}
	}
}

func TestChartsAreWellFormed(t *testing.T) {
	for name, c := range map[string]struct {
		chart chart
		bars  int
	}{
		"rates":           {chartRates(exampleReport(true)), 4},
		"latencies":       {chartLatencies(exampleReport(true)), 8},
		"rates, alone":    {chartRates(exampleReport(false)), 2},
		"latencies, none": {chartLatencies(report{}), 0},
		"hostile names":   {chart{title: `<b> & "c"`, axis: "<>", labels: []string{"&"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			found := listElements(t, renderChart(c.chart))
			require.Equal(t, 1, found["svg"])
			require.Equal(t, 1, found["title"])
			require.Equal(t, c.bars+len(c.chart.series), found["rect"], "the bars and the legend")
		})
	}
}

func TestDecadesHoldAllValues(t *testing.T) {
	for _, c := range []struct {
		values    []float64
		low, high int
	}{
		{[]float64{40, 9000}, 1, 4},
		{[]float64{10, 1000}, 0, 3}, // the bar of the least value has a length
		{[]float64{0, 0.5}, -1, 0},
		{nil, 0, 1},
	} {
		low, high := chart{series: []series{{values: c.values}}}.decades()
		require.Equal(t, []int{c.low, c.high}, []int{low, high}, "%v", c.values)
	}
}

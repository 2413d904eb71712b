package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"lyceum/tools/bench/charts"
)

// tableHead returns the titles of the columns. With a yardstick, the cells of all but the first two have Lyceum's value
// and the yardstick's.
func tableHead(hasYardstick bool) []string {
	values := []string{"requests/s", "p50 ms", "p99 ms", "CPU µs/request", "allocs/request", "memory MiB"}
	if hasYardstick {
		return append([]string{"scenario", "ratio"}, values...)
	}
	return append([]string{"scenario"}, values...)
}

// tableRows returns the cells of the table, a row for each scenario.
func tableRows(results []result) (rows [][]string) {
	for _, r := range results {
		row := []string{r.Scenario}
		if r.Yardstick != nil {
			row = append(row, fmt.Sprintf("%.2f", r.Ratio))
		}
		for _, value := range columns {
			cell := charts.FormatNumber(value(r.Lyceum))
			if r.Yardstick != nil {
				cell += " / " + charts.FormatNumber(value(*r.Yardstick))
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	return rows
}

// columns returns the values of a sample in the order of tableHead.
var columns = []func(sample) float64{
	func(s sample) float64 { return s.Rate },
	func(s sample) float64 { return s.P50 },
	func(s sample) float64 { return s.P99 },
	func(s sample) float64 { return s.CPU },
	func(s sample) float64 { return s.Allocs },
	func(s sample) float64 { return s.Memory },
}

// hasYardstick reports whether the report compares.
func (r report) hasYardstick() bool { return len(r.Results) > 0 && r.Results[0].Yardstick != nil }

// describe returns a sentence about the conditions of the run.
func (r report) describe() string {
	s := r.Setup
	text := fmt.Sprintf("%s, %d cores (%s), %s, %s; %d connections, rounds: %d of %g s, %d courses, %d learners.",
		s.System, s.Cores, s.Processor, s.Go, s.Database, s.Connections, s.Rounds, s.Seconds, s.Courses, s.Learners)
	if r.hasYardstick() {
		text += " Cells have the value of Lyceum / the yardstick."
	}
	for _, one := range r.Results {
		if one.Lyceum.SocketKiB == 0 {
			continue
		}
		text += fmt.Sprintf(" An open socket took %s KiB", charts.FormatNumber(one.Lyceum.SocketKiB))
		if one.Yardstick != nil {
			text += " / " + charts.FormatNumber(one.Yardstick.SocketKiB)
		}
		return text + "."
	}
	return text
}

// renderText returns the report as a table for a terminal.
func renderText(r report) string {
	return alignTable(r.table()) + "\n" + r.describe() + "\n"
}

// renderMarkdown returns the report as a table in Markdown.
func renderMarkdown(r report) string {
	return markdownTable(r.table()) + "\n" + r.describe() + "\n"
}

// table returns the cells of the table, the titles of the columns first.
func (r report) table() [][]string {
	return append([][]string{tableHead(r.hasYardstick())}, tableRows(r.Results)...)
}

// writeReport writes results.md, results.json, rates.svg and latencies.svg into a folder, which it makes.
func writeReport(folder string, r report) error {
	return writeFiles(folder, "results", r, map[string]string{
		"results.md": renderMarkdown(r), "rates.svg": chartRates(r).SVG(),
		"latencies.svg": chartLatencies(r).SVG(),
	})
}

// alignTable returns a table for a terminal.
func alignTable(rows [][]string) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush() // a builder takes everything
	return out.String()
}

// markdownTable returns a table in Markdown, whose first row has the titles of the columns.
func markdownTable(rows [][]string) string {
	var out strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&out, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(&out, "| ---%s |\n", strings.Repeat(" | ---:", len(row)-1))
		}
	}
	return out.String()
}

// writeFiles writes texts by the names of their files into a folder, which it makes, and data as name.json.
func writeFiles(folder, name string, data any, texts map[string]string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(data, "", "  ")
	if err != nil {
		return err
	}
	texts[name+".json"] = string(raw) + "\n"
	for file, text := range texts {
		if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// chartRates returns the chart of requests per second.
func chartRates(r report) charts.Bars {
	c := newBars(r, "Requests per second (more is better)", "requests per second, logarithmic")
	addSeries(&c, r, "", "", func(s sample) float64 { return s.Rate })
	return c
}

// chartLatencies returns the chart of the times of answers.
func chartLatencies(r report) charts.Bars {
	c := newBars(r, "Time to answer (less is better)", "milliseconds, logarithmic")
	addSeries(&c, r, ", p50", "", func(s sample) float64 { return s.P50 })
	addSeries(&c, r, ", p99", "-tail", func(s sample) float64 { return s.P99 })
	return c
}

// newBars returns a chart without bars that has the scenarios as labels.
func newBars(r report, title, axis string) charts.Bars {
	c := charts.Bars{Title: title, Axis: axis}
	for _, one := range r.Results {
		c.Labels = append(c.Labels, one.Scenario)
	}
	return c
}

// addSeries adds a bar of Lyceum and, if there is one, of the yardstick to each group. name and class are added to
// theirs.
func addSeries(c *charts.Bars, r report, name, class string, value func(sample) float64) {
	ours, theirs := charts.Series{Name: "Lyceum" + name, Class: "lyceum" + class},
		charts.Series{Name: "yardstick" + name, Class: "yardstick" + class}
	for _, one := range r.Results {
		ours.Values = append(ours.Values, value(one.Lyceum))
		if one.Yardstick != nil {
			theirs.Values = append(theirs.Values, value(*one.Yardstick))
		}
	}
	c.Series = append(c.Series, ours)
	if r.hasYardstick() {
		c.Series = append(c.Series, theirs)
	}
}

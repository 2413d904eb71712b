package main

import (
	"fmt"
	"html"
	"maps"
	"math"
	"slices"
	"strings"
)

// Sizes in the chart of growth, in pixels. The names of the curves stand beside their ends.
const (
	curvesHeight = 420
	curvesRight  = 610
	curvesTop    = 60
	curvesBottom = 360
	nameGap      = 14
)

// curveColors are those of the curves in turns, chosen to differ for people who are color-blind, too.
var curveColors = []string{
	"#0b62c4", "#d1495b", "#2e8b57", "#e08e0b", "#7b4fb5", "#00838f", "#8d6e63", "#c2185b", "#607d8b", "#558b2f",
}

// renderCurves returns a chart of the median times of all paths over the steps, both axes logarithmic.
func renderCurves(r growthReport) string {
	low, high := r.bounds()
	y := func(ms float64) float64 {
		return curvesBottom - (math.Log10(ms)-math.Log10(low))/(math.Log10(high)-math.Log10(low))*(curvesBottom-curvesTop)
	}
	x := func(step int) float64 {
		return plotLeft + float64(step)*float64(curvesRight-plotLeft)/float64(max(1, len(r.Points)-1))
	}
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d">`,
		chartWidth, curvesHeight)
	const title = "Time to answer while the database grows (flat is better)"
	fmt.Fprintf(&out, "\n<title>%s</title>\n%s", title, chartStyle)
	writeText(&out, textAt{16, 26, "start", "title"}, title)
	for ms := low; ms <= high*1.01; ms *= 10 {
		fmt.Fprintf(&out, `<line x1="%d" y1="%.0f" x2="%d" y2="%[2]f" class="grid"/>`+"\n", plotLeft, y(ms), curvesRight)
		writeText(&out, textAt{plotLeft - 8, int(y(ms)) + 4, "end", "tick"}, fmt.Sprint(ms)+" ms")
	}
	for i, p := range r.Points {
		writeText(&out, textAt{int(x(i)), curvesBottom + 20, "middle", "tick"}, shorten(p.Courses)+" courses")
		writeText(&out, textAt{int(x(i)), curvesBottom + 38, "middle", "tick"}, shorten(p.Progress)+" progress")
	}
	places := r.placeNames(y)
	for i, path := range growthPaths {
		color := curveColors[i%len(curveColors)]
		var points []string
		for step, p := range r.Points {
			points = append(points, fmt.Sprintf("%.0f,%.1f", x(step), y(p.P50[path.name])))
		}
		fmt.Fprintf(&out, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), color)
		fmt.Fprintf(&out, `<text x="%d" y="%.0f" style="fill:%s">%s</text>`+"\n", curvesRight+8, places[path.name], color,
			html.EscapeString(path.name))
	}
	out.WriteString("</svg>\n")
	return out.String()
}

// bounds returns the powers of ten between which all medians lie.
func (r growthReport) bounds() (low, high float64) {
	var all []float64
	for _, p := range r.Points {
		all = slices.AppendSeq(all, maps.Values(p.P50))
	}
	least, most := findExtent(all)
	if most == 0 {
		return 0.1, 1
	}
	low = math.Pow10(int(math.Floor(math.Log10(least))))
	return low, math.Pow10(max(int(math.Ceil(math.Log10(most))), int(math.Log10(low))+1))
}

// placeNames returns the height of the name of each path: that of the end of its curve, or below the name above it.
func (r growthReport) placeNames(y func(ms float64) float64) map[string]float64 {
	places := map[string]float64{}
	if len(r.Points) == 0 {
		return places
	}
	last := r.Points[len(r.Points)-1]
	previous := math.Inf(-1)
	for range growthPaths {
		next := ""
		for _, path := range growthPaths {
			if _, isPlaced := places[path.name]; !isPlaced && (next == "" || last.P50[path.name] > last.P50[next]) {
				next = path.name
			}
		}
		previous = max(y(last.P50[next])+4, previous+nameGap)
		places[next] = previous
	}
	return places
}

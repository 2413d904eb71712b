package charts

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
)

// Curves is a chart of values over steps that are equally far apart.
type Curves struct {
	Title string
	// Unit follows the numbers of the axis.
	Unit string
	// Steps has the lines of text below each step.
	Steps  [][]string
	Curves []Curve
}

// Curve is one line of the chart. Values has one value for each step; one that is not above 0 is left out.
type Curve struct {
	Name   string
	Values []float64
}

// Sizes in a chart of curves, in pixels. The names of the curves stand beside their ends.
const (
	curvesHeight = 420
	curvesRight  = 610
	curvesTop    = 60
	curvesBottom = 360
	nameGap      = 14
	lineGap      = 18
)

// curveColors are those of the curves in turns, chosen to differ for people who are color-blind, too.
var curveColors = []string{
	"#0b62c4", "#d1495b", "#2e8b57", "#e08e0b", "#7b4fb5", "#00838f", "#8d6e63", "#c2185b", "#607d8b", "#558b2f",
}

// SVG returns the chart as an SVG document.
func (c Curves) SVG() string {
	var out strings.Builder
	beginDocument(&out, c.Title, curvesHeight)
	low, high := c.bounds()
	for value := low; value <= high*1.01; value *= 10 {
		fmt.Fprintf(&out, `<line x1="%d" y1="%.0f" x2="%d" y2="%[2]f" class="grid"/>`+"\n", plotLeft, c.height(value), curvesRight)
		writeText(&out, textAt{plotLeft - 8, int(c.height(value)) + 4, "end", "tick"}, fmt.Sprint(value)+" "+c.Unit)
	}
	for step, lines := range c.Steps {
		for i, line := range lines {
			writeText(&out, textAt{int(c.place(step)), curvesBottom + 20 + i*lineGap, "middle", "tick"}, line)
		}
	}
	ends := c.placeNames()
	for i, curve := range c.Curves {
		c.writeCurve(&out, curve, curveColors[i%len(curveColors)], ends[i])
	}
	out.WriteString("</svg>\n")
	return out.String()
}

// writeCurve writes a curve, and its name at a height.
func (c Curves) writeCurve(out *strings.Builder, curve Curve, color string, nameHeight float64) {
	var points []string
	for step, value := range curve.Values {
		if value > 0 {
			points = append(points, fmt.Sprintf("%.0f,%.1f", c.place(step), c.height(value)))
		}
	}
	fmt.Fprintf(out, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), color)
	fmt.Fprintf(out, `<text x="%d" y="%.0f" style="fill:%s">%s</text>`+"\n", curvesRight+8, nameHeight, color,
		html.EscapeString(curve.Name))
}

// bounds returns the powers of ten between which all values lie.
func (c Curves) bounds() (low, high float64) {
	var all []float64
	for _, curve := range c.Curves {
		all = append(all, curve.Values...)
	}
	least, most := findExtent(all)
	if most == 0 {
		return 0.1, 1
	}
	low = math.Pow10(int(math.Floor(math.Log10(least))))
	return low, math.Pow10(max(int(math.Ceil(math.Log10(most))), int(math.Log10(low))+1))
}

// height returns the vertical place of a value above 0.
func (c Curves) height(value float64) float64 {
	low, high := c.bounds()
	return curvesBottom - (math.Log10(value)-math.Log10(low))/(math.Log10(high)-math.Log10(low))*(curvesBottom-curvesTop)
}

// place returns the horizontal place of a step.
func (c Curves) place(step int) float64 {
	return plotLeft + float64(step)*float64(curvesRight-plotLeft)/float64(max(1, len(c.Steps)-1))
}

// placeNames returns the height of the name of each curve: that of its end, or below the name above it.
func (c Curves) placeNames() []float64 {
	places, order := make([]float64, len(c.Curves)), make([]int, len(c.Curves))
	for i, curve := range c.Curves {
		places[i], order[i] = curvesBottom, i
		if last := len(curve.Values) - 1; last >= 0 && curve.Values[last] > 0 {
			places[i] = c.height(curve.Values[last]) + 4
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(places[a], places[b]) })
	previous := math.Inf(-1)
	for _, i := range order {
		places[i] = max(places[i], previous+nameGap)
		previous = places[i]
	}
	return places
}

// Package charts draws charts as SVG documents: bars that compare, and curves over steps. Axes are logarithmic.
package charts

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Bars is a chart with a group of horizontal bars for each label.
type Bars struct {
	Title string
	// Axis says what the values mean.
	Axis   string
	Labels []string
	Series []Series
}

// Series is one bar in each group.
type Series struct {
	Name string
	// Class is the color: "lyceum" or "yardstick", with "-tail" for a lighter one.
	Class string
	// Values has one value for each label; no bar stands for one that is not above 0.
	Values []float64
}

// Sizes in a chart, in pixels.
const (
	chartWidth  = 760
	plotLeft    = 150
	plotRight   = 700
	plotTop     = 78
	barHeight   = 11
	groupGap    = 12
	chartBottom = 52
)

// chartStyle has the colors for light and for dark pages.
const chartStyle = `<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
.value { font-size: 10px; }
.grid { stroke: #8c959f; stroke-opacity: .35; }
.lyceum { fill: #0b62c4; } .lyceum-tail { fill: #7fb2ea; }
.yardstick { fill: #767d86; } .yardstick-tail { fill: #b9bfc6; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.lyceum { fill: #4f9df5; } .lyceum-tail { fill: #24558d; }
.yardstick { fill: #a2abb5; } .yardstick-tail { fill: #565e67; }
}
</style>
`

// decades returns the powers of ten between which all values lie. The lower one is below the least value, so that its
// bar has a length.
func (c Bars) decades() (low, high int) {
	var all []float64
	for _, s := range c.Series {
		all = append(all, s.Values...)
	}
	least, most := findExtent(all)
	if most == 0 {
		return 0, 1
	}
	low = int(math.Floor(math.Log10(least / 1.2)))
	return low, max(int(math.Ceil(math.Log10(most))), low+1)
}

// findExtent returns the least and the greatest of the values above 0; most is 0 if there is none.
func findExtent(values []float64) (least, most float64) {
	least = math.Inf(1)
	for _, v := range values {
		if v > 0 {
			least, most = min(least, v), max(most, v)
		}
	}
	return least, most
}

// SVG returns the chart as an SVG document.
func (c Bars) SVG() string {
	plot := plotTop + len(c.Labels)*(len(c.Series)*barHeight+groupGap)
	var out strings.Builder
	beginDocument(&out, c.Title, plot+chartBottom)
	c.writeLegend(&out)
	c.writeAxis(&out, plot)
	for i := range c.Labels {
		c.writeGroup(&out, i)
	}
	out.WriteString("</svg>\n")
	return out.String()
}

// beginDocument writes the begin of a document with a title.
func beginDocument(out *strings.Builder, title string, height int) {
	out.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" role="img" `)
	fmt.Fprintf(out, `viewBox="0 0 %d %d" width="%[1]d" height="%[2]d">`, chartWidth, height)
	fmt.Fprintf(out, "\n<title>%s</title>\n%s", html.EscapeString(title), chartStyle)
	writeText(out, textAt{16, 26, "start", "title"}, title)
}

// writeLegend writes the names of the series beside their colors.
func (c Bars) writeLegend(out *strings.Builder) {
	x := 16
	for _, s := range c.Series {
		fmt.Fprintf(out, `<rect x="%d" y="42" width="12" height="12" class="%s"/>`+"\n", x, s.Class)
		writeText(out, textAt{x + 18, 52, "start", "legend"}, s.Name)
		x += 130
	}
}

// writeAxis writes a line and a number for each power of ten, and what the numbers mean. bottom is the end of the bars.
func (c Bars) writeAxis(out *strings.Builder, bottom int) {
	low, high := c.decades()
	for exponent := low; exponent <= high; exponent++ {
		x := c.place(math.Pow10(exponent))
		fmt.Fprintf(out, `<line x1="%d" y1="%d" x2="%[1]d" y2="%[3]d" class="grid"/>`+"\n", x, plotTop-6, bottom)
		writeText(out, textAt{x, bottom + 16, "middle", "tick"}, fmt.Sprint(math.Pow10(exponent)))
	}
	writeText(out, textAt{(plotLeft + plotRight) / 2, bottom + 38, "middle", "axis"}, c.Axis)
}

// writeGroup writes the bars of the i-th label with their values.
func (c Bars) writeGroup(out *strings.Builder, i int) {
	top := plotTop + i*(len(c.Series)*barHeight+groupGap)
	writeText(out, textAt{plotLeft - 10, top + len(c.Series)*barHeight/2 + 4, "end", "label"}, c.Labels[i])
	for j, s := range c.Series {
		v := s.Values[i]
		if v <= 0 {
			continue
		}
		y, end := top+j*barHeight, c.place(v)
		fmt.Fprintf(out, `<rect x="%d" y="%d" width="%d" height="%d" class="%s"/>`+"\n",
			plotLeft, y, end-plotLeft, barHeight-1, s.Class)
		writeText(out, textAt{end + 4, y + barHeight - 2, "start", "value"}, FormatNumber(v))
	}
}

// place returns the horizontal place of a value.
func (c Bars) place(v float64) int {
	low, high := c.decades()
	share := (math.Log10(v) - float64(low)) / float64(high-low)
	return plotLeft + int(math.Round(share*(plotRight-plotLeft)))
}

// textAt is where a text stands, which part of it stands there, and its class.
type textAt struct {
	x, y          int
	anchor, class string
}

// writeText writes a text.
func writeText(out *strings.Builder, at textAt, text string) {
	fmt.Fprintf(out, `<text x="%d" y="%d" text-anchor="%s" class="%s">%s</text>`+"\n",
		at.x, at.y, at.anchor, at.class, html.EscapeString(text))
}

// FormatNumber returns a number with three digits that matter, or all before the point; "-" for one that was not
// measured.
func FormatNumber(v float64) string {
	switch {
	case v <= 0:
		return "-"
	case v < 9.995:
		return fmt.Sprintf("%.2f", v)
	case v < 99.95:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

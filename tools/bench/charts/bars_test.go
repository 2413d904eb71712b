package charts

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

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

func TestBarsAreWellFormed(t *testing.T) {
	for name, c := range map[string]struct {
		chart Bars
		bars  int
	}{
		"two series":    {Bars{Labels: []string{"a", "b"}, Series: []Series{{Values: []float64{1, 20}}, {Values: []float64{300, 4}}}}, 4},
		"a missing bar": {Bars{Labels: []string{"a", "b"}, Series: []Series{{Values: []float64{1, 0}}}}, 1},
		"nothing":       {Bars{Series: []Series{{Name: "Lyceum"}}}, 0},
		"hostile names": {Bars{Title: `<b> & "c"`, Axis: "<>", Labels: []string{"&"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			found := listElements(t, c.chart.SVG())
			require.Equal(t, 1, found["svg"])
			require.Equal(t, 1, found["title"])
			require.Equal(t, c.bars+len(c.chart.Series), found["rect"], "the bars and the legend")
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
		low, high := Bars{Series: []Series{{Values: c.values}}}.decades()
		require.Equal(t, []int{c.low, c.high}, []int{low, high}, "%v", c.values)
	}
}

func TestFormatNumber(t *testing.T) {
	for want, v := range map[string]float64{
		"-": 0, "0.12": 0.123, "9.99": 9.99, "10.0": 9.996, "99.9": 99.9, "100": 99.96, "12345": 12345.4,
	} {
		require.Equal(t, want, FormatNumber(v))
	}
}

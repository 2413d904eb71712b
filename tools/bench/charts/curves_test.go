package charts

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCurvesAreWellFormed(t *testing.T) {
	for name, c := range map[string]Curves{
		"two curves": {
			Title: "Growth & more", Unit: "ms", Steps: [][]string{{"1", "one"}, {"10", "ten"}},
			Curves: []Curve{{"<a>", []float64{0.5, 5}}, {"b", []float64{20, 20}}},
		},
		"a missing value": {Steps: [][]string{{"1"}, {"10"}}, Curves: []Curve{{"a", []float64{0, 5}}, {"b", []float64{3, -1}}}},
		"one step":        {Steps: [][]string{{"1"}}, Curves: []Curve{{"a", []float64{3}}}},
		"nothing":         {Curves: []Curve{{Name: "a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			svg := c.SVG()
			require.Equal(t, len(c.Curves), listElements(t, svg)["polyline"])
			require.NotContains(t, svg, "NaN")
			require.NotContains(t, svg, "Inf")
		})
	}
}

// Names of curves that end at one place stand below each other.
func TestNamesDoNotCover(t *testing.T) {
	c := Curves{Steps: [][]string{{"1"}}}
	for range 5 {
		c.Curves = append(c.Curves, Curve{"same", []float64{1}})
	}
	places := c.placeNames()
	for i := range places[1:] {
		require.InDelta(t, nameGap, places[i+1]-places[i], 0.001)
	}
	require.Equal(t, 1, strings.Count(c.SVG(), "<title>"))
}

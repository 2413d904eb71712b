package course

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMeanPercent(t *testing.T) {
	for name, c := range map[string]struct{ sum, lessons, want int }{
		"no lessons":                 {0, 0, 0},
		"the floor of the mean":      {199, 2, 99},
		"all complete":               {300, 3, 100},
		"more than there are by now": {400, 3, 100},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, MeanPercent(c.sum, c.lessons))
		})
	}
}

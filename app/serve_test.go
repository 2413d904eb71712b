package main

import (
	"math"
	"runtime/debug"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/stretchr/testify/require"
)

func TestLimitMemory(t *testing.T) { //nolint:paralleltest // it changes the process
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	const container = 1 << 30
	for _, c := range []struct {
		name      string
		available memlimit.Provider
		env       string
		want      int64
	}{
		{"a container", memlimit.Limit(container), "", container * 85 / 100},
		{"no bound", func() (uint64, error) { return 0, memlimit.ErrNoLimit }, "", math.MaxInt64},
		{"the environment wins", memlimit.Limit(container), "700MiB", math.MaxInt64},
	} {
		debug.SetMemoryLimit(math.MaxInt64)
		if c.env != "" {
			t.Setenv("GOMEMLIMIT", c.env) // the runtime has read it at the start
		}
		limitMemory(c.available)
		require.Equal(t, c.want, debug.SetMemoryLimit(-1), c.name)
	}
}

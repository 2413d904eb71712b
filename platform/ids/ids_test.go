package ids_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/ids"
)

func TestNew(t *testing.T) {
	t.Run("later ids sort later", func(t *testing.T) {
		made := make([]string, 1000)
		for i := range made {
			made[i] = ids.New()
		}
		require.True(t, slices.IsSorted(made))
		require.Less(t, ids.None, made[0])
	})
	t.Run("many at once are all different", func(t *testing.T) {
		made := make([][]string, 8)
		var wg sync.WaitGroup
		for i := range made {
			wg.Go(func() {
				for range 500 {
					made[i] = append(made[i], ids.New())
				}
			})
		}
		wg.Wait()
		seen := map[string]bool{}
		for _, id := range slices.Concat(made...) {
			require.False(t, seen[id], id)
			require.True(t, ids.IsValid(id), id)
			seen[id] = true
		}
		require.Len(t, seen, 8*500)
	})
}

func TestIsValid(t *testing.T) {
	id := ids.New()
	require.True(t, ids.IsValid(id))
	require.True(t, ids.IsValid(ids.None))
	for _, other := range []string{
		"", id[:35], id + "0", strings.ToUpper(id), "{" + id[1:35] + "}", "urn:uuid:" + id, strings.ReplaceAll(id, "-", ""),
		strings.Replace(id, "-", "0", 1), strings.Replace(id, id[:1], "g", 1), "../../../../../../../../../etc/passwd",
		strings.Repeat("0", 36), "\x00" + id[1:], "０" + id[3:],
	} {
		require.False(t, ids.IsValid(other), "%q", other)
	}
}

func FuzzIsValid(f *testing.F) {
	f.Add(ids.New())
	f.Add("{0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5}")
	f.Fuzz(func(t *testing.T, s string) {
		if ids.IsValid(s) {
			require.Regexp(t, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, s)
		}
	})
}

func TestFirstAt(t *testing.T) {
	before := ids.New()
	now := time.Now()
	require.True(t, ids.IsValid(ids.FirstAt(now)))
	require.Less(t, before, ids.FirstAt(now.Add(time.Millisecond)))
	require.Greater(t, ids.New(), ids.FirstAt(now))
	require.Less(t, ids.FirstAt(now.Add(-time.Millisecond)), before)
}

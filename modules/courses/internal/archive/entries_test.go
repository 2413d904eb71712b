package archive

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/apperr"
)

// packArchive returns an archive. parts holds names and contents in turn.
func packArchive(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		require.NoError(t, writeText(z, parts[i], []byte(parts[i+1])))
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func openBytes(raw []byte) (map[string]*entry, error) {
	return openArchive(bytes.NewReader(raw), int64(len(raw)))
}

func TestOpenArchive(t *testing.T) {
	raw := packArchive(t, "a/b.md", "hello", "c", "", "d", strings.Repeat("x", 100_000))
	entries, err := openBytes(raw)
	require.NoError(t, err)
	require.Len(t, entries, 3)
	for name, want := range map[string]string{"a/b.md": "hello", "c": "", "d": strings.Repeat("x", 100_000)} {
		got, err := entries[name].readAll(1 << 20)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	_, err = entries["d"].readAll(99_999)
	require.Error(t, err)
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	require.Equal(t, "d", z.File[2].Name)
	require.EqualValues(t, zip.Store, z.File[2].Method, "packed, it would look like a bomb")
}

// Each byte of an archive may be damaged: what is read is right, or refused with an answer for the
// caller.
func TestOpenArchiveRefusesDamage(t *testing.T) {
	want := map[string]string{"a": "hello, learners", "b/c.md": strings.Repeat("many words ", 50)}
	raw := packArchive(t, "a", want["a"], "b/c.md", want["b/c.md"])
	for i := range raw {
		for _, bit := range []byte{1, 0x80} {
			damaged := bytes.Clone(raw)
			damaged[i] ^= bit
			entries, err := openBytes(damaged)
			if err != nil {
				requireAnswer(t, err)
				continue
			}
			for name, e := range entries {
				got, err := e.readAll(1 << 20)
				if err != nil {
					requireAnswer(t, err)
				} else {
					require.Equal(t, want[name], string(got), "byte %d", i)
				}
			}
		}
	}
}

// requireAnswer checks that an error is an answer for the caller.
func requireAnswer(t *testing.T, err error) {
	t.Helper()
	e, ok := apperr.As(err)
	require.True(t, ok, "no answer for callers: %v", err)
	require.Contains(t, []apperr.Kind{apperr.KindMalformed, apperr.KindInvalid}, e.Kind)
}

func TestManifestIsCircular(t *testing.T) {
	of := func(before ...[]int) *manifest {
		m := &manifest{}
		for _, b := range before {
			m.Lessons = append(m.Lessons, manifestLesson{Prerequisites: b})
		}
		return m
	}
	for _, m := range []*manifest{of(), of(nil, nil), of([]int{2}, []int{3}, nil), of([]int{2, 3, 2}, []int{3}, nil)} {
		require.False(t, m.isCircular())
	}
	for _, m := range []*manifest{of([]int{1}), of([]int{2}, []int{1}), of(nil, []int{3}, []int{4}, []int{2})} {
		require.True(t, m.isCircular())
	}
	// The rule of single lessons finds the same circles.
	for range 300 {
		m := of(make([][]int, 6)...)
		others := map[string][]string{}
		for i := range m.Lessons {
			for p := range 6 {
				if rand.IntN(6) == 0 {
					m.Lessons[i].Prerequisites = append(m.Lessons[i].Prerequisites, p+1)
					others[fmt.Sprint(i)] = append(others[fmt.Sprint(i)], fmt.Sprint(p))
				}
			}
		}
		want := false
		for id, before := range others {
			want = want || course.IsCircular(id, before, others)
		}
		require.Equal(t, want, m.isCircular(), "%v", others)
	}
}

func FuzzOpenArchive(f *testing.F) {
	manifest := `{"format":"lyceum-course","version":1,"title":"x","summary":"","description":"","visibility":"public",
		"tags":[],"cover_key":null,"lessons":[{"title":"One","duration_seconds":1,"asset_key":"a","prerequisites":[],
		"available_from":null,"available_after_days":null,"path":"l"}],"assets":[{"key":"a","content_type":"text/plain",
		"size":1,"sha256":"` + strings.Repeat("0", 64) + `","path":"f"}]}`
	f.Add(packArchive(f, "l", "# One", "f", "x", manifestName, manifest))
	f.Add(packArchive(f, "a/b", strings.Repeat("x", 5000)))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		entries, err := openBytes(raw)
		if err != nil {
			requireAnswer(t, err)
			return
		}
		var total int64
		for name, e := range entries {
			require.Equal(t, name, e.Name())
			r, err := e.open()
			if err == nil {
				var n int64
				n, err = io.Copy(io.Discard, r)
				total += n
				if err == nil {
					require.Equal(t, e.Size(), n)
				}
			}
			if err != nil {
				requireAnswer(t, err)
			}
		}
		require.LessOrEqual(t, total, max(smallEntry, maxRatio*int64(len(raw))))
		if m, err := readManifest(entries); err != nil {
			requireAnswer(t, err)
		} else {
			require.LessOrEqual(t, len(m.Assets), len(m.Lessons)+1)
		}
	})
}

func TestKeysOfLostFilesAreBounded(t *testing.T) {
	for key, isAccepted := range map[string]bool{
		"": false, "a": true, strings.Repeat("ä", 512): true, strings.Repeat("ä", 513): false,
	} {
		err := (&Service{}).checkFiles(&manifest{Assets: []manifestAsset{{Key: key}}}, nil)
		if isAccepted {
			require.NoError(t, err)
			continue
		}
		refused, ok := apperr.As(err)
		require.True(t, ok, "%v", err)
		require.Equal(t, "course.json.assets.0.key", refused.Fields[0].Location)
	}
}

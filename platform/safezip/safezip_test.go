package safezip

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// limits are those of the tests.
var limits = Limits{Entries: 100, PackedBytes: 1 << 20, UnpackedBytes: 4 << 20, Ratio: 100, RatioFromBytes: 1 << 10}

// file is an entry to be packed. Its header may be changed before it is written, and data may
// differ from the content.
type file struct {
	name    string
	content string
	header  func(h *zip.FileHeader)
	data    []byte
}

// forge returns an archive of entries that are written as they are, lies included.
func forge(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		size := uint64(len(f.content))
		h := &zip.FileHeader{
			Name: f.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(f.content)),
			CompressedSize64: size, UncompressedSize64: size,
		}
		if f.header != nil {
			f.header(h)
		}
		w, err := z.CreateRaw(h)
		require.NoError(t, err)
		data := f.data
		if data == nil {
			data = []byte(f.content)
		}
		_, err = w.Write(data)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

// deflate returns an archive as an ordinary program packs it: names and contents in turn.
func deflate(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		require.NoError(t, err)
		_, err = w.Write([]byte(parts[i+1]))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func open(raw []byte) (map[string]*Entry, error) {
	return Open(bytes.NewReader(raw), int64(len(raw)), limits)
}

// reason returns the reason of an *Error, "format" for ErrFormat, and fails the test for any other
// error.
func reason(t testing.TB, err error) string {
	t.Helper()
	if errors.Is(err, ErrFormat) {
		return "format"
	}
	var e *Error
	require.ErrorAs(t, err, &e)
	return e.Reason
}

func TestOpen(t *testing.T) {
	entries, err := open(deflate(t, "a/b.md", "hello", "c", "", "d/", "", "e", strings.Repeat("long text ", 50)))
	require.NoError(t, err)
	require.Len(t, entries, 3, "folders are left out")
	for name, want := range map[string]string{"a/b.md": "hello", "c": "", "e": strings.Repeat("long text ", 50)} {
		got, err := entries[name].ReadAll(1 << 10)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
		require.Equal(t, name, entries[name].Name())
		require.EqualValues(t, len(want), entries[name].Size())
		require.NoError(t, entries[name].CheckContent())
	}
	_, err = entries["e"].ReadAll(499)
	require.Equal(t, "is too large", reason(t, err))
}

func TestNames(t *testing.T) {
	for name, accepted := range map[string]bool{
		"a": true, "a/b/c.txt": true, "Prüfung 1.md": true, strings.Repeat("n", 255): true,
		"": false, ".": false, "..": false, "../a": false, "a/../b": false, "/a": false, "a//b": false, "a/./b": false,
		`a\b`: false, "C:a": false, "a\x00b": false, "a\nb": false, "a\u202eb": false, "a\xff": false,
		strings.Repeat("n", 256): false,
	} {
		t.Run(fmt.Sprintf("%.20q", name), func(t *testing.T) {
			_, err := open(forge(t, file{name: name, content: "x"}))
			if accepted {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
		})
	}
	t.Run("twice", func(t *testing.T) {
		for _, pair := range [][2]string{{"a", "a"}, {"File", "file"}, {"straße", "STRASSE"}, {"a", "a/"}, {"ﬁ", "fi"}} {
			second := file{name: pair[1], content: "y"}
			if strings.HasSuffix(pair[1], "/") {
				second.content = ""
			}
			_, err := open(forge(t, file{name: pair[0], content: "x"}, second))
			require.Equal(t, "is there twice", reason(t, err), "%q", pair)
		}
	})
}

func TestHeaders(t *testing.T) {
	for want, header := range map[string]func(h *zip.FileHeader){
		"is encrypted": func(h *zip.FileHeader) { h.Flags |= 1 },
		"is packed by another method than deflate": func(h *zip.FileHeader) { h.Method = 12 },
		"is no regular file":                       func(h *zip.FileHeader) { h.SetMode(fs.ModeSymlink | 0o777) },
		"has sizes that can't be":                  func(h *zip.FileHeader) { h.UncompressedSize64++ },
		"is too large": func(h *zip.FileHeader) {
			h.Method, h.UncompressedSize64 = zip.Deflate, uint64(limits.UnpackedBytes)+1
		},
		"unpacks to more than 100 times its size": func(h *zip.FileHeader) {
			h.Method, h.UncompressedSize64 = zip.Deflate, 101*1000
		},
	} {
		t.Run(want, func(t *testing.T) {
			_, err := open(forge(t, file{name: "a", content: strings.Repeat("x", 1000), header: header}))
			require.Equal(t, want, reason(t, err))
		})
	}
}

func TestContents(t *testing.T) {
	packed := []byte{0x4b, 0x04, 0x00} // "a", deflated
	for want, f := range map[string]file{
		"is shorter than declared":           {content: "a", data: packed, header: deflated(2)},
		"is longer than declared":            {content: "a", data: packed, header: deflated(0)},
		"has another checksum than declared": {content: "b", data: packed, header: deflated(1)},
		"can't be unpacked":                  {content: "a", data: []byte{0xff, 0xff, 0xff}, header: deflated(1)},
		"has something behind its end":       {content: "a", data: append(bytes.Clone(packed), 0), header: deflated(1, 4)},
	} {
		t.Run(want, func(t *testing.T) {
			f.name = "a"
			entries, err := open(forge(t, f))
			require.NoError(t, err)
			require.Equal(t, want, reason(t, entries["a"].CheckContent()))
			_, err = entries["a"].ReadAll(1 << 10)
			require.Equal(t, want, reason(t, err))
		})
	}
}

// deflated sets the sizes of a deflated entry: unpacked, and packed if it is not three bytes.
func deflated(unpacked uint64, packed ...uint64) func(h *zip.FileHeader) {
	return func(h *zip.FileHeader) {
		h.Method, h.UncompressedSize64, h.CompressedSize64 = zip.Deflate, unpacked, 3
		if len(packed) > 0 {
			h.CompressedSize64 = packed[0]
		}
	}
}

func TestStructure(t *testing.T) {
	sound := forge(t, file{name: "a", content: "first"}, file{name: "b", content: "second"})
	directory := bytes.Index(sound, []byte("PK\x01\x02"))
	changed := func(at int, b ...byte) []byte {
		out := bytes.Clone(sound)
		copy(out[at:], b)
		return out
	}
	many := make([]file, limits.Entries+1)
	for i := range many {
		many[i] = file{name: fmt.Sprint(i)}
	}
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"empty":                    {nil, "format"},
		"text":                     {[]byte("hello, this is no archive at all"), "format"},
		"cut off":                  {sound[:len(sound)-1], "format"},
		"something behind the end": {append(bytes.Clone(sound), 'x'), "format"},
		"something before the end": {
			append(append(bytes.Clone(sound[:len(sound)-22]), "xx"...), sound[len(sound)-22:]...), "format",
		},
		"several parts":               {changed(len(sound)-18, 1), "an archive in several parts is not accepted"},
		"a local header changed":      {changed(directory-6-1, 'c'), "its two headers differ"},
		"an entry that points astray": {changed(directory+42, 7), "has no header where the directory says"},
		"two entries of one content":  {overlapping(t), "overlaps what follows it"},
		"too many entries":            {forge(t, many...), "has more than 100 entries"},
		"too much in all":             {forge(t, bigFiles(5)...), "unpacks to more than 4 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(c.raw)
			require.Equal(t, c.want, reason(t, err))
		})
	}
}

// bigFiles returns n files of 1 MiB each.
func bigFiles(n int) (out []file) {
	for i := range n {
		out = append(out, file{name: fmt.Sprint(i), content: strings.Repeat("x", 1<<20)})
	}
	return out
}

// overlapping returns an archive whose first entry declares to reach into the second.
func overlapping(t testing.TB) []byte {
	grown := func(h *zip.FileHeader) { h.CompressedSize64++; h.UncompressedSize64++ }
	return forge(t, file{name: "a", content: "first", header: grown}, file{name: "b", content: "second"})
}

func TestErrors(t *testing.T) {
	require.Equal(t, "safezip: the archive: is odd", (&Error{Reason: "is odd"}).Error())
	require.Equal(t, "safezip: a??b: is odd", EntryError("a\n\xffb", "is odd").Error())
	require.Equal(t, `safezip: "": is odd`, EntryError("", "is odd").Error(), "an entry without a name is no archive")
	require.Len(t, EntryError(strings.Repeat("n", 300), "").Entry, 100)
	broken := errors.New("disk gone")
	_, err := Open(failingReader{broken}, 100, limits)
	require.ErrorIs(t, err, broken)
}

type failingReader struct{ err error }

func (f failingReader) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func TestFormatBytes(t *testing.T) {
	for n, want := range map[int64]string{1 << 30: "1 GiB", 3 << 20: "3 MiB", 5 << 10: "5 KiB", 1000: "1000 bytes"} {
		require.Equal(t, want, formatBytes(n))
	}
}

// Each byte of an archive may be changed: what is read then is right, or an error says why it is
// not.
func TestDamagedBytes(t *testing.T) {
	want := map[string]string{"a": "hello, learners", "b/c.md": strings.Repeat("many words ", 50)}
	raw := deflate(t, "a", want["a"], "b/c.md", want["b/c.md"])
	for i := range raw {
		for _, bit := range []byte{1, 0x80} {
			damaged := bytes.Clone(raw)
			damaged[i] ^= bit
			entries, err := open(damaged)
			if err != nil {
				reason(t, err)
				continue
			}
			for name, e := range entries {
				got, err := e.ReadAll(1 << 20)
				if err != nil {
					reason(t, err)
				} else {
					require.Equal(t, want[name], string(got), "byte %d", i)
				}
			}
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(deflate(f, "a/b", strings.Repeat("x", 5000)))
	f.Add(forge(f, file{name: "a", content: "x"}))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		entries, err := open(raw)
		if err != nil {
			reason(t, err)
			return
		}
		var total int64
		for name, e := range entries {
			require.True(t, isPlainPath(name))
			r, err := e.Open()
			if err == nil {
				var n int64
				n, err = io.Copy(io.Discard, r)
				total += n
				if err == nil {
					require.Equal(t, e.Size(), n)
				}
			}
			if err != nil {
				reason(t, err)
			}
		}
		require.LessOrEqual(t, total, max(limits.RatioFromBytes, limits.Ratio*int64(len(raw))))
	})
}

func ExampleOpen() {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, _ := z.Create("notes/day-1.md")
	_, _ = w.Write([]byte("# Monday"))
	_ = z.Close()

	archive, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()), Limits{
		Entries: 10, PackedBytes: 1 << 20, UnpackedBytes: 1 << 20, Ratio: 100, RatioFromBytes: 1 << 10,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	content, err := archive["notes/day-1.md"].ReadAll(1 << 10)
	fmt.Println(string(content), err)
	// Output: # Monday <nil>
}

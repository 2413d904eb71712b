package courses

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"lyceum/platform/apperr"
	"lyceum/platform/text"
)

// Fixed parts of a zip file (APPNOTE 6.3.10).
const (
	endSize       = 22
	locatorSize   = 20
	headerSize    = 46
	localSize     = 30
	maxDirectory  = 2 << 20
	maxEntryName  = 255
	flagEncrypted = 1<<0 | 1<<6 | 1<<13
	flagLater     = 1 << 3 // sizes and checksum follow the data
)

var errNoArchive = apperr.Malformed("The body is not a readable zip file.")

func errEntry(name, message string) error {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, name)
	if letters := []rune(name); len(letters) > 100 {
		name = string(letters[:100])
	}
	return apperr.Invalid(""+name, message)
}

// entry is a file of an archive whose headers were checked; its content is checked while it is read.
type entry struct {
	*zip.File
	start, end int64
}

// openArchive reads the directory of a zip file and holds it to what an import takes: 400 for what is none,
// 422 for one that is out of bounds or tries to be read in two ways. No content is unpacked.
func openArchive(r io.ReaderAt, size int64) (map[string]*entry, error) {
	d, err := findDirectory(r, size)
	if err != nil {
		return nil, err
	}
	if d.count > maxEntries {
		return nil, apperr.Invalid("", "more than 5,000 entries")
	}
	z, err := zip.NewReader(r, size)
	if err != nil || len(z.File) != d.count {
		return nil, errNoArchive
	}
	entries := make([]*entry, len(z.File))
	for i, f := range z.File {
		if entries[i], err = d.entry(r, f); err != nil {
			return nil, err
		}
	}
	if err := d.apart(entries); err != nil {
		return nil, err
	}
	if err := bounded(entries, size); err != nil {
		return nil, err
	}
	return byName(entries)
}

// directory is where the headers of all entries stand; it must be the last thing before the end record, so
// that nobody reads another one.
type directory struct {
	at, size int64
	count    int
	headers  []byte
}

func findDirectory(r io.ReaderAt, size int64) (*directory, error) {
	tail := make([]byte, min(size, endSize+locatorSize+0xffff))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || len(tail)-at < endSize {
		return nil, errNoArchive
	}
	end, le := tail[at:], binary.LittleEndian
	d := &directory{count: int(le.Uint16(end[10:])), size: int64(le.Uint32(end[12:])), at: int64(le.Uint32(end[16:]))}
	switch {
	case int(le.Uint16(end[20:])) != len(end)-endSize, d.at+d.size != size-int64(len(end)):
		return nil, errNoArchive
	case le.Uint32(end[4:]) != 0, int(le.Uint16(end[8:])) != d.count:
		return nil, apperr.Invalid("", "an archive in several parts is not accepted")
	case at >= locatorSize && string(tail[at-locatorSize:at-locatorSize+4]) == "PK\x06\x07":
		return nil, apperr.Invalid("", "a zip64 directory is not accepted")
	case d.size > maxDirectory:
		return nil, apperr.Invalid("", "the directory is too large")
	}
	d.headers = make([]byte, d.size)
	_, err := r.ReadAt(d.headers, d.at)
	return d, err
}

// entry takes the next header, which the library read as f, and compares it with the one before the data.
func (d *directory) entry(r io.ReaderAt, f *zip.File) (*entry, error) {
	le := binary.LittleEndian
	h := d.headers
	if len(h) < headerSize {
		return nil, errNoArchive
	}
	name, extra, comment := int(le.Uint16(h[28:])), int(le.Uint16(h[30:])), int(le.Uint16(h[32:]))
	if len(h) < headerSize+name+extra+comment || string(h[headerSize:headerSize+name]) != f.Name {
		return nil, errNoArchive
	}
	d.headers = h[headerSize+name+extra+comment:]
	if err := checkEntry(f); err != nil {
		return nil, err
	}
	start := int64(le.Uint32(h[42:]))
	local := make([]byte, localSize+name)
	if _, err := r.ReadAt(local, start); err != nil || string(local[:4]) != "PK\x03\x04" {
		return nil, errEntry(f.Name, "has no header where the directory says")
	}
	if !agree(local, h[:headerSize+name]) {
		return nil, errEntry(f.Name, "its two headers differ")
	}
	e := &entry{File: f, start: start, end: start + int64(localSize+name+int(le.Uint16(local[28:]))) + int64(f.CompressedSize64)}
	return e, nil
}

// agree says whether the header before the data says what the directory says.
func agree(local, central []byte) bool {
	le := binary.LittleEndian
	if !bytes.Equal(local[localSize:], central[headerSize:]) || le.Uint16(local[26:]) != le.Uint16(central[28:]) ||
		!bytes.Equal(local[6:10], central[8:12]) { // flags, method
		return false
	}
	if le.Uint16(local[6:])&flagLater != 0 {
		return true
	}
	// Checksum, packed and unpacked size; a packer that was not sure puts the sizes into an extra field.
	return bytes.Equal(local[14:18], central[16:20]) && (bytes.Equal(local[18:26], central[20:28]) || le.Uint64(local[18:]) == 1<<64-1)
}

func checkEntry(f *zip.File) error {
	dir := strings.HasSuffix(f.Name, "/")
	switch {
	case !goodName(strings.TrimSuffix(f.Name, "/")):
		return errEntry(f.Name, "is no plain relative path")
	case f.Flags&flagEncrypted != 0:
		return errEntry(f.Name, "is encrypted")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return errEntry(f.Name, "is packed by another method than deflate")
	case f.Mode().Type() != 0 && !(dir && f.Mode().Type() == fs.ModeDir):
		return errEntry(f.Name, "is no regular file")
	case dir && f.UncompressedSize64 != 0, f.Method == zip.Store && f.UncompressedSize64 != f.CompressedSize64:
		return errEntry(f.Name, "has sizes that can't be")
	case f.UncompressedSize64 > maxUnpacked || f.CompressedSize64 > maxArchive:
		return errEntry(f.Name, "is too large")
	case f.UncompressedSize64 > smallEntry && f.UncompressedSize64 > maxRatio*f.CompressedSize64:
		return errEntry(f.Name, "unpacks to more than a hundred times its size")
	}
	return nil
}

// goodName takes relative paths of plain segments (ASVS 5.3.2), on whatever system they might be unpacked.
func goodName(name string) bool {
	return fs.ValidPath(name) && name != "." && len(name) <= maxEntryName && !strings.ContainsAny(name, `\:`) && text.CheckLine(name) == nil
}

// apart says that no two entries share a byte, nor one with the directory: that is how few bytes become many
// (Fifield, "A better zip bomb").
func (d *directory) apart(entries []*entry) error {
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b *entry) int { return cmp.Compare(a.start, b.start) })
	for i, e := range sorted {
		next := d.at
		if i+1 < len(sorted) {
			next = sorted[i+1].start
		}
		if e.end > next {
			return errEntry(e.Name, "overlaps what follows it")
		}
	}
	return nil
}

func bounded(entries []*entry, size int64) error {
	var unpacked int64
	for _, e := range entries {
		unpacked += int64(e.UncompressedSize64)
	}
	if unpacked > maxUnpacked {
		return apperr.Invalid("", "unpacks to more than 1 GiB")
	}
	if unpacked > smallEntry && unpacked > maxRatio*size {
		return apperr.Invalid("", "unpacks to more than a hundred times its size")
	}
	return nil
}

// byName leaves folders out and refuses names that some systems hold to be the same.
func byName(entries []*entry) (map[string]*entry, error) {
	out, seen := map[string]*entry{}, map[string]bool{}
	for _, e := range entries {
		folded := text.Fold(strings.TrimSuffix(e.Name, "/"))
		if seen[folded] {
			return nil, errEntry(e.Name, "is there twice")
		}
		seen[folded] = true
		if !strings.HasSuffix(e.Name, "/") {
			out[e.Name] = e
		}
	}
	return out, nil
}

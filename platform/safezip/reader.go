package safezip

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"lyceum/platform/text"
)

// Sizes of the fixed parts of a zip file (APPNOTE 6.3.10), in bytes.
const (
	endBytes     = 22
	locatorBytes = 20
	centralBytes = 46
	localBytes   = 30
)

// Bounds that do not depend on the use.
const (
	maxDirectoryBytes = 2 << 20
	maxNameBytes      = 255
)

// Flags of an entry.
const (
	flagsEncrypted      = 1<<0 | 1<<6 | 1<<13
	flagSizesAfterwards = 1 << 3 // the sizes and the checksum follow the data
)

// Entry is a file of an archive whose headers were checked. Its content is checked while it is
// read.
type Entry struct {
	file       *zip.File
	start, end int64
}

// Name returns the path of the entry: relative, with "/" between plain segments.
func (e *Entry) Name() string { return e.file.Name }

// Size returns the unpacked size in bytes, as the archive declares it.
func (e *Entry) Size() int64 { return int64(e.file.UncompressedSize64) }

// Open reads the directory of the zip file of size bytes and returns its files by their names.
// Folders are left out. It unpacks no content. It returns ErrFormat if the file is not a zip file,
// and an *Error if the archive or an entry breaks a rule of the package or exceeds the limits.
func Open(r io.ReaderAt, size int64, limits Limits) (map[string]*Entry, error) {
	d, err := findDirectory(r, size)
	if err != nil {
		return nil, err
	}
	if d.count > limits.Entries {
		return nil, &Error{Reason: fmt.Sprintf("has more than %d entries", limits.Entries)}
	}
	z, err := zip.NewReader(r, size)
	if err != nil || len(z.File) != d.count {
		return nil, ErrFormat
	}
	entries := make([]*Entry, len(z.File))
	var unpacked int64
	for i, f := range z.File {
		if entries[i], err = d.nextEntry(r, f, limits); err != nil {
			return nil, err
		}
		unpacked += entries[i].Size()
	}
	if err := d.checkApart(entries); err != nil {
		return nil, err
	}
	if err := limits.checkTotal(unpacked, size); err != nil {
		return nil, err
	}
	return indexByName(entries)
}

// directory is the part of the file that holds the headers of all entries. It must be the last
// thing before the end record: then no other reader finds another directory.
type directory struct {
	at, size int64
	count    int
	headers  []byte // those that nextEntry has not returned yet
}

// findDirectory reads the end record and the directory that it points to.
func findDirectory(r io.ReaderAt, size int64) (*directory, error) {
	tail := make([]byte, min(size, endBytes+locatorBytes+0xffff))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || len(tail)-at < endBytes {
		return nil, ErrFormat
	}
	end, le := tail[at:], binary.LittleEndian
	d := &directory{
		count: int(le.Uint16(end[10:])), size: int64(le.Uint32(end[12:])), at: int64(le.Uint32(end[16:])),
	}
	switch {
	case int(le.Uint16(end[20:])) != len(end)-endBytes, d.at+d.size != size-int64(len(end)):
		return nil, ErrFormat
	case le.Uint32(end[4:]) != 0, int(le.Uint16(end[8:])) != d.count:
		return nil, &Error{Reason: "an archive in several parts is not accepted"}
	case at >= locatorBytes && string(tail[at-locatorBytes:at-locatorBytes+4]) == "PK\x06\x07":
		return nil, &Error{Reason: "a zip64 directory is not accepted"}
	case d.size > maxDirectoryBytes:
		return nil, &Error{Reason: "the directory is too large"}
	}
	d.headers = make([]byte, d.size)
	_, err := r.ReadAt(d.headers, d.at)
	return d, err
}

// nextEntry takes the next header of the directory, which archive/zip has read as f, and compares
// it with the header before the data.
func (d *directory) nextEntry(r io.ReaderAt, f *zip.File, limits Limits) (*Entry, error) {
	le, h := binary.LittleEndian, d.headers
	if len(h) < centralBytes {
		return nil, ErrFormat
	}
	name, extra, comment := int(le.Uint16(h[28:])), int(le.Uint16(h[30:])), int(le.Uint16(h[32:]))
	if len(h) < centralBytes+name+extra+comment || string(h[centralBytes:centralBytes+name]) != f.Name {
		return nil, ErrFormat
	}
	d.headers = h[centralBytes+name+extra+comment:]
	if reason := checkHeader(f, limits); reason != "" {
		return nil, EntryError(f.Name, reason)
	}
	start := int64(le.Uint32(h[42:]))
	local := make([]byte, localBytes+name)
	if _, err := r.ReadAt(local, start); err != nil || string(local[:4]) != "PK\x03\x04" {
		return nil, EntryError(f.Name, "has no header where the directory says")
	}
	if !headersAgree(local, h[:centralBytes+name]) {
		return nil, EntryError(f.Name, "its two headers differ")
	}
	end := start + int64(localBytes+name+int(le.Uint16(local[28:]))) + int64(f.CompressedSize64)
	return &Entry{file: f, start: start, end: end}, nil
}

// headersAgree reports whether the header before the data says the same as the one in the
// directory: name, flags, method, checksum and sizes. The last two may follow the data instead.
func headersAgree(local, central []byte) bool {
	le := binary.LittleEndian
	if !bytes.Equal(local[localBytes:], central[centralBytes:]) || le.Uint16(local[26:]) != le.Uint16(central[28:]) ||
		!bytes.Equal(local[6:10], central[8:12]) {
		return false
	}
	if le.Uint16(local[6:])&flagSizesAfterwards != 0 {
		return true
	}
	// A packer that did not know the sizes in advance puts them into an extra field and ones in
	// their place.
	sizesAgree := bytes.Equal(local[18:26], central[20:28]) || le.Uint64(local[18:]) == 1<<64-1
	return bytes.Equal(local[14:18], central[16:20]) && sizesAgree
}

// checkHeader returns the reason why an entry is not accepted, or "".
func checkHeader(f *zip.File, limits Limits) string {
	isDir := strings.HasSuffix(f.Name, "/")
	switch {
	case !isPlainPath(strings.TrimSuffix(f.Name, "/")):
		return "is no plain relative path"
	case f.Flags&flagsEncrypted != 0:
		return "is encrypted"
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return "is packed by another method than deflate"
	case f.Mode().Type() != 0 && !(isDir && f.Mode().Type() == fs.ModeDir):
		return "is no regular file"
	case isDir && f.UncompressedSize64 != 0, f.Method == zip.Store && f.UncompressedSize64 != f.CompressedSize64:
		return "has sizes that can't be"
	}
	return limits.checkEntry(f.CompressedSize64, f.UncompressedSize64)
}

// isPlainPath reports whether a name is a relative path of plain segments on every system (ASVS
// 5.3.2).
func isPlainPath(name string) bool {
	return fs.ValidPath(name) && name != "." && len(name) <= maxNameBytes &&
		!strings.ContainsAny(name, `\:`) && text.CheckLine(name) == nil
}

// checkApart returns an error if two entries share a byte, or one shares a byte with the directory:
// that is how few bytes become many (David Fifield, "A better zip bomb", 2019).
func (d *directory) checkApart(entries []*Entry) error {
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b *Entry) int { return cmp.Compare(a.start, b.start) })
	for i, e := range sorted {
		next := d.at
		if i+1 < len(sorted) {
			next = sorted[i+1].start
		}
		if e.end > next {
			return EntryError(e.Name(), "overlaps what follows it")
		}
	}
	return nil
}

// indexByName returns the files by their names, without the folders. It returns an error if two
// names, folders included, are the same on a system that ignores case.
func indexByName(entries []*Entry) (map[string]*Entry, error) {
	out, seen := map[string]*Entry{}, map[string]bool{}
	for _, e := range entries {
		folded := text.FoldCase(strings.TrimSuffix(e.Name(), "/"))
		if seen[folded] {
			return nil, EntryError(e.Name(), "is there twice")
		}
		seen[folded] = true
		if !strings.HasSuffix(e.Name(), "/") {
			out[e.Name()] = e
		}
	}
	return out, nil
}

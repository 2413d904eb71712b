package safezip

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"errors"
	"hash"
	"hash/crc32"
	"io"
)

// Open returns the unpacked content. Reading returns an *Error, at the end or before, if the
// content has another size or checksum than declared or can't be unpacked. The caller closes it.
func (e *Entry) Open() (io.ReadCloser, error) {
	raw, err := e.file.OpenRaw()
	if err != nil {
		return nil, EntryError(e.Name(), "can't be read")
	}
	u := &unpacker{entry: e, raw: bufio.NewReader(raw), left: e.Size(), crc: crc32.NewIEEE()}
	u.r = io.NopCloser(u.raw)
	if e.file.Method == zip.Deflate {
		u.r = flate.NewReader(u.raw)
	}
	return u, nil
}

// ReadAll returns the content of an entry of at most limit bytes. It returns an *Error if the entry
// is larger or damaged.
func (e *Entry) ReadAll(limit int64) ([]byte, error) {
	if e.Size() > limit {
		return nil, EntryError(e.Name(), "is too large")
	}
	r, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(r)
}

// CheckContent reads the content to its end, keeps nothing of it, and returns an *Error if the
// entry is damaged.
func (e *Entry) CheckContent() error {
	r, err := e.Open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	_, err = io.Copy(io.Discard, r)
	return err
}

// unpacker reads the content of an entry and compares it with the declared size and checksum.
type unpacker struct {
	entry *Entry
	raw   *bufio.Reader
	r     io.ReadCloser
	left  int64
	crc   hash.Hash32
}

// Read implements io.Reader.
func (u *unpacker) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	u.left -= int64(n)
	_, _ = u.crc.Write(p[:n])
	var corrupt flate.CorruptInputError
	switch {
	case u.left < 0:
		return 0, EntryError(u.entry.Name(), "is longer than declared")
	case errors.As(err, &corrupt), errors.Is(err, io.ErrUnexpectedEOF):
		return 0, EntryError(u.entry.Name(), "can't be unpacked")
	case errors.Is(err, io.EOF):
		if reason := u.checkEnd(); reason != "" {
			return 0, EntryError(u.entry.Name(), reason)
		}
	}
	return n, err
}

// checkEnd returns the reason why the content that was read is not the declared one, or "".
func (u *unpacker) checkEnd() string {
	_, err := u.raw.ReadByte()
	switch {
	case u.left > 0:
		return "is shorter than declared"
	case err == nil:
		return "has something behind its end"
	case u.crc.Sum32() != u.entry.file.CRC32:
		return "has another checksum than declared"
	}
	return ""
}

// Close implements io.Closer.
func (u *unpacker) Close() error { return u.r.Close() }

package courses

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"errors"
	"hash"
	"hash/crc32"
	"io"
)

// open unpacks the content: 422 at its end, or before, when it is not what the headers declare.
func (e *entry) open() (io.ReadCloser, error) {
	raw, err := e.OpenRaw()
	if err != nil {
		return nil, errEntry(e.Name, "can't be read")
	}
	u := &unpacking{entry: e, raw: bufio.NewReader(raw), left: int64(e.UncompressedSize64), crc: crc32.NewIEEE()}
	u.r = io.NopCloser(u.raw)
	if e.Method == zip.Deflate {
		u.r = flate.NewReader(u.raw)
	}
	return u, nil
}

// unpacking is the content of an entry on its way.
type unpacking struct {
	*entry
	raw  *bufio.Reader
	r    io.ReadCloser
	left int64
	crc  hash.Hash32
}

// Read implements io.Reader.
func (u *unpacking) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	u.left -= int64(n)
	_, _ = u.crc.Write(p[:n])
	var corrupt flate.CorruptInputError
	switch {
	case u.left < 0:
		return 0, errEntry(u.Name, "is longer than declared")
	case errors.As(err, &corrupt), errors.Is(err, io.ErrUnexpectedEOF):
		return 0, errEntry(u.Name, "can't be unpacked")
	case errors.Is(err, io.EOF):
		if fault := u.fault(); fault != "" {
			return 0, errEntry(u.Name, fault)
		}
	}
	return n, err
}

func (u *unpacking) fault() string {
	_, err := u.raw.ReadByte()
	switch {
	case u.left > 0:
		return "is shorter than declared"
	case err == nil:
		return "has something behind its end"
	case u.crc.Sum32() != u.CRC32:
		return "has another checksum than declared"
	}
	return ""
}

// Close implements io.Closer.
func (u *unpacking) Close() error { return u.r.Close() }

// whole reads an entry of at most limit bytes.
func (e *entry) whole(limit uint64) ([]byte, error) {
	if e.UncompressedSize64 > limit {
		return nil, errEntry(e.Name, "is too large")
	}
	r, err := e.open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(r)
}

// drain reads a file that stays behind, so that a damaged archive is refused all the same.
func (e *entry) drain() error {
	r, err := e.open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	_, err = io.Copy(io.Discard, r)
	return err
}

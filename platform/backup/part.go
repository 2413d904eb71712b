package backup

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"

	"filippo.io/age"
	"github.com/klauspost/compress/gzip"
)

// encryptedSuffix ends the names of encrypted files.
const encryptedSuffix = ".age"

// bufferBytes is the size of the buffer before a file.
const bufferBytes = 256 << 10

// partWriter writes one file of a backup: what is written to it is compressed if asked for, encrypted for the
// recipients, and stored. Close returns what the manifest says of the file.
type partWriter struct {
	io.Writer
	file   *os.File
	buffer *bufio.Writer
	sum    hash.Hash
	bytes  int64
	name   string
	// layers are the writers over the file, the outermost last.
	layers []io.Closer
}

// createPart creates the file name, with slashes, in dir. It must not exist.
func createPart(dir, name string, recipients []age.Recipient, compress bool) (*partWriter, error) {
	if len(recipients) > 0 {
		name += encryptedSuffix
	}
	p := &partWriter{name: name, sum: sha256.New()}
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	var err error
	if p.file, err = os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err != nil {
		return nil, err
	}
	p.buffer = bufio.NewWriterSize(stored{p}, bufferBytes)
	p.Writer = p.buffer
	if len(recipients) > 0 {
		encrypted, err := age.Encrypt(p.Writer, recipients...)
		if err != nil {
			return nil, errors.Join(err, p.file.Close())
		}
		p.push(encrypted)
	}
	if compress {
		zipped, err := gzip.NewWriterLevel(p.Writer, gzip.BestSpeed)
		if err != nil {
			return nil, errors.Join(err, p.file.Close())
		}
		p.push(zipped)
	}
	return p, nil
}

// push puts a writer over those that are there.
func (p *partWriter) push(w io.WriteCloser) {
	p.Writer, p.layers = w, append(p.layers, w)
}

// stored is the file of a partWriter, which counts and sums what is written to it.
type stored struct{ p *partWriter }

// Write implements io.Writer.
func (s stored) Write(b []byte) (int, error) {
	n, err := s.p.file.Write(b)
	s.p.sum.Write(b[:n])
	s.p.bytes += int64(n)
	return n, err
}

// Close ends the file and waits until it is on the disk.
func (p *partWriter) Close() (Part, error) {
	for i := len(p.layers) - 1; i >= 0; i-- {
		if err := p.layers[i].Close(); err != nil {
			return Part{}, errors.Join(err, p.file.Close())
		}
	}
	if err := errors.Join(p.buffer.Flush(), p.file.Sync(), p.file.Close()); err != nil {
		return Part{}, err
	}
	return Part{File: p.name, Bytes: p.bytes, SHA256: hex.EncodeToString(p.sum.Sum(nil))}, nil
}

// abandon closes a file that is not needed any more because of an error.
func (p *partWriter) abandon() { _ = p.file.Close() }

// partReader reads one file of a backup: its content is what was written, decrypted and decompressed.
type partReader struct {
	io.Reader
	file *os.File
	sum  hash.Hash
	want Part
	raw  *countingReader
}

// countingReader counts what is read.
type countingReader struct {
	r io.Reader
	n int64
}

// Read implements io.Reader.
func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// openPart opens a file of the backup in dir. The name in the manifest must be the one that follows from what the file
// is: no path is taken from a backup.
func openPart(dir, name string, want Part, identities []age.Identity, compressed bool) (*partReader, error) {
	if len(identities) > 0 {
		name += encryptedSuffix
	}
	if want.File != name {
		return nil, fmt.Errorf("the manifest calls it %q", want.File)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	info, err := os.Lstat(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	if !info.Mode().IsRegular() || info.Size() != want.Bytes {
		return nil, fmt.Errorf("it has %d bytes, %d were written", info.Size(), want.Bytes)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	p := &partReader{file: file, sum: sha256.New(), want: want}
	p.raw = &countingReader{r: bufio.NewReaderSize(io.TeeReader(file, p.sum), bufferBytes)}
	p.Reader = p.raw
	if len(identities) > 0 {
		if p.Reader, err = age.Decrypt(p.Reader, identities...); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	if compressed {
		if p.Reader, err = gzip.NewReader(bufio.NewReader(p.Reader)); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	return p, nil
}

// verify reads what is left of the content and returns an error unless the file is as it was written.
func (p *partReader) verify() error {
	if _, err := io.Copy(io.Discard, p.Reader); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, p.raw); err != nil {
		return err
	}
	if hex.EncodeToString(p.sum.Sum(nil)) != p.want.SHA256 {
		return errors.New("its checksum is not the one that was written")
	}
	return nil
}

// close closes the file, of which nothing can be lost.
func (p *partReader) close() { _ = p.file.Close() }

// withoutPath returns the cause of an error about a file: the caller names the file.
func withoutPath(err error) error {
	var e *os.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// objectName returns the file of an object. The end of an id is random, so that the 256 folders fill evenly.
func objectName(id string) string { return path.Join("objects", id[34:], id) }

// tableName returns the file with the rows of a table, and keyName that of a key.
func tableName(table string) string { return "tables/" + table + ".ndjson.gz" }
func keyName(name string) string    { return "keys/" + name }

// objectsName is the file that lists the objects.
const objectsName = "objects.ndjson.gz"

package folder

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"lyceum/platform/blob"
)

// A file is: the content, the description as JSON, the length of the description in four bytes (big
// endian), and trailerMark. The description comes last because it has the checksum of the content.
const (
	trailerMark  = "LYCBLOB1"
	trailerFixed = 4 + len(trailerMark)
	maxTrailer   = 4096
)

// objectMeta is the description of an object.
type objectMeta struct {
	Size   int64  `json:"size"`
	Type   string `json:"type"`
	SHA256 string `json:"sha256"`
}

// encode returns the trailer of a file.
func (m objectMeta) encode() ([]byte, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(b)))
	return append(b, trailerMark...), nil
}

// object is an open object. Reading it returns the content without the description.
type object struct {
	*io.SectionReader
	file *os.File
	meta objectMeta
	// modified is the time at which the object was written.
	modified time.Time
}

// Close closes the file.
func (o *object) Close() error { return o.file.Close() }

// entityTag returns the first half of the checksum, without quotes.
func (o *object) entityTag() string { return o.meta.SHA256[:32] }

// openObject opens a file. It returns blob.ErrNotFound if there is none and blob.ErrDamaged if it
// has no sound description.
func openObject(path string) (*object, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, blob.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("blob: %w", err)
	}
	o := &object{file: file}
	if err := o.readTrailer(); err != nil {
		file.Close()
		return nil, fmt.Errorf("%w: %s: %w", blob.ErrDamaged, path, err)
	}
	return o, nil
}

// readTrailer reads the description. It returns an error if the file is cut, longer or not one of
// this package.
func (o *object) readTrailer() error {
	info, err := o.file.Stat()
	if err != nil {
		return err
	}
	end := info.Size() - int64(trailerFixed)
	var fixed [trailerFixed]byte
	if _, err := o.file.ReadAt(fixed[:], max(end, 0)); err != nil {
		return err
	}
	length := int64(binary.BigEndian.Uint32(fixed[:4]))
	if string(fixed[4:]) != trailerMark || length > maxTrailer || length > end {
		return errors.New("no description at its end")
	}
	b := make([]byte, length)
	if _, err := o.file.ReadAt(b, end-length); err != nil {
		return err
	}
	if err := json.Unmarshal(b, &o.meta); err != nil {
		return err
	}
	if o.meta.Size != end-length || len(o.meta.SHA256) != 64 {
		return errors.New("its description does not match its size")
	}
	o.SectionReader = io.NewSectionReader(o.file, 0, o.meta.Size)
	o.modified = info.ModTime()
	return nil
}

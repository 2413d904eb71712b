package folder

import (
	"lyceum/platform/atomicfile"
	"lyceum/platform/blob"

	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// upload is an object that is being written, and the rules that it must keep.
type upload struct {
	id, contentType string
	// size is the exact length of the content in bytes.
	size int64
	// sha256Hex is the checksum that the content must have. Empty accepts any.
	sha256Hex string
	// once refuses to replace another object.
	once bool
	// checkAllowed, if set, is called once the content is complete. If it returns an error, the
	// object does not appear.
	checkAllowed func() error
}

// Put implements blob.Store.
func (s *Store) Put(ctx context.Context, id string, r io.Reader, size int64, contentType string) error {
	if err := blob.CheckID(id); err != nil {
		return err
	}
	if size < 0 {
		return fmt.Errorf("blob: an object of %d bytes", size)
	}
	_, err := s.writeObject(ctx, r, upload{id: id, contentType: contentType, size: size})
	return err
}

// writeObject writes the content to a temporary file and renames it once it is complete and on the
// disk. It returns an error of blob, of r or of checkAllowed. After an error the object that was
// there is unchanged.
func (s *Store) writeObject(ctx context.Context, r io.Reader, in upload) (objectMeta, error) {
	tmp, err := s.createTempFile()
	if err != nil {
		return objectMeta{}, toStoreError(err)
	}
	defer func() {
		tmp.Close()
		os.Remove(tmp.Name()) // after the rename nothing has this name
	}()
	meta, err := writeContent(ctx, tmp, r, in)
	if err != nil {
		return objectMeta{}, toStoreError(err)
	}
	if in.checkAllowed != nil {
		if err := in.checkAllowed(); err != nil {
			return objectMeta{}, err
		}
	}
	return meta, toStoreError(s.publishObject(tmp, in, meta))
}

// writeContent writes the content and its description and waits until the disk has both. It returns
// blob.ErrMismatch for content of another size or checksum than announced.
func writeContent(ctx context.Context, tmp *os.File, r io.Reader, in upload) (objectMeta, error) {
	sum := sha256.New()
	n, err := copyContent(ctx, tmp, sum, io.LimitReader(r, in.size+1))
	if err != nil {
		return objectMeta{}, err
	}
	if n != in.size {
		return objectMeta{}, fmt.Errorf("%w: %d bytes were announced", blob.ErrMismatch, in.size)
	}
	meta := objectMeta{Size: n, Type: in.contentType, SHA256: hex.EncodeToString(sum.Sum(nil))}
	if in.sha256Hex != "" && !strings.EqualFold(in.sha256Hex, meta.SHA256) {
		return objectMeta{}, fmt.Errorf("%w: its SHA-256 is %s", blob.ErrMismatch, meta.SHA256)
	}
	trailer, err := meta.encode()
	if err != nil {
		return objectMeta{}, err
	}
	if _, err := tmp.Write(trailer); err != nil {
		return objectMeta{}, err
	}
	return meta, tmp.Sync()
}

// copyBuffers holds buffers of 128 KiB for uploads and downloads.
var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}

// copyContent copies r to w until ctx ends, and adds it to the checksum. It returns a
// *blob.SourceError for an error of r and the error of w as it is.
func copyContent(ctx context.Context, w io.Writer, sum hash.Hash, r io.Reader) (int64, error) {
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	var total int64
	for {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		n, readErr := r.Read(*buf)
		total += int64(n)
		sum.Write((*buf)[:n])
		if _, err := w.Write((*buf)[:n]); err != nil {
			return total, err
		}
		if readErr == io.EOF {
			return total, nil
		}
		if readErr != nil {
			return total, &blob.SourceError{Err: readErr}
		}
	}
}

// publishObject gives a finished file the name of its object. With once it returns blob.ErrExists
// if another object is there, and nil if the same content is: a client that lost the answer may
// repeat its upload.
func (s *Store) publishObject(tmp *os.File, in upload, meta objectMeta) error {
	lock := &s.commitLocks[in.id[35]%64]
	lock.Lock()
	defer lock.Unlock()
	path := s.objectPath(in.id)
	if in.once {
		switch old, err := openObject(path); {
		case err == nil:
			old.Close()
			if old.meta == meta {
				return nil
			}
			return blob.ErrExists
		case !errors.Is(err, blob.ErrNotFound) && !errors.Is(err, blob.ErrDamaged):
			return err
		}
	}
	if err := s.createShard(filepath.Dir(path)); err != nil {
		return err
	}
	return atomicfile.RenameSynced(tmp.Name(), path)
}

// createShard creates the directory of objects with the same last digits if it is missing.
func (s *Store) createShard(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return atomicfile.SyncDir(s.objectDir)
}

// createTempFile returns a new temporary file that no other process removes while it is open.
// Another process may remove it between its creation and its lock: then createTempFile creates
// another.
func (s *Store) createTempFile() (*os.File, error) {
	for {
		path := filepath.Join(s.tempDir, rand.Text())
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err := lockFile(file); err != nil {
			file.Close()
			os.Remove(path)
			return nil, err
		}
		if isSameFile(file, path) {
			return file, nil
		}
		file.Close()
	}
}

// isSameFile reports whether path is still the name of an open file.
func isSameFile(file *os.File, path string) bool {
	a, errA := file.Stat()
	b, errB := os.Stat(path)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// toStoreError returns blob.ErrFull for an error of a full disk or a used-up quota, and any other
// error unchanged.
func toStoreError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("%w: %w", blob.ErrFull, err)
	}
	return err
}

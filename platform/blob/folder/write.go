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

// incoming is an object on its way into the folder.
type incoming struct {
	id, contentType string
	size            int64
	// sha256Hex is what the content must have; empty accepts any.
	sha256Hex string
	once      bool
	// allowed, where set, is asked before the object appears.
	allowed func() error
}

// Put implements Store.
func (f *Store) Put(ctx context.Context, id string, r io.Reader, size int64, contentType string) error {
	if err := blob.CheckID(id); err != nil {
		return err
	}
	if size < 0 {
		return fmt.Errorf("blob: an object of %d bytes", size)
	}
	_, err := f.write(ctx, r, incoming{id: id, contentType: contentType, size: size})
	return err
}

// write takes the content into a temporary file and, once it is whole and on the disk, gives it
// its name. Whatever goes wrong before, the name keeps what it had.
func (f *Store) write(ctx context.Context, r io.Reader, in incoming) (objectMeta, error) {
	tmp, err := f.newTemp()
	if err != nil {
		return objectMeta{}, diskError(err)
	}
	defer func() {
		tmp.Close()
		os.Remove(tmp.Name()) // after the rename there is nothing under this name
	}()
	meta, err := fill(ctx, tmp, r, in)
	if err != nil {
		return objectMeta{}, diskError(err)
	}
	if in.allowed != nil {
		if err := in.allowed(); err != nil {
			return objectMeta{}, err
		}
	}
	return meta, diskError(f.publish(tmp, in, meta))
}

// fill writes content and description, and waits until the disk has both.
func fill(ctx context.Context, tmp *os.File, r io.Reader, in incoming) (objectMeta, error) {
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

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 128<<10); return &b }}

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

// publish gives the finished file its name. With once, an object of other content stays.
func (f *Store) publish(tmp *os.File, in incoming, meta objectMeta) error {
	lock := &f.commit[in.id[35]%64]
	lock.Lock()
	defer lock.Unlock()
	path := f.path(in.id)
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
	if err := f.makeShard(filepath.Dir(path)); err != nil {
		return err
	}
	return atomicfile.Rename(tmp.Name(), path)
}

func (f *Store) makeShard(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return atomicfile.SyncDir(f.objects)
}

// newTemp makes a file that sweep of another process leaves alone while it is open. A sweep may
// come between making and locking it: then it has lost its name and another is made.
func (f *Store) newTemp() (*os.File, error) {
	for {
		path := filepath.Join(f.tmp, rand.Text())
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err := lockFile(file); err != nil {
			file.Close()
			os.Remove(path)
			return nil, err
		}
		if sameFile(file, path) {
			return file, nil
		}
		file.Close()
	}
}

func sameFile(file *os.File, path string) bool {
	a, errA := file.Stat()
	b, errB := os.Stat(path)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// diskError marks the errors of a full disk, so that callers can say so.
func diskError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("%w: %w", blob.ErrFull, err)
	}
	return err
}

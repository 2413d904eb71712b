// Package tempfile gives files to what is too large for memory and needed no longer than one request.
//
// A file loses its name as soon as it is open, so that its space is free again however its process
// ends. Where a system keeps the names of open files, Close removes it, and Open what a killed
// process left.
package tempfile

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"lyceum/platform/private"
)

// Dir is a directory for such files.
type Dir struct{ path string }

// Open makes the directory when it is missing and removes what is in it. Other processes may have it
// open: their files have no name any more, or can't be removed.
func Open(path string) (*Dir, error) {
	if err := private.Dir(path); err != nil {
		return nil, fmt.Errorf("temporary file: %w", err)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("temporary file: %w", err)
	}
	for _, e := range entries {
		_ = os.Remove(filepath.Join(path, e.Name()))
	}
	return &Dir{path}, nil
}

// File is empty at first; nobody else can open it.
type File struct{ *os.File }

// File makes a file, which the caller closes. A full disk is an error that wraps syscall.ENOSPC.
func (d *Dir) File() (*File, error) {
	f, err := os.OpenFile(filepath.Join(d.path, rand.Text()), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("temporary file: %w", err)
	}
	_ = os.Remove(f.Name())
	return &File{f}, nil
}

// Close gives the space back.
func (f *File) Close() error {
	err := f.File.Close()
	_ = os.Remove(f.Name())
	return err
}

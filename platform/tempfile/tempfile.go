// Package tempfile makes temporary files for data that is too large for memory and needed for one
// request.
//
// A file loses its name as soon as it is open, so the system frees its space however the process
// ends. On systems that keep the names of open files, Close removes the file, and Open removes what
// a killed process left.
package tempfile

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"lyceum/platform/private"
)

// Dir is a directory for temporary files. It is safe for concurrent use.
type Dir struct{ path string }

// Open creates the directory if it is missing and removes everything in it. Another process may
// have the directory open: its files have no name any more, or can't be removed. Open returns an
// error if the directory can't be created or read.
func Open(path string) (*Dir, error) {
	if err := private.CreateDir(path); err != nil {
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

// File is a temporary file. No other process can open it.
type File struct{ *os.File }

// CreateFile returns a new empty file. The caller closes it. Writing to it returns an error that
// wraps syscall.ENOSPC if the disk is full.
func (d *Dir) CreateFile() (*File, error) {
	f, err := os.OpenFile(filepath.Join(d.path, rand.Text()), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("temporary file: %w", err)
	}
	_ = os.Remove(f.Name())
	return &File{f}, nil
}

// Close closes the file and frees its space.
func (f *File) Close() error {
	err := f.File.Close()
	_ = os.Remove(f.Name())
	return err
}

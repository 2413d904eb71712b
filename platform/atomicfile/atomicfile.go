// Package atomicfile writes files that are there whole or not at all, whenever the process or the
// machine stops.
//
// A write has four steps, and no other order is safe:
//
//	write a temporary file in the same folder
//	fsync it             else the new name may lead to an empty file after a power cut
//	rename it            atomic: readers see the old content or the new one
//	fsync the folder     else the old name may come back after a power cut
//
// A process that is killed may leave a temporary file behind. Its name begins with a dot and ends
// with TempSuffix, so that the owner of the folder can remove it at the next start.
package atomicfile

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// TempSuffix ends the name of every temporary file of Write.
const TempSuffix = ".tmp"

// fileMode lets only the user of the process read and write a file.
const fileMode = 0o600

// Option changes how Write writes a file.
type Option func(*options)

type options struct{ modified time.Time }

// WithModTime sets the modification time of the file. The default is the time of writing.
func WithModTime(t time.Time) Option { return func(o *options) { o.modified = t } }

// Write writes content to the file at path with mode 0600, in place of a file that is there. If it
// returns an error, the old file is unchanged, or the new one is in place but may be lost in a
// power cut. No temporary file is left behind. The folder must exist.
func Write(path string, content []byte, opts ...Option) error {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text()+TempSuffix)
	if err := o.writeSynced(temp, content); err != nil {
		return errors.Join(err, removeTemp(temp))
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(err, removeTemp(temp))
	}
	return SyncDir(filepath.Dir(path))
}

// writeSynced writes a new file and waits until the disk has it.
func (o options) writeSynced(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil && !o.modified.IsZero() {
		err = os.Chtimes(path, o.modified, o.modified)
	}
	return err
}

// removeTemp removes a temporary file. A missing one is no error.
func removeTemp(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// RenameSynced gives a file that is written and synced its final name, in place of a file that is
// there, and waits until the disk has the name. Both paths are on one file system. It is for files
// that are too large for Write.
func RenameSynced(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(to))
}

// SyncDir waits until the disk has the names in a folder: those created, renamed and removed.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

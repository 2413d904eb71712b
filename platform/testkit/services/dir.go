package services

import (
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// dirPrefix marks the temporary directories of tests.
const dirPrefix = "lyceum-test-"

// Dir is a temporary directory that its owner holds locked, so that others can tell it from one
// that a killed test left behind.
type Dir struct {
	Path string
	lock *os.File
}

// NewDir makes a directory that servers running as another user can enter, and removes those of
// test processes that are gone.
func NewDir() (*Dir, error) {
	sweep()
	path, err := os.MkdirTemp("", dirPrefix)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o755); err != nil {
		return nil, err
	}
	lock, err := lock(filepath.Join(path, "lock"), 0)
	if err != nil {
		return nil, err
	}
	return &Dir{Path: path, lock: lock}, nil
}

// Remove deletes the directory with all that is in it.
func (d *Dir) Remove() {
	os.RemoveAll(d.Path)
	d.lock.Close()
}

func sweep() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), dirPrefix+"*"))
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < time.Minute {
			continue // it may have been made this moment and not be locked yet
		}
		if held, err := lock(filepath.Join(dir, "lock"), syscall.LOCK_NB); err == nil {
			os.RemoveAll(dir)
			held.Close()
		}
	}
}

// lock takes the file's lock, waiting for it unless flags has LOCK_NB. Closing it, or the end of
// the process, lets go.
func lock(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|flags); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

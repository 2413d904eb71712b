package services

import (
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// dirPrefix marks the temporary directories of tests.
const dirPrefix = "lyceum-test-"

// Dir is a temporary directory of servers. Its owner holds a lock on it. That of a killed test is
// unlocked, so that others can remove it.
type Dir struct {
	Path string
	lock *os.File
}

// NewDir makes a directory that servers of another user can enter, and removes the directories of
// test processes that have ended without Remove.
func NewDir() (*Dir, error) {
	removeDeadDirs()
	path, err := os.MkdirTemp("", dirPrefix)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o755); err != nil {
		return nil, err
	}
	lock, err := lockFile(filepath.Join(path, "lock"), 0)
	if err != nil {
		return nil, err
	}
	return &Dir{Path: path, lock: lock}, nil
}

// Remove deletes the directory with its content and releases its lock.
func (d *Dir) Remove() {
	os.RemoveAll(d.Path)
	d.lock.Close()
}

// removeDeadDirs removes unlocked directories that are older than a minute.
func removeDeadDirs() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), dirPrefix+"*"))
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < time.Minute {
			continue // it may have been made just now and not be locked yet
		}
		if held, err := lockFile(filepath.Join(dir, "lock"), syscall.LOCK_NB); err == nil {
			os.RemoveAll(dir)
			held.Close()
		}
	}
}

// lockFile makes a file and locks it. It waits for the lock unless flags has LOCK_NB, which makes it
// return an error. The lock ends when the file is closed or the process ends.
func lockFile(path string, flags int) (*os.File, error) {
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

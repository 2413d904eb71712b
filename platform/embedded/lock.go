package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// Lock reserves DATA_DIR for one server. The operating system releases it when the process ends, also
// after a crash or a kill, so no stale lock can keep a server from starting.
type Lock struct{ file *flock.Flock }

// LockDir creates dir if it is missing and locks it. It returns an error that names the process
// that has the lock.
func LockDir(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	}
	path := filepath.Join(dir, "lyceum.lock")
	l := flock.New(path)
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	}
	// The file of the lock itself must stay untouched: some systems forbid reading locked files.
	pidFile := filepath.Join(dir, "lyceum.pid")
	if !ok {
		pid, _ := os.ReadFile(pidFile)
		return nil, fmt.Errorf("DATA_DIR %s is in use by process %s", dir, strings.TrimSpace(string(pid)))
	}
	return &Lock{l}, os.WriteFile(pidFile, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600)
}

// Unlock releases the lock. The file stays: removing it would let two servers lock two files of one
// name.
func (l *Lock) Unlock() { _ = l.file.Close() }

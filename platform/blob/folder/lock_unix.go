//go:build unix

package folder

import (
	"os"
	"syscall"
)

// lockFile locks a file until it is closed. The kernel releases the lock when the process dies.
func lockFile(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// isAbandoned reports whether no living process has locked a temporary file.
func isAbandoned(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

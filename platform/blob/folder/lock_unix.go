//go:build unix

package folder

import (
	"os"
	"syscall"
)

// lockFile holds file for as long as it is open; the kernel lets go when the process dies.
func lockFile(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// abandoned is true for a temporary file that no living process holds.
func abandoned(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

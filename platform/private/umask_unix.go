//go:build unix

package private

import "syscall"

// SetPrivateUmask makes every file and folder that the process creates from now on private, those
// of libraries included.
func SetPrivateUmask() { syscall.Umask(0o077) }

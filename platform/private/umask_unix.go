//go:build unix

package private

import "syscall"

// ByDefault makes every file and folder that the process creates from now on private, those of
// libraries included.
func ByDefault() { syscall.Umask(0o077) }

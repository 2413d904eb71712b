//go:build !unix

package folder

import (
	"os"
	"time"
)

// lockFile does nothing here: abandoned goes by age instead.
func lockFile(*os.File) error { return nil }

// abandoned is true for a temporary file that nothing was written to for longer than an upload
// may pause (stall).
func abandoned(path string) bool {
	info, err := os.Stat(path)
	return err == nil && time.Since(info.ModTime()) > 4*stall
}

//go:build !unix

package folder

import (
	"os"
	"time"
)

// lockFile does nothing on this system: isAbandoned goes by the age of a file instead.
func lockFile(*os.File) error { return nil }

// isAbandoned reports whether nothing was written to a temporary file for longer than an upload may
// pause.
func isAbandoned(path string) bool {
	info, err := os.Stat(path)
	return err == nil && time.Since(info.ModTime()) > 4*stallTimeout
}

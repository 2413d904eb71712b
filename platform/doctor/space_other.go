//go:build !linux && !darwin && !freebsd

package doctor

import "errors"

// freeSpace returns an error, as this system is not asked.
func freeSpace(string) (int64, error) { return 0, errors.ErrUnsupported }

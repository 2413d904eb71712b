package safezip

import (
	"fmt"
	"strconv"
)

// Limits are what an archive may cost. A zero value forbids every archive that holds something, so
// set all of them.
type Limits struct {
	// Entries is the greatest number of entries, folders included.
	Entries int
	// PackedBytes is the greatest packed size of one entry.
	PackedBytes int64
	// UnpackedBytes is the greatest unpacked size of one entry, and of all entries together.
	UnpackedBytes int64
	// Ratio is how many times larger than its packed form an entry may be, and all entries together
	// than the archive. It does not apply to what unpacks to RatioFromBytes or less.
	Ratio          int64
	RatioFromBytes int64
}

// checkEntry returns the reason why an entry of these sizes is too large, or "".
func (l Limits) checkEntry(packed, unpacked uint64) string {
	switch {
	case unpacked > uint64(l.UnpackedBytes) || packed > uint64(l.PackedBytes):
		return "is too large"
	case unpacked > uint64(l.RatioFromBytes) && unpacked > uint64(l.Ratio)*packed:
		return l.ratioReason()
	}
	return ""
}

// checkTotal returns an error if entries of this size together are too large for an archive of size
// bytes.
func (l Limits) checkTotal(unpacked, size int64) error {
	switch {
	case unpacked > l.UnpackedBytes:
		return &Error{Reason: "unpacks to more than " + formatBytes(l.UnpackedBytes)}
	case unpacked > l.RatioFromBytes && unpacked > l.Ratio*size:
		return &Error{Reason: l.ratioReason()}
	}
	return nil
}

func (l Limits) ratioReason() string {
	return fmt.Sprintf("unpacks to more than %d times its size", l.Ratio)
}

// formatBytes returns a number of bytes in the largest binary unit that divides it.
func formatBytes(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= unit.size && n%unit.size == 0 {
			return strconv.FormatInt(n/unit.size, 10) + " " + unit.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

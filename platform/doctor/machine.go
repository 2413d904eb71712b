package doctor

import (
	"context"
	"fmt"

	"lyceum/platform/listener"
)

// Bounds of what a machine should have left.
const (
	// fewConnections is what a class of some hundred people takes.
	fewConnections = 2000
	// lowSpace is when a disk should be enlarged, and noSpace when writes are about to fail.
	lowSpace = 1 << 30
	noSpace  = 64 << 20
)

// checkMachine looks at file descriptors and at the disk.
func (x *examination) checkMachine(context.Context) {
	if n := listener.MaxConnections(); n < fewConnections {
		x.warn("descriptors", fmt.Sprintf("a server may open %d connections at once", n),
			"raise the limit of open files to 65536: LimitNOFILE in systemd, ulimit -n in a shell")
	} else {
		x.ok("descriptors", "enough for %d connections at once", min(n, 1<<20))
	}
	if x.Config.HasEmbeddedDatabase() || x.Config.S3.Endpoint == "" {
		x.checkDisk(x.Config.DataDir)
	}
}

// checkDisk looks at the space for the data of embedded parts.
func (x *examination) checkDisk(dir string) {
	free, err := freeSpace(dir)
	if err != nil {
		return // the folder is not there yet, or the system does not tell
	}
	const advice = "make room, or move DATA_DIR to a larger disk"
	found := fmt.Sprintf("%d MiB are free for %s", free>>20, dir)
	switch {
	case free < noSpace:
		x.fail("disk", found, advice)
	case free < lowSpace:
		x.warn("disk", found, advice)
	default:
		x.ok("disk", "%s", found)
	}
}

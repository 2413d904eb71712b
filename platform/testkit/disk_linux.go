package testkit

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Disk is a file system of its own that a test can fill.
type Disk struct {
	// Dir is where it is mounted.
	Dir string

	t testing.TB
}

// NewDisk mounts a file system of a size such as "64m" until the end of the test. That needs root.
func NewDisk(t testing.TB, size string) *Disk {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Fatalf("mounting a file system needs root: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return &Disk{Dir: dir, t: t}
}

// ballast is the file that fills the disk.
func (d *Disk) ballast() string { return filepath.Join(d.Dir, "ballast") }

// Fill leaves no room, until Free.
func (d *Disk) Fill() {
	d.t.Helper()
	f, err := os.Create(d.ballast())
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	size := int64(0)
	for piece := int64(1 << 20); piece >= 4096; {
		err := syscall.Fallocate(int(f.Fd()), 0, size, piece)
		switch {
		case err == nil:
			size += piece
		case errors.Is(err, syscall.ENOSPC):
			piece /= 2
		default:
			d.t.Fatal(err)
		}
	}
}

// Free makes room at once. Removing the file alone would not: a process that another test starts holds every open file
// until it runs its own program, and with the file its room.
func (d *Disk) Free() {
	d.t.Helper()
	if err := errors.Join(os.Truncate(d.ballast(), 0), os.Remove(d.ballast())); err != nil {
		d.t.Fatal(err)
	}
}

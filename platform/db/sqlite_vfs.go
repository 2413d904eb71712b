package db

import (
	"errors"
	"syscall"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// vfsName names the file system that SQLite works on; see fullVFS.
const vfsName = "lyceum"

func init() { vfs.Register(vfsName, fullVFS{vfs.Find("")}) }

// fullVFS is the operating system's files, but a write that finds no room fails with SQLITE_FULL. The library compares
// the system's error without unwrapping it, so SQLite would call a full disk an input/output error like any other,
// and forgets its cause when it gives its locks back.
type fullVFS struct{ vfs.VFS }

// Open implements vfs.VFS.
func (v fullVFS) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := vfsutil.WrapOpen(v.VFS, name, flags)
	return wrapFile(f), flags, fullError(err)
}

// OpenFilename implements vfs.VFSFilename.
func (v fullVFS) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := vfsutil.WrapOpenFilename(v.VFS, name, flags)
	return wrapFile(f), flags, fullError(err)
}

// osFile is all that the operating system's files can do for SQLite.
type osFile interface {
	vfs.FileHasMoved
	vfs.FileLockState
	vfs.FilePersistWAL
	vfs.FilePowersafeOverwrite
	vfs.FileSharedMemory
	vfs.FileSizeHint
}

// fullFile is a file of fullVFS.
type fullFile struct{ osFile }

// wrapFile returns f with errors of a full disk told apart, if f is a file of the operating system.
func wrapFile(f vfs.File) vfs.File {
	if f, ok := f.(osFile); ok {
		return fullFile{f}
	}
	return f
}

// WriteAt implements vfs.File and names a full disk.
func (f fullFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.osFile.WriteAt(p, off)
	return n, fullError(err)
}

// Truncate implements vfs.File and names a full disk.
func (f fullFile) Truncate(size int64) error { return fullError(f.osFile.Truncate(size)) }

// Sync implements vfs.File and names a full disk.
func (f fullFile) Sync(flags vfs.SyncFlag) error { return fullError(f.osFile.Sync(flags)) }

// SizeHint implements vfs.FileSizeHint and names a full disk.
func (f fullFile) SizeHint(size int64) error { return fullError(f.osFile.SizeHint(size)) }

// Unwrap implements vfs.FileUnwrap.
func (f fullFile) Unwrap() vfs.File { return f.osFile }

// fullError returns err as SQLITE_FULL if it says that there is no room.
func fullError(err error) error {
	if isNoRoom(err) {
		return vfs.SystemError(err, sqlite3.FULL)
	}
	return err
}

// isNoRoom reports whether a file can't grow: the disk, the user's quota or the process's limit is reached.
func isNoRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// Package private makes files and directories that the other users of the machine can't read. It
// only takes rights away and never adds one.
package private

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
)

// Modes of directories and files for the user of the server alone.
const (
	dirMode  = 0o700
	fileMode = 0o600
)

// CreateDir creates a directory that only the user of the server may enter, and its parents. It
// takes the rights of others from a directory that exists. It is for a name that the server has
// chosen; see CreateNamedDir.
func CreateDir(path string) error {
	if err := os.MkdirAll(path, dirMode); err != nil {
		return err
	}
	return removeRights(path, dirMode)
}

// CreateNamedDir is CreateDir for a directory that the operator has named. It takes the rights of
// others from one that exists only if every entry belongs to the server: if its name matches a
// pattern of own (filepath.Match). A directory that others use, such as the root of the system,
// stays open to them.
func CreateNamedDir(path string, own ...string) error {
	if err := os.MkdirAll(path, dirMode); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode()&os.ModeSticky != 0 || filepath.Dir(filepath.Clean(path)) == filepath.Clean(path) {
		return err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !isOwn(e.Name(), own) {
			return nil
		}
	}
	return removeRights(path, dirMode)
}

// isOwn reports whether a name matches one of the patterns.
func isOwn(name string, own []string) bool {
	return slices.ContainsFunc(own, func(pattern string) bool {
		match, err := filepath.Match(pattern, name)
		return err == nil && match
	})
}

// CreateFile creates an empty file that only the user of the server may read. A file that exists
// keeps its content and loses the rights of others. The directory must exist.
func CreateFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), removeRights(path, fileMode))
}

// TightenFiles takes the rights of others from files. It ignores files that are missing.
func TightenFiles(paths ...string) error {
	for _, path := range paths {
		if err := removeRights(path, fileMode); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// removeRights takes the rights beyond mode from a path. If the server may not change them, because
// the path belongs to another user, it logs a warning and returns nil: the operator has decided who
// may read it.
func removeRights(path string, mode fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&^mode == 0 {
		return nil
	}
	err = os.Chmod(path, info.Mode().Perm()&mode)
	if errors.Is(err, fs.ErrPermission) {
		slog.Warn("other users can read a path of the server, whose mode the server may not change",
			"path", filepath.Clean(path), "mode", info.Mode().Perm().String())
		return nil
	}
	return err
}

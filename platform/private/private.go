// Package private keeps what the server writes from the other users of the machine.
package private

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
)

// Modes of what only the server's own user may see.
const (
	dirMode  = 0o700
	fileMode = 0o600
)

// Dir makes a folder that only the server's user may enter, for a name that the server itself has chosen. One that is there
// already loses the rights of others.
func Dir(path string) error {
	if err := os.MkdirAll(path, dirMode); err != nil {
		return err
	}
	return tighten(path, dirMode)
}

// DirOf is Dir for a folder that the operator has named. One that is there already loses the rights of others only when all
// that it holds is the server's, as names that match one of own (path.Match) are: a folder that others use as well, such as
// the root of the system, must stay open to them.
func DirOf(path string, own ...string) error {
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
	return tighten(path, dirMode)
}

func isOwn(name string, own []string) bool {
	return slices.ContainsFunc(own, func(pattern string) bool {
		match, err := filepath.Match(pattern, name)
		return err == nil && match
	})
}

// File makes an empty file that only the server's user may read, in a folder that exists. One that is there already loses
// the rights of others and keeps its content.
func File(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), tighten(path, fileMode))
}

// Existing takes the rights of others from those of the files that exist.
func Existing(paths ...string) error {
	for _, path := range paths {
		if err := tighten(path, fileMode); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// tighten takes the rights of others away. Where the server may not, as in a folder that belongs to somebody else, it says
// so and goes on: the operator has decided who may see it.
func tighten(path string, mode fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&^mode == 0 {
		return nil
	}
	err = os.Chmod(path, info.Mode().Perm()&mode)
	if errors.Is(err, fs.ErrPermission) {
		slog.Warn("others may see what the server keeps, and it can't change that", "path", filepath.Clean(path), "mode", info.Mode().Perm().String())
		return nil
	}
	return err
}

package backup

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"lyceum/platform/atomicfile"
)

// abandonedAfter is the age from which an unfinished backup counts as one whose process was killed. A writer
// tells all the time that it goes on.
const abandonedAfter = 24 * time.Hour

// RemoveOld removes the oldest backups of the same installation beside the one in dir, so that keep stay with it. It
// returns the folders that it has removed. Whatever else is there stays, and so does the backup in dir, whatever the
// clock said when the others were made.
func RemoveOld(dir string, keep int) (removed []string, err error) {
	own, err := readManifest(dir)
	if err != nil {
		return nil, err
	}
	siblings, err := listDirs(filepath.Dir(dir))
	if err != nil {
		return nil, err
	}
	type found struct {
		dir       string
		createdAt time.Time
	}
	var others []found
	for _, sibling := range siblings {
		m, err := readManifest(sibling)
		if err == nil && m.KeyID == own.KeyID && sibling != filepath.Clean(dir) {
			others = append(others, found{sibling, m.CreatedAt})
		}
	}
	slices.SortFunc(others, func(a, b found) int { return b.createdAt.Compare(a.createdAt) })
	for _, old := range others[min(keep-1, len(others)):] {
		if err := removeBackup(old.dir); err != nil {
			return removed, err
		}
		removed = append(removed, old.dir)
	}
	return removed, nil
}

// RemoveAbandoned removes the unfinished backups in a folder that nobody writes any more, and returns their folders.
func RemoveAbandoned(parent string) (removed []string, err error) {
	dirs, err := listDirs(parent)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for _, dir := range dirs {
		if !isAbandoned(dir) {
			continue
		}
		if err := os.RemoveAll(dir); err != nil {
			return removed, err
		}
		removed = append(removed, dir)
	}
	return removed, err
}

// listDirs returns the folders in a folder.
func listDirs(parent string) (dirs []string, err error) {
	entries, err := os.ReadDir(parent)
	for _, e := range entries {
		if e.IsDir() {
			dirs = append(dirs, filepath.Join(parent, e.Name()))
		}
	}
	return dirs, err
}

// removeBackup removes a backup. If the process is killed meanwhile, what is left is an abandoned one.
func removeBackup(dir string) error {
	abandoned := atomicfile.WithModTime(time.Now().Add(-2 * abandonedAfter))
	if err := atomicfile.Write(filepath.Join(dir, unfinishedFile), []byte(programName+"\n"), abandoned); err != nil {
		return err
	}
	// The manifest first: a folder that is removed half is no backup.
	if err := os.Remove(filepath.Join(dir, manifestFile)); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// isAbandoned reports whether a folder has an unfinished backup that nobody writes any more.
func isAbandoned(dir string) bool {
	if _, err := os.Lstat(filepath.Join(dir, manifestFile)); err == nil {
		return false
	}
	info, err := os.Lstat(filepath.Join(dir, unfinishedFile))
	return err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > abandonedAfter
}

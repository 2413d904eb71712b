package backup

import (
	"os"
	"path/filepath"
	"slices"
	"time"
)

// abandonedAfter is the age from which an unfinished backup counts as one whose process was killed.
const abandonedAfter = 24 * time.Hour

// RemoveOld removes backups from a folder that has one folder for each: the newest keep stay, and of the unfinished ones
// those that may still be written. It returns the folders that it has removed. Whatever else is there stays.
func RemoveOld(parent string, keep int) (removed []string, err error) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return nil, err
	}
	type found struct {
		dir       string
		createdAt time.Time
	}
	var all []found
	for _, e := range entries {
		dir := filepath.Join(parent, e.Name())
		if !e.IsDir() {
			continue
		}
		if m, err := readManifest(dir); err == nil {
			all = append(all, found{dir, m.CreatedAt})
		} else if isAbandoned(dir) {
			if err := os.RemoveAll(dir); err != nil {
				return removed, err
			}
			removed = append(removed, dir)
		}
	}
	slices.SortFunc(all, func(a, b found) int { return b.createdAt.Compare(a.createdAt) })
	for _, old := range all[min(keep, len(all)):] {
		// The manifest first: a folder that is removed half is no backup.
		if err := os.Remove(filepath.Join(old.dir, manifestFile)); err != nil {
			return removed, err
		}
		if err := os.RemoveAll(old.dir); err != nil {
			return removed, err
		}
		removed = append(removed, old.dir)
	}
	return removed, nil
}

// isAbandoned reports whether a folder has an unfinished backup that nobody writes any more.
func isAbandoned(dir string) bool {
	info, err := os.Lstat(filepath.Join(dir, unfinishedFile))
	return err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > abandonedAfter
}

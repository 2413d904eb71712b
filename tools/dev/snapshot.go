package main

import (
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// watched are the endings of files that a build depends on.
var watched = map[string]bool{
	".go": true, ".mod": true, ".sql": true, ".html": true, ".js": true, ".css": true, ".tmpl": true, ".txt": true, ".svg": true,
}

// snapshot has the files of the sources and when each was last written.
type snapshot map[string]time.Time

// takeSnapshot returns the files below root that a build depends on. Tests, hidden folders, data and packages of npm
// are none of them. A file that vanishes meanwhile is left out.
func takeSnapshot(root string) snapshot {
	s := snapshot{}
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // the folder was removed meanwhile; the next snapshot lacks it
		}
		if d.IsDir() {
			hidden := strings.HasPrefix(d.Name(), ".") && path != root
			if hidden || d.Name() == "node_modules" || d.Name() == "testdata" || path == filepath.Join(root, "data") {
				return fs.SkipDir
			}
			return nil
		}
		if !watched[filepath.Ext(path)] || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		if info, err := d.Info(); err == nil {
			s[path] = info.ModTime()
		}
		return nil
	})
	return s
}

// firstChange returns the first file, by name, that differs in a later snapshot, or "" if none does.
func (s snapshot) firstChange(later snapshot) string {
	for _, file := range slices.Sorted(maps.Keys(later)) {
		if at, known := s[file]; !known || !at.Equal(later[file]) {
			return file
		}
	}
	for _, file := range slices.Sorted(maps.Keys(s)) {
		if _, stays := later[file]; !stays {
			return file
		}
	}
	return ""
}

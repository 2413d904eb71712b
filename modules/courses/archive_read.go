package courses

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"lyceum/platform/apperr"
	"lyceum/platform/httpx/strictjson"
)

// Bounds that the schema of a JSON body keeps elsewhere.
const (
	maxDuration  = 1_000_000
	maxAfterDays = 36_500
)

const manifestAt = manifestName

func invalidManifest(where, message string) error {
	return apperr.Invalid(manifestAt+where, message)
}

// readManifest reads course.json and holds it to the rules of the API and to the entries that are there.
func readManifest(entries map[string]*entry) (*manifest, error) {
	e := entries[manifestName]
	if e == nil {
		return nil, apperr.Invalid("", "there is no "+manifestName)
	}
	raw, err := e.whole(maxManifest)
	if err != nil {
		return nil, err
	}
	m := &manifest{}
	if err := strictjson.Decode(manifestAt, raw, m); err != nil {
		return nil, err
	}
	if m.Format != archiveFormat || m.Version != archiveVersion {
		return nil, invalidManifest(".format", fmt.Sprintf("must be %s of version %d", archiveFormat, archiveVersion))
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return m, m.match(entries)
}

func (m *manifest) check() error {
	switch {
	case !slices.Contains([]string{public, member, private}, m.Visibility):
		return invalidManifest(".visibility", "must be public, member or private")
	case len(m.Tags) > maxTags:
		return invalidManifest(".tags", "more than 50")
	case len(m.Lessons) > maxLessons:
		return invalidManifest(".lessons", "more than 500")
	}
	for i, l := range m.Lessons {
		if err := l.check(fmt.Sprintf(".lessons.%d", i), len(m.Lessons)); err != nil {
			return err
		}
	}
	if m.circular() {
		return invalidManifest(".lessons", "a lesson can't wait for itself, by whatever way round")
	}
	return m.checkAssets()
}

func (l manifestLesson) check(where string, lessons int) error {
	switch {
	case l.DurationSeconds < 0 || l.DurationSeconds > maxDuration:
		return invalidManifest(where+".duration_seconds", "must lie between 0 and 1000000")
	case l.AvailableAfterDays != nil && (*l.AvailableAfterDays < 0 || *l.AvailableAfterDays > maxAfterDays):
		return invalidManifest(where+".available_after_days", "must lie between 0 and 36500")
	case len(l.Prerequisites) > maxPrerequisites:
		return invalidManifest(where+".prerequisites", "more than 20")
	case slices.ContainsFunc(l.Prerequisites, func(p int) bool { return p < 1 || p > lessons }):
		return invalidManifest(where+".prerequisites", "must be positions of lessons of this course")
	}
	return nil
}

// circular says whether a lesson waits for itself: whether some are left when those that wait for nothing that is
// left are taken away again and again.
func (m *manifest) circular() bool {
	waiting, followers := make([]int, len(m.Lessons)), make([][]int, len(m.Lessons))
	var free []int
	for i, l := range m.Lessons {
		for _, p := range l.Prerequisites {
			followers[p-1] = append(followers[p-1], i)
		}
		if waiting[i] = len(l.Prerequisites); waiting[i] == 0 {
			free = append(free, i)
		}
	}
	for done := 0; done < len(free); done++ {
		for _, f := range followers[free[done]] {
			if waiting[f]--; waiting[f] == 0 {
				free = append(free, f)
			}
		}
	}
	return len(free) < len(m.Lessons)
}

// checkAssets holds the list to be what lessons and cover use, each once.
func (m *manifest) checkAssets() error {
	listed := map[string]bool{}
	for i, a := range m.Assets {
		where := fmt.Sprintf(".assets.%d", i)
		if listed[a.Key] {
			return invalidManifest(where+".key", "is there twice")
		}
		listed[a.Key] = true
		if raw, err := hex.DecodeString(a.SHA256); a.Path != "" && (err != nil || len(raw) != sha256.Size) {
			return invalidManifest(where+".sha256", "must have 64 hexadecimal digits")
		}
	}
	if err := m.checkCaptions(); err != nil {
		return err
	}
	used := m.keys()
	for _, key := range used {
		if !listed[key] {
			return invalidManifest(".assets", "lacks a key that a lesson or the cover has")
		}
	}
	if len(listed) != len(used) {
		return invalidManifest(".assets", "has a key that no lesson and no cover has")
	}
	return nil
}

// checkCaptions holds the files of captions to be such.
func (m *manifest) checkCaptions() error {
	types := map[string]string{}
	for _, a := range m.Assets {
		if a.Path != "" {
			types[a.Key] = a.ContentType
		}
	}
	for i, l := range m.Lessons {
		for j, c := range l.Captions {
			if kind, known := types[c.AssetKey]; known && !isCaption(kind) {
				return invalidManifest(fmt.Sprintf(".lessons.%d.captions.%d.asset_key", i, j), "must be a file of type text/vtt")
			}
		}
	}
	return nil
}

// match holds each entry to be named once, and each name to be an entry.
func (m *manifest) match(entries map[string]*entry) error {
	named := map[string]bool{manifestName: true}
	claim := func(where, path string) error {
		if entries[path] == nil || named[path] {
			return invalidManifest(where+".path", "must name an entry of the archive that nothing else names")
		}
		named[path] = true
		return nil
	}
	for i, l := range m.Lessons {
		if err := claim(fmt.Sprintf(".lessons.%d", i), l.Path); err != nil {
			return err
		}
	}
	for i, a := range m.Assets {
		if a.Path == "" {
			continue
		}
		if err := claim(fmt.Sprintf(".assets.%d", i), a.Path); err != nil {
			return err
		}
		if entries[a.Path].Size() != a.Size {
			return invalidManifest(fmt.Sprintf(".assets.%d.size", i), "is not that of its entry")
		}
	}
	for name := range entries {
		if !named[name] {
			return errEntry(name, "is not named in "+manifestName)
		}
	}
	return nil
}

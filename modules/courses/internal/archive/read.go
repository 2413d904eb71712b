package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/apperr"
	"lyceum/platform/httpx/strictjson"
)

// Bounds that the schema of a JSON body checks for other requests.
const (
	maxDuration  = 1_000_000
	maxAfterDays = 36_500
)

// newManifestError returns an error of kind Invalid for a place in course.json, such as ".lessons.0.path".
func newManifestError(where, message string) error {
	return apperr.Invalid(manifestName+where, message)
}

// readManifest returns course.json. It returns an error of kind Invalid if it breaks a rule of the API
// or does not fit the entries of the archive.
func readManifest(entries map[string]*entry) (*manifest, error) {
	e := entries[manifestName]
	if e == nil {
		return nil, apperr.Invalid("", "there is no "+manifestName)
	}
	raw, err := e.readAll(maxManifest)
	if err != nil {
		return nil, err
	}
	m := &manifest{}
	if err := strictjson.Decode(manifestName, raw, m); err != nil {
		return nil, err
	}
	if m.Format != archiveFormat || m.Version != archiveVersion {
		return nil, newManifestError(".format", fmt.Sprintf("must be %s of version %d", archiveFormat, archiveVersion))
	}
	if err := m.validate(); err != nil {
		return nil, err
	}
	return m, m.checkEntries(entries)
}

// validate applies the rules of the API that the types of course.json don't have.
func (m *manifest) validate() error {
	switch {
	case !slices.Contains([]string{course.Public, course.Member, course.Private}, m.Visibility):
		return newManifestError(".visibility", "must be public, member or private")
	case len(m.Tags) > course.MaxTags:
		return newManifestError(".tags", "more than 50")
	case len(m.Lessons) > course.MaxLessons:
		return newManifestError(".lessons", "more than 500")
	}
	for i, l := range m.Lessons {
		if err := l.validate(fmt.Sprintf(".lessons.%d", i), len(m.Lessons)); err != nil {
			return err
		}
	}
	if m.isCircular() {
		return newManifestError(".lessons", "a lesson can't wait for itself, by whatever way round")
	}
	return m.checkAssets()
}

// validate is manifest.validate for one lesson of a course with so many lessons.
func (l manifestLesson) validate(where string, lessons int) error {
	switch {
	case l.DurationSeconds < 0 || l.DurationSeconds > maxDuration:
		return newManifestError(where+".duration_seconds", "must lie between 0 and 1000000")
	case l.AvailableAfterDays != nil && (*l.AvailableAfterDays < 0 || *l.AvailableAfterDays > maxAfterDays):
		return newManifestError(where+".available_after_days", "must lie between 0 and 36500")
	case len(l.Prerequisites) > course.MaxPrerequisites:
		return newManifestError(where+".prerequisites", "more than 20")
	case slices.ContainsFunc(l.Prerequisites, func(p int) bool { return p < 1 || p > lessons }):
		return newManifestError(where+".prerequisites", "must be positions of lessons of this course")
	}
	return nil
}

// isCircular returns whether a lesson waits for itself. It takes away the lessons that wait for none of
// the remaining ones until no such lesson is left; in a circle, some remain.
func (m *manifest) isCircular() bool {
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

// checkAssets checks that the list has the files of the lessons and the cover, each once.
func (m *manifest) checkAssets() error {
	listed := map[string]bool{}
	for i, a := range m.Assets {
		where := fmt.Sprintf(".assets.%d", i)
		if listed[a.Key] {
			return newManifestError(where+".key", "is there twice")
		}
		listed[a.Key] = true
		if raw, err := hex.DecodeString(a.SHA256); a.Path != "" && (err != nil || len(raw) != sha256.Size) {
			return newManifestError(where+".sha256", "must have 64 hexadecimal digits")
		}
	}
	if err := m.checkCaptions(); err != nil {
		return err
	}
	used := m.listKeys()
	for _, key := range used {
		if !listed[key] {
			return newManifestError(".assets", "lacks a key that a lesson or the cover has")
		}
	}
	if len(listed) != len(used) {
		return newManifestError(".assets", "has a key that no lesson and no cover has")
	}
	return nil
}

// checkCaptions checks the type of the files with captions.
func (m *manifest) checkCaptions() error {
	types := map[string]string{}
	for _, a := range m.Assets {
		if a.Path != "" {
			types[a.Key] = a.ContentType
		}
	}
	for i, l := range m.Lessons {
		for j, c := range l.Captions {
			if kind, known := types[c.AssetKey]; known && !course.IsCaptionType(kind) {
				return newManifestError(fmt.Sprintf(".lessons.%d.captions.%d.asset_key", i, j), "must be a file of type text/vtt")
			}
		}
	}
	return nil
}

// checkEntries checks that course.json names each entry once, and only entries that exist.
func (m *manifest) checkEntries(entries map[string]*entry) error {
	named := map[string]bool{manifestName: true}
	claim := func(where, path string) error {
		if entries[path] == nil || named[path] {
			return newManifestError(where+".path", "must name an entry of the archive that nothing else names")
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
			return newManifestError(fmt.Sprintf(".assets.%d.size", i), "is not that of its entry")
		}
	}
	for name := range entries {
		if !named[name] {
			return newEntryError(name, "is not named in "+manifestName)
		}
	}
	return nil
}

package courses

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/ids"
)

// Bounds that the schema of a JSON body keeps elsewhere.
const (
	maxDuration  = 1_000_000
	maxAfterDays = 36_500
)

const manifestAt = "body." + manifestName

func invalidManifest(where, message string) error {
	return apperr.Invalid(manifestAt+where, message)
}

// readManifest reads course.json and holds it to the rules of the API and to the entries that are there.
func readManifest(entries map[string]*entry) (*manifest, error) {
	e := entries[manifestName]
	if e == nil {
		return nil, apperr.Invalid("body", "there is no "+manifestName)
	}
	raw, err := e.whole(maxManifest)
	if err != nil {
		return nil, err
	}
	m := &manifest{}
	if err := httpx.DecodeJSON(manifestAt, raw, m); err != nil {
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

// whole reads an entry of at most limit bytes.
func (e *entry) whole(limit uint64) ([]byte, error) {
	if e.UncompressedSize64 > limit {
		return nil, errEntry(e.Name, "is too large")
	}
	r, err := e.open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	return io.ReadAll(r)
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
		if int64(entries[a.Path].UncompressedSize64) != a.Size {
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

// draw makes a draft of the caller's from a manifest, cleaned as every other course is.
func (a *archives) draw(ctx context.Context, m *manifest, ownerID string) (*course, error) {
	now := a.clock.Now()
	c := &course{ID: ids.New(), Visibility: m.Visibility, Status: draft, OwnerID: ownerID, LessonCount: len(m.Lessons), CoverKey: m.CoverKey,
		Version: 1, CreatedAt: now, UpdatedAt: now}
	_, err := a.apply(ctx, c, patch{Title: &m.Title, Summary: &m.Summary, Description: &m.Description, Tags: &m.Tags})
	return c, relocated(manifestAt, err)
}

// drawLessons makes the lessons, all but their content.
func (a *archives) drawLessons(ctx context.Context, m *manifest, c *course) ([]*lesson, error) {
	out := make([]*lesson, len(m.Lessons))
	for i, l := range m.Lessons {
		out[i] = &lesson{ID: ids.New(), CourseID: c.ID, Position: i + 1, AssetKey: l.AssetKey, Version: 1, CreatedAt: c.CreatedAt, UpdatedAt: c.CreatedAt}
		if l.AvailableFrom != nil && *l.AvailableFrom == (clock.Time{}) {
			return nil, invalidManifest(fmt.Sprintf(".lessons.%d.available_from", i), "must be a time")
		}
		_, err := a.applyLesson(ctx, out[i], lessonPatch{Title: &l.Title, DurationSeconds: &l.DurationSeconds,
			From: true, AvailableFrom: l.AvailableFrom, After: true, AvailableAfterDays: l.AvailableAfterDays})
		if err != nil {
			return nil, relocated(fmt.Sprintf("%s.lessons.%d", manifestAt, i), err)
		}
	}
	for i, l := range m.Lessons {
		for _, p := range slices.Compact(slices.Sorted(slices.Values(l.Prerequisites))) {
			out[i].Prerequisites = append(out[i].Prerequisites, out[p-1].ID)
		}
	}
	return out, nil
}

// readContent gives the text of a lesson as it is stored, with its HTML.
func readContent(ctx context.Context, e *entry) (prose, error) {
	raw, err := e.whole(maxMarkdownBytes)
	if err != nil {
		return prose{}, err
	}
	if !utf8.Valid(raw) || strings.ContainsRune(string(raw), 0) {
		return prose{}, errEntry(e.Name, "U+0000 and broken UTF-8 are not accepted")
	}
	p, err := render(ctx, string(raw))
	var told *apperr.Error
	if errors.As(err, &told) && len(told.Fields) > 0 {
		err = errEntry(e.Name, told.Fields[0].Message)
	}
	return p, err
}

// checkFile holds a file to its checksum and to what an upload is held to.
func (a *archives) checkFile(f manifestAsset, e *entry) error {
	r, err := e.open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	start := make([]byte, 512)
	n, err := io.ReadFull(r, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if err := a.intake.Check(f.file(), start[:n]); err != nil {
		return err
	}
	h := sha256.New()
	_, _ = h.Write(start[:n])
	if _, err := io.CopyBuffer(h, r, make([]byte, 128<<10)); err != nil {
		return err
	}
	if !strings.EqualFold(hex.EncodeToString(h.Sum(nil)), f.SHA256) {
		return apperr.Invalid("body.sha256", "is not that of its entry")
	}
	return nil
}

// drain reads a file that stays behind, so that a damaged archive is refused all the same.
func (e *entry) drain() error {
	r, err := e.open()
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	_, err = io.Copy(io.Discard, r)
	return err
}

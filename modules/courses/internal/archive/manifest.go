package archive

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/storage/storageapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
)

// Bounds of an archive, in bytes unless said otherwise. An export stays within them.
const (
	maxArchive = 512 << 20
	// maxEntries counts the files in an archive.
	maxEntries       = 5000
	maxUnpacked      = 1 << 30
	maxManifest      = 8 << 20
	maxMarkdownBytes = 2 << 20
	// maxRatio is how many times larger than its packed form an entry may be, and all of them
	// together. Entries below smallEntry are not asked.
	maxRatio   = 100
	smallEntry = 1 << 20
)

// The form of an archive.
const (
	archiveType    = "application/zip"
	archiveFormat  = "lyceum-course"
	archiveVersion = 1
	manifestName   = "course.json"
)

// manifest is course.json. It names lessons by their position and files by the path of their entry.
// The server makes those paths: no key and no title becomes a path.
type manifest struct {
	Format      string           `json:"format"`
	Version     int              `json:"version"`
	Title       string           `json:"title"`
	Summary     string           `json:"summary"`
	Description string           `json:"description"`
	Visibility  string           `json:"visibility"`
	Tags        []string         `json:"tags"`
	CoverKey    *string          `json:"cover_key"`
	Lessons     []manifestLesson `json:"lessons"`
	Assets      []manifestAsset  `json:"assets"`
}

// manifestLesson is a lesson in course.json. Its content is the entry at Path.
type manifestLesson struct {
	Title           string  `json:"title"`
	DurationSeconds int     `json:"duration_seconds"`
	AssetKey        *string `json:"asset_key"`
	// Captions are left out where there are none: archives had none at first.
	Captions []course.Caption `json:"captions,omitempty"`
	// Prerequisites are positions, counted from 1.
	Prerequisites      []int       `json:"prerequisites"`
	AvailableFrom      *clock.Time `json:"available_from"`
	AvailableAfterDays *int        `json:"available_after_days"`
	Path               string      `json:"path"`
}

// manifestAsset is a file that the course uses. It has no path if its bytes were lost.
type manifestAsset struct {
	Key         string `json:"key"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"`
	Path        string `json:"path,omitempty"`
}

// maxKey is the greatest length of the key of a file, in characters.
const maxKey = 512

// checkKey returns a validation error for a key that no file can have. It is for files that the archive lacks;
// their keys are only named in warnings.
func (a manifestAsset) checkKey() error {
	if n := utf8.RuneCountInString(a.Key); n == 0 || n > maxKey {
		return apperr.Invalid("key", fmt.Sprintf("has 1 to %d characters", maxKey))
	}
	return nil
}

// describeFile returns the asset as storage describes it.
func (a manifestAsset) describeFile() storageapi.File {
	return storageapi.File{Key: a.Key, ContentType: a.ContentType, Size: a.Size, SHA256: a.SHA256}
}

// lessonPath returns the path of the entry with the content of a lesson.
func lessonPath(position int) string { return fmt.Sprintf("lessons/%03d.md", position) }

// assetPath returns the path of the entry with the n-th file.
func assetPath(n int) string { return fmt.Sprintf("assets/%04d", n) }

// listKeys returns the keys that the course uses, each once: those of the lessons in their order,
// then the cover.
func (m *manifest) listKeys() (keys []string) {
	add := func(key *string) {
		if key != nil && !slices.Contains(keys, *key) {
			keys = append(keys, *key)
		}
	}
	for _, l := range m.Lessons {
		add(l.AssetKey)
		for _, c := range l.Captions {
			add(&c.AssetKey)
		}
	}
	add(m.CoverKey)
	return keys
}

package courses

import (
	"fmt"
	"slices"

	"go.uber.org/fx"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/clock"
	"lyceum/platform/tempfile"
)

// Bounds of an archive. What an export writes stays within them.
const (
	maxArchive       = 512 << 20
	maxEntries       = 5000
	maxUnpacked      = 1 << 30
	maxManifest      = 8 << 20
	maxMarkdownBytes = 2 << 20
	// maxRatio is how much larger than its packed form an entry, or all of them, may be; smallEntry is what
	// is not worth asking.
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

// manifest is course.json. Lessons are named by their position, files by the path of their entry, which the
// server makes: no key or title becomes a path.
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

type manifestLesson struct {
	Title           string  `json:"title"`
	DurationSeconds int     `json:"duration_seconds"`
	AssetKey        *string `json:"asset_key"`
	// Captions are left out where there are none, as they were before lessons had some.
	Captions []caption `json:"captions,omitempty"`
	// Prerequisites are positions, counted from 1.
	Prerequisites      []int       `json:"prerequisites"`
	AvailableFrom      *clock.Time `json:"available_from"`
	AvailableAfterDays *int        `json:"available_after_days"`
	Path               string      `json:"path"`
}

// manifestAsset is a file that the course uses; without a path its bytes were not to be had.
type manifestAsset struct {
	Key         string `json:"key"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"`
	Path        string `json:"path,omitempty"`
}

func (a manifestAsset) file() storageapi.File {
	return storageapi.File{Key: a.Key, ContentType: a.ContentType, Size: a.Size, SHA256: a.SHA256}
}

func lessonPath(position int) string { return fmt.Sprintf("lessons/%03d.md", position) }

func assetPath(n int) string { return fmt.Sprintf("assets/%04d", n) }

// keys lists what the course uses, each once: the lessons' in their order, then the cover.
func (m *manifest) keys() (out []string) {
	add := func(key *string) {
		if key != nil && !slices.Contains(out, *key) {
			out = append(out, *key)
		}
	}
	for _, l := range m.Lessons {
		add(l.AssetKey)
		for _, c := range l.Captions {
			add(&c.AssetKey)
		}
	}
	add(m.CoverKey)
	return out
}

// archives exports and imports courses. Without storage there are neither library nor intake, and the files
// stay behind.
type archives struct {
	*Service
	intake    storageapi.Intake
	tempFiles *tempfile.Dir
}

type archiveNeeds struct {
	fx.In
	Service *Service
	Intake  storageapi.Intake `optional:"true"`
	Scratch *tempfile.Dir
}

func newArchives(n archiveNeeds) *archives {
	return &archives{n.Service, n.Intake, n.Scratch}
}

// texts keeps long texts on the disk, as a course may have more of them than memory should hold.
type texts struct {
	file *tempfile.File
	end  int64
}

// span is where a text lies.
type span struct{ at, length int64 }

func (t *texts) put(s string) (span, error) {
	n, err := t.file.WriteAt([]byte(s), t.end)
	p := span{t.end, int64(n)}
	t.end += int64(n)
	return p, err
}

func (t *texts) get(p span) (string, error) {
	b := make([]byte, p.length)
	_, err := t.file.ReadAt(b, p.at)
	return string(b), err
}

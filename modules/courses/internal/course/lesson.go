package course

import (
	"slices"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/markdown"
)

// Lesson is a row of lessons.
type Lesson struct {
	ID       string
	CourseID string
	// Position counts from 1.
	Position int
	Title    string
	// Content is Markdown, ContentHTML the same as sanitized HTML.
	Content     string
	ContentHTML string `gorm:"column:content_html"`
	// HTMLVersion is the version of the renderer that made ContentHTML.
	HTMLVersion     int `gorm:"column:html_version"`
	AssetKey        *string
	DurationSeconds int
	// Captions is a JSON array of Caption, written by SetCaptions.
	Captions string
	// AvailableFrom and AvailableAfterDays keep learners out until then. Days count from the
	// learner's first enrollment.
	AvailableFrom      *clock.Time
	AvailableAfterDays *int
	Version            int64
	CreatedAt          clock.Time
	UpdatedAt          clock.Time
	// Prerequisites are the ids of the lessons that come first, in the course's order. They are
	// rows of lesson_prerequisites and are there only if the reader of the lesson has asked for
	// them.
	Prerequisites []string `gorm:"-"`
}

// TableName returns the name of the table of lessons.
func (Lesson) TableName() string { return "lessons" }

// Size returns about how many bytes the lesson takes in memory.
func (l *Lesson) Size() int {
	return rowBytes + len(l.Title) + len(l.Content) + len(l.ContentHTML) + len(l.Captions) + 50*len(l.Prerequisites)
}

// MaxPrerequisites is how many other lessons a lesson may wait for.
const MaxPrerequisites = 20

// LessonChanges is an edit of a lesson. A nil field leaves that part of the lesson as it is.
type LessonChanges struct {
	Title   *string
	Content *Content
	// HasAsset says that AssetKey is part of the edit; a nil AssetKey removes the file.
	HasAsset        bool
	AssetKey        *string
	DurationSeconds *int
	Captions        *[]Caption
	// Prerequisites are ids of lessons of the same course. Apply leaves them to the
	// calling function.
	Prerequisites *[]string
	// HasAvailableFrom and HasAvailableAfter say that the field behind them is part of the edit;
	// nil removes the lock.
	HasAvailableFrom   bool
	AvailableFrom      *clock.Time
	HasAvailableAfter  bool
	AvailableAfterDays *int
}

// Apply changes the lesson, except for its prerequisites, and returns the names of the fields that
// have a new value. It returns an error of kind Invalid for the first field that breaks a rule. The
// calling function checks new keys of files.
func (ch LessonChanges) Apply(l *Lesson) (changed []string, err error) {
	if ch.Title != nil {
		title, err := CleanLine("title", *ch.Title, MaxTitle)
		if err != nil {
			return nil, err
		}
		if title != l.Title {
			l.Title = title
			changed = append(changed, "title")
		}
	}
	if ch.Content != nil && ch.Content.Markdown != l.Content {
		l.Content, l.ContentHTML, l.HTMLVersion = ch.Content.Markdown, ch.Content.HTML, markdown.Version
		changed = append(changed, "content")
	}
	if ch.HasAsset && !equalPointees(ch.AssetKey, l.AssetKey) {
		l.AssetKey = ch.AssetKey
		changed = append(changed, "asset_key")
	}
	if ch.DurationSeconds != nil && *ch.DurationSeconds != l.DurationSeconds {
		l.DurationSeconds = *ch.DurationSeconds
		changed = append(changed, "duration_seconds")
	}
	if ch.Captions != nil {
		captions, err := CleanCaptions("captions", *ch.Captions)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(l.CaptionList(), captions) {
			changed = append(changed, "captions")
			if err := l.SetCaptions(captions); err != nil {
				return nil, err
			}
		}
	}
	if ch.HasAvailableFrom && !equalPointees(ch.AvailableFrom, l.AvailableFrom) {
		if err := CheckAvailableFrom(ch.AvailableFrom); err != nil {
			return nil, err
		}
		l.AvailableFrom = ch.AvailableFrom
		changed = append(changed, "available_from")
	}
	if ch.HasAvailableAfter && !equalPointees(ch.AvailableAfterDays, l.AvailableAfterDays) {
		l.AvailableAfterDays = ch.AvailableAfterDays
		changed = append(changed, "available_after_days")
	}
	return changed, nil
}

// CheckAvailableFrom returns an error of kind Invalid for a time before 1970, which the database
// can't hold.
func CheckAvailableFrom(t *clock.Time) error {
	if t != nil && t.UnixMilli() < 0 {
		return apperr.Invalid("available_from", "must not lie before 1970")
	}
	return nil
}

// Prerequisite says that a lesson waits for another one of its course.
type Prerequisite struct {
	LessonID, PrerequisiteID string
	// IsCompleted says that the learner for whom it was read has completed the other lesson.
	IsCompleted bool
}

// IsCircular returns whether a lesson would wait for itself if it waited for the lessons
// prerequisites. others holds the prerequisites of every other lesson by its id.
func IsCircular(lessonID string, prerequisites []string, others map[string][]string) bool {
	seen := map[string]bool{}
	open := slices.Clone(prerequisites)
	for len(open) > 0 {
		next := open[len(open)-1]
		open = open[:len(open)-1]
		if next == lessonID {
			return true
		}
		if !seen[next] {
			seen[next] = true
			open = append(open, others[next]...)
		}
	}
	return false
}

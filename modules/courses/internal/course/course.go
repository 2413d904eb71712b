package course

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/text"
)

// Values of Course.Visibility: who may read a published course.
const (
	Public  = "public"
	Member  = "member"
	Private = "private"
)

// Values of Course.Status.
const (
	Draft     = "draft"
	Published = "published"
	Archived  = "archived"
)

// Bounds of a course.
const (
	// MaxTags is how many tags a course has at most, MaxTag how many code points a tag has.
	MaxTags = 50
	MaxTag  = 50
	// MaxLessons is how many lessons a course has at most.
	MaxLessons = 500
)

// Day is the unit in which lessons and the trash count. It has 24 hours.
const Day = 24 * time.Hour

// TrashLife is how long a deleted course can be restored.
const TrashLife = 30 * Day

// Course is a row of courses.
type Course struct {
	ID    string
	Slug  string
	Title string
	// FoldedTitle and SearchText are what lists sort by and search in. UpdateSearchText writes them.
	FoldedTitle string
	SearchText  string
	Summary     string
	Description string
	Visibility  string
	Status      string
	// Tags is a JSON array of texts, written by SetTags.
	Tags        string
	CoverKey    *string
	OwnerID     string
	LessonCount int
	// PublishedAt is when the course was published for the first time.
	PublishedAt *clock.Time
	// DeletedAt is when the course was put into the trash; nil outside of it.
	DeletedAt *clock.Time
	Version   int64
	CreatedAt clock.Time
	UpdatedAt clock.Time
}

// TableName returns the name of the table of courses.
func (Course) TableName() string { return "courses" }

// MarkPublished notes the time of the first publication. It returns whether the course is published
// for the first time now.
func (c *Course) MarkPublished(now clock.Time) (isFirst bool) {
	if c.Status != Published || c.PublishedAt != nil {
		return false
	}
	c.PublishedAt = &now
	return true
}

// IsRestorable returns whether a course in the trash can still be restored.
func (c *Course) IsRestorable(now clock.Time) bool { return now.Before(c.DeletedAt.Add(TrashLife)) }

// rowBytes is about what a row takes in memory besides its texts.
const rowBytes = 500

// Size returns about how many bytes the course takes in memory.
func (c *Course) Size() int {
	return rowBytes + len(c.Slug) + len(c.Title) + len(c.FoldedTitle) + len(c.SearchText) + len(c.Summary) +
		len(c.Description) + len(c.Tags)
}

// Brief returns the part of the course that other modules may know.
func (c *Course) Brief() coursesapi.Course {
	return coursesapi.Course{
		ID: c.ID, Slug: c.Slug, Title: c.Title, OwnerID: c.OwnerID,
		Draft: c.Status == Draft, Archived: c.Status == Archived,
	}
}

// TagList returns the tags in the order in which they were set.
func (c *Course) TagList() []string {
	tags := []string{}
	_ = json.Unmarshal([]byte(c.Tags), &tags) // written by SetTags only
	return tags
}

// SetTags stores tags in lower case, each once. Tags that differ in case alone, in any script, are
// one. It returns an error of kind Invalid for an empty or a long tag and one with control
// characters.
func (c *Course) SetTags(tags []string) error {
	unique, seen := []string{}, map[string]bool{}
	for _, tag := range tags {
		tag = strings.ToLower(text.CleanLine(tag))
		if tag == "" || text.CountRunes(tag) > MaxTag || text.CheckLine(tag) != nil {
			return apperr.Invalid("tags", "each tag has 1 to 50 characters, none of them control characters")
		}
		if folded := text.FoldCase(tag); !seen[folded] {
			seen[folded] = true
			unique = append(unique, tag)
		}
	}
	raw, err := json.Marshal(unique)
	c.Tags = string(raw)
	return err
}

// UpdateSearchText derives FoldedTitle and SearchText from title, summary and tags.
func (c *Course) UpdateSearchText() {
	c.FoldedTitle = text.FoldCase(c.Title)
	texts := append([]string{c.Title, c.Summary}, c.TagList()...)
	c.SearchText = text.FoldCase(strings.Join(texts, "\n"))
}

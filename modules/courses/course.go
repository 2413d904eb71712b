package courses

import (
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"golang.org/x/text/unicode/norm"

	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
	"lyceum/platform/text"
)

// Words of visibility and status.
const (
	public    = "public"
	member    = "member"
	private   = "private"
	draft     = "draft"
	published = "published"
	archived  = "archived"
	deleted   = "deleted"
)

// Bounds of a course's texts, in code points.
const (
	maxTitle       = 200
	maxSummary     = 500
	maxDescription = 20_000
	maxTags        = 50
	maxTag         = 50
	maxSlug        = 100
)

type course struct {
	ID          string
	Slug        string
	Title       string
	FoldedTitle string
	SearchText  string
	Summary     string
	Description string
	Visibility  string
	Status      string
	Tags        string
	CoverKey    *string
	OwnerID     string
	LessonCount int
	PublishedAt *clock.Time
	DeletedAt   *clock.Time
	Version     int64
	CreatedAt   clock.Time
	UpdatedAt   clock.Time
}

// TableName of courses.
func (course) TableName() string { return "courses" }

// publishAt notes the first publishing and says whether this is it.
func (c *course) publishAt(now clock.Time) bool {
	if c.Status != published || c.PublishedAt != nil {
		return false
	}
	c.PublishedAt = &now
	return true
}

// brief is what other modules may know.
func (c *course) brief() coursesapi.Course {
	return coursesapi.Course{ID: c.ID, Slug: c.Slug, Title: c.Title, OwnerID: c.OwnerID, Draft: c.Status == draft, Archived: c.Status == archived}
}

func (c *course) tags() []string {
	out := []string{}
	_ = json.Unmarshal([]byte(c.Tags), &out) // written by setTags only
	return out
}

// setTags keeps each tag once, lower case, in the order given. Tags that differ in case alone, for all of Unicode, are one.
func (c *course) setTags(tags []string) error {
	kept, seen := []string{}, map[string]bool{}
	for _, t := range tags {
		t = strings.ToLower(text.CleanLine(t))
		if t == "" || text.CountRunes(t) > maxTag || text.CheckLine(t) != nil {
			return apperr.Invalid("tags", "each tag has 1 to 50 characters, none of them control characters")
		}
		if folded := text.FoldCase(t); !seen[folded] {
			seen[folded] = true
			kept = append(kept, t)
		}
	}
	raw, err := json.Marshal(kept)
	c.Tags = string(raw)
	return err
}

// index brings the folded columns up to the texts that people see.
func (c *course) index() {
	c.FoldedTitle = text.FoldCase(c.Title)
	c.SearchText = text.FoldCase(strings.Join(append([]string{c.Title, c.Summary}, c.tags()...), "\n"))
}

func cleanLine(location, s string, limit int) (string, error) {
	s = text.CleanLine(s)
	if s == "" {
		return "", apperr.Invalid(location, "must not be empty")
	}
	return checked(location, s, limit, text.CheckLine(s))
}

// cleanProse allows line breaks.
func cleanProse(location, s string, limit int) (string, error) {
	s = norm.NFC.String(strings.ReplaceAll(s, "\r\n", "\n"))
	return checked(location, s, limit, nil)
}

func checked(location, s string, limit int, err error) (string, error) {
	if err == nil && text.CountRunes(s) > limit {
		err = apperr.Invalid(location, "too long")
	}
	if _, ok := apperr.As(err); err != nil && !ok {
		err = apperr.Invalid(location, err.Error())
	}
	return s, err
}

var slugForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// givenSlug checks a slug that a teacher chose; capitals are lowered.
func givenSlug(s string) (string, error) {
	s = strings.ToLower(s)
	if !slugForm.MatchString(s) || len(s) > maxSlug || ids.IsValid(s) {
		return "", apperr.Invalid("slug", "a slug has lower-case letters, digits and single dashes, at most 100 characters, and is no id")
	}
	return s, nil
}

// slugOf makes a slug from a title. It leaves room for a number.
func slugOf(title string) string {
	s := text.MakeSlug(title, maxSlug-5)
	if s == "" || ids.IsValid(s) {
		return "course"
	}
	return s
}

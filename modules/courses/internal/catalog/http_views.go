package catalog

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/course"
	"lyceum/modules/courses/internal/learning"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
)

// CourseView is a course as lists show it.
type CourseView struct {
	ID          string                 `json:"id"`
	Slug        string                 `json:"slug"`
	Title       string                 `json:"title"`
	Summary     string                 `json:"summary"`
	Visibility  string                 `json:"visibility" enum:"public,member,private"`
	Status      string                 `json:"status" enum:"draft,published,archived"`
	Tags        tagList                `json:"tags"`
	CoverKey    *string                `json:"cover_key"`
	Owner       usersapi.Person        `json:"owner"`
	LessonCount int                    `json:"lesson_count"`
	CreatedAt   clock.Time             `json:"created_at"`
	UpdatedAt   clock.Time             `json:"updated_at"`
	PublishedAt *clock.Time            `json:"published_at" nullable:"true"`
	DeletedAt   *clock.Time            `json:"deleted_at,omitempty" doc:"Only in the trash"`
	Progress    *learning.ProgressView `json:"progress,omitempty" doc:"The caller's own; absent without a token"`

	// parts has the fields up to DeletedAt as JSON, if they are kept with the course.
	parts *courseParts
}

// DetailView is a course with its outline.
type DetailView struct {
	CourseView
	Description string        `json:"description"`
	Lessons     []OutlineView `json:"lessons" nullable:"false"`
}

// OutlineView is a lesson without its content.
type OutlineView struct {
	ID                 string      `json:"id"`
	CourseID           string      `json:"course_id"`
	Position           int         `json:"position"`
	Title              string      `json:"title"`
	AssetKey           *string     `json:"asset_key"`
	DurationSeconds    int         `json:"duration_seconds"`
	Captions           captionList `json:"captions"`
	PrerequisiteIDs    []string    `json:"prerequisite_ids" nullable:"false" doc:"Lessons that come first, in the course's order"`
	AvailableFrom      *clock.Time `json:"available_from" nullable:"true"`
	AvailableAfterDays *int        `json:"available_after_days" doc:"Days after the learner's first enrollment"`
	Locked             bool        `json:"locked" doc:"Whether it is not open to the caller yet"`
	LockedBy           []string    `json:"locked_by" nullable:"false" doc:"The prerequisites that the caller has not completed"`
	AvailableAt        *clock.Time `json:"available_at" nullable:"true" doc:"When time opens it to the caller, if that is known and to come"`
	CreatedAt          clock.Time  `json:"created_at"`
	UpdatedAt          clock.Time  `json:"updated_at"`
}

// LessonView is a lesson with its content.
type LessonView struct {
	OutlineView
	Content     string `json:"content" doc:"Markdown: CommonMark and GFM. Harmless HTML passes, any other <…> is text"`
	ContentHTML string `json:"content_html" doc:"The same as sanitised HTML. Its ids begin with md-"`
}

// tagList is a list of tags as it is stored: a JSON array that is shown without being decoded.
type tagList string

// MarshalJSON returns the array as it is.
func (t tagList) MarshalJSON() ([]byte, error) { return []byte(t), nil }

// Schema returns the schema of a list of texts.
func (tagList) Schema(huma.Registry) *huma.Schema {
	limit := course.MaxTag
	tag := &huma.Schema{Type: huma.TypeString, MaxLength: &limit}
	return &huma.Schema{Type: huma.TypeArray, Items: tag}
}

// captionList is a list of captions as it is stored: a JSON array that is shown without being decoded.
type captionList string

// MarshalJSON returns the array as it is.
func (c captionList) MarshalJSON() ([]byte, error) { return []byte(c), nil }

// Schema returns the schema of a list of captions.
func (captionList) Schema(r huma.Registry) *huma.Schema {
	caption := r.Schema(reflect.TypeFor[course.Caption](), true, "Caption")
	return &huma.Schema{Type: huma.TypeArray, Items: caption}
}

// newCourseView returns the view of a course. Signed-in callers see their own progress.
func newCourseView(
	caller identity.Caller, c *course.Course, p course.Progress, owner usersapi.Person,
) CourseView {
	v := CourseView{
		ID: c.ID, Slug: c.Slug, Title: c.Title, Summary: c.Summary, Visibility: c.Visibility, Status: c.Status,
		Tags: tagList(c.Tags), CoverKey: c.CoverKey, Owner: owner, LessonCount: c.LessonCount,
		CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, PublishedAt: c.PublishedAt, DeletedAt: c.DeletedAt,
	}
	if caller.IsSignedIn() {
		progress := learning.NewProgressView(p, c.LessonCount)
		v.Progress = &progress
	}
	return v
}

// NewDetailView returns the view of a course with its outline, as the caller finds it.
func NewDetailView(caller identity.Caller, d Details) DetailView {
	return DetailView{
		CourseView:  newCourseView(caller, d.Course, d.Progress, d.Owner),
		Description: d.Description, Lessons: NewOutlineViews(d.Lessons, d.State),
	}
}

// NewOutlineViews returns the views of lessons of one course, with their locks for a learner.
func NewOutlineViews(lessons []course.Lesson, state access.LearnerState) []OutlineView {
	views := make([]OutlineView, len(lessons))
	for i := range lessons {
		views[i] = newOutlineView(&lessons[i], state.LockOf(&lessons[i]))
	}
	return views
}

// newOutlineView returns the view of a lesson with its lock for a learner.
func newOutlineView(l *course.Lesson, lock access.Lock) OutlineView {
	v := OutlineView{
		ID: l.ID, CourseID: l.CourseID, Position: l.Position, Title: l.Title,
		AssetKey: l.AssetKey, DurationSeconds: l.DurationSeconds, Captions: captionList(l.Captions),
		PrerequisiteIDs: l.Prerequisites,
		AvailableFrom:   l.AvailableFrom, AvailableAfterDays: l.AvailableAfterDays,
		Locked: lock.IsLocked, LockedBy: lock.By, AvailableAt: lock.AvailableAt,
		CreatedAt: l.CreatedAt, UpdatedAt: l.UpdatedAt,
	}
	if v.PrerequisiteIDs == nil {
		v.PrerequisiteIDs = []string{}
	}
	return v
}

// NewLessonView returns the view of a lesson that is open to the caller.
func NewLessonView(l *course.Lesson) LessonView {
	return LessonView{newOutlineView(l, access.Lock{By: []string{}}), l.Content, l.ContentHTML}
}

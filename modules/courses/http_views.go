package courses

import (
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
)

// CourseView is a course as lists show it.
type CourseView struct {
	ID          string          `json:"id"`
	Slug        string          `json:"slug"`
	Title       string          `json:"title"`
	Summary     string          `json:"summary"`
	Visibility  string          `json:"visibility" enum:"public,member,private"`
	Status      string          `json:"status" enum:"draft,published,archived"`
	Tags        tagList         `json:"tags"`
	CoverKey    *string         `json:"cover_key"`
	Owner       usersapi.Person `json:"owner"`
	LessonCount int             `json:"lesson_count"`
	CreatedAt   clock.Time      `json:"created_at"`
	UpdatedAt   clock.Time      `json:"updated_at"`
	PublishedAt *clock.Time     `json:"published_at" nullable:"true"`
	DeletedAt   *clock.Time     `json:"deleted_at,omitempty" doc:"Only in the trash"`
	Progress    *ProgressView   `json:"progress,omitempty" doc:"The caller's own; absent without a token"`
}

type detailView struct {
	CourseView
	Description string        `json:"description"`
	Lessons     []OutlineView `json:"lessons" nullable:"false"`
}

// ProgressView is how far a learner is in a course.
type ProgressView struct {
	Percent          int         `json:"percent" minimum:"0" maximum:"100"`
	CompletedLessons int         `json:"completed_lessons"`
	TotalLessons     int         `json:"total_lessons"`
	CompletedAt      *clock.Time `json:"completed_at" nullable:"true"`
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

type lessonView struct {
	OutlineView
	Content     string `json:"content" doc:"Markdown: CommonMark and GFM. Harmless HTML passes, any other <…> is text"`
	ContentHTML string `json:"content_html" doc:"The same as sanitised HTML. Its ids begin with md-"`
}

func (s sums) view(lessons int) *ProgressView {
	v := &ProgressView{TotalLessons: lessons, CompletedAt: s.CompletedAt}
	if s.PercentSum != nil {
		v.Percent, v.CompletedLessons = percentOf(*s.PercentSum, lessons), *s.CompletedLessons
	}
	return v
}

// viewOf shows a course; own is the caller's progress, shown to signed-in callers.
func viewOf(caller identity.Caller, c *course, own sums, owner usersapi.Person) CourseView {
	v := CourseView{ID: c.ID, Slug: c.Slug, Title: c.Title, Summary: c.Summary, Visibility: c.Visibility, Status: c.Status, Tags: tagList(c.Tags),
		CoverKey: c.CoverKey, Owner: owner, LessonCount: c.LessonCount, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
		PublishedAt: c.PublishedAt, DeletedAt: c.DeletedAt}
	if caller.IsSignedIn() {
		v.Progress = own.view(c.LessonCount)
	}
	return v
}

// outlineOf shows a lesson as a learner finds it.
func outlineOf(l *lesson, p learner) OutlineView {
	held := p.lockOf(l)
	before := l.Prerequisites
	if before == nil {
		before = []string{}
	}
	return OutlineView{ID: l.ID, CourseID: l.CourseID, Position: l.Position, Title: l.Title, AssetKey: l.AssetKey, DurationSeconds: l.DurationSeconds, Captions: captionList(l.Captions),
		PrerequisiteIDs: before, AvailableFrom: l.AvailableFrom, AvailableAfterDays: l.AvailableAfterDays,
		Locked: held.Locked, LockedBy: held.By, AvailableAt: held.AvailableAt, CreatedAt: l.CreatedAt, UpdatedAt: l.UpdatedAt}
}

// outlinesOf shows lessons of a course as a learner finds them.
func outlinesOf(lessons []lesson, p learner) []OutlineView {
	out := make([]OutlineView, len(lessons))
	for i := range lessons {
		out[i] = outlineOf(&lessons[i], p)
	}
	return out
}

// lessonOf shows a lesson that is open to the caller.
func lessonOf(l *lesson) lessonView {
	return lessonView{outlineOf(l, learner{manages: true}), l.Content, l.ContentHTML}
}

// detailOf shows a course with its outline, as the caller sees it.
func detailOf(caller identity.Caller, d details) detailView {
	return detailView{viewOf(caller, d.course, d.Own, d.Owner), d.Description, outlinesOf(d.Lessons, d.Learner)}
}

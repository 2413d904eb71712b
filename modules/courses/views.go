package courses

import (
	"context"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/auth"
	"lyceum/platform/clock"
)

// CourseView is a course as lists show it.
type CourseView struct {
	ID          string          `json:"id"`
	Slug        string          `json:"slug"`
	Title       string          `json:"title"`
	Summary     string          `json:"summary"`
	Visibility  string          `json:"visibility" enum:"public,member,private"`
	Status      string          `json:"status" enum:"draft,published,archived"`
	Tags        []string        `json:"tags" nullable:"false"`
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
	ID              string     `json:"id"`
	CourseID        string     `json:"course_id"`
	Position        int        `json:"position"`
	Title           string     `json:"title"`
	AssetKey        *string    `json:"asset_key"`
	DurationSeconds int        `json:"duration_seconds"`
	CreatedAt       clock.Time `json:"created_at"`
	UpdatedAt       clock.Time `json:"updated_at"`
}

type lessonView struct {
	OutlineView
	Content     string `json:"content" doc:"Markdown"`
	ContentHTML string `json:"content_html" doc:"The same as sanitised HTML"`
}

// percentOf is the floor of the lessons' mean, 100 only when all are complete, 0 without lessons.
func percentOf(sum, lessons int) int {
	if lessons == 0 {
		return 0
	}
	return min(sum/lessons, 100)
}

func (s sums) view(lessons int) *ProgressView {
	v := &ProgressView{TotalLessons: lessons, CompletedAt: s.CompletedAt}
	if s.PercentSum != nil {
		v.Percent, v.CompletedLessons = percentOf(*s.PercentSum, lessons), *s.CompletedLessons
	}
	return v
}

// viewOf shows a course; own is the caller's progress, shown to signed-in callers.
func viewOf(caller auth.Caller, c *course, own sums, owner usersapi.Person) CourseView {
	v := CourseView{ID: c.ID, Slug: c.Slug, Title: c.Title, Summary: c.Summary, Visibility: c.Visibility, Status: c.Status, Tags: c.tags(),
		CoverKey: c.CoverKey, Owner: owner, LessonCount: c.LessonCount, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
		PublishedAt: c.PublishedAt, DeletedAt: c.DeletedAt}
	if caller.SignedIn() {
		v.Progress = own.view(c.LessonCount)
	}
	return v
}

func outlineOf(l *lesson) OutlineView {
	return OutlineView{l.ID, l.CourseID, l.Position, l.Title, l.AssetKey, l.DurationSeconds, l.CreatedAt, l.UpdatedAt}
}

func outlinesOf(lessons []lesson) []OutlineView {
	out := make([]OutlineView, len(lessons))
	for i := range lessons {
		out[i] = outlineOf(&lessons[i])
	}
	return out
}

func lessonOf(l *lesson) lessonView { return lessonView{outlineOf(l), l.Content, l.ContentHTML} }

// detail shows a course with its outline, as the caller sees it.
func (s *Service) detail(ctx context.Context, c *course) (v detailView, err error) {
	caller := auth.CallerFrom(ctx)
	var own sums
	if caller.SignedIn() {
		if own, err = s.store.sumsOf(ctx, caller.UserID, c.ID); err != nil {
			return v, err
		}
	}
	people, err := usersapi.Persons(ctx, s.accounts, []string{c.OwnerID})
	if err != nil {
		return v, err
	}
	lessons, err := s.store.outline(ctx, c.ID)
	return detailView{viewOf(caller, c, own, people[c.OwnerID]), c.Description, outlinesOf(lessons)}, err
}

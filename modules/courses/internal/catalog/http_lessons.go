package catalog

import (
	"context"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
)

// lessonsInput is a page of the lessons of a course.
type lessonsInput struct {
	pagination.Query
	ID string `path:"id"`
}

const listLessonsDoc = "Returns the outline: all lessons in their order, without their texts, each with whether it " +
	"is locked and by what."

// listLessons answers GET /courses/{id}/lessons with one page of the lessons, without their
// content.
func (h *Handlers) listLessons(ctx context.Context, in *lessonsInput) (*pagination.Response[OutlineView], error) {
	c, err := h.service.FindCourseWithOutline(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return pagination.List(ctx, h.cursors.NewRequest("lessons", c.ID, in.Query),
		func(after *lessonPosition, limit int) ([]course.Lesson, error) {
			return listLessons(c, after, limit), nil
		},
		func(found []course.Lesson) ([]OutlineView, error) {
			return NewOutlineViews(found, h.service.LoadState(ctx, c)), nil
		},
		func(l *course.Lesson) lessonPosition { return lessonPosition{l.Position} })
}

// lessonInput names a lesson of a course.
type lessonInput struct {
	ID       string `path:"id"`
	LessonID string `path:"lesson_id"`
}

const getLessonDoc = "Returns a lesson with its text as Markdown and as sanitized HTML. A lesson that is not open " +
	"yet is 403 lesson-locked."

// getLesson answers GET /courses/{id}/lessons/{lesson_id}. A locked lesson is 403 lesson-locked.
func (h *Handlers) getLesson(ctx context.Context, in *lessonInput) (*httpx.Response[LessonView], error) {
	l, err := h.service.getLesson(ctx, in.ID, in.LessonID)
	if err != nil {
		return nil, err
	}
	return httpx.OK(NewLessonView(l)).WithVersion(l.Version), nil
}

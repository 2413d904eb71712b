package catalog

import (
	"context"
	"log/slog"
	"slices"

	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/course"
	"lyceum/platform/markdown"
)

// lessonPosition is where a page of a course's lessons ends.
type lessonPosition struct{ Position int }

// FindCourseWithOutline returns a course whose lessons the caller may list. It returns the errors of
// access.Service.FindCourse.
func (s *Service) FindCourseWithOutline(ctx context.Context, courseID string) (*access.CallerCourse, error) {
	return s.access.FindCourseWithOutline(ctx, courseID)
}

// listLessons returns one page of the lessons of a course in its order, without their content.
func listLessons(c *access.CallerCourse, after *lessonPosition, limit int) []course.Lesson {
	lessons := c.Outline()
	if after != nil {
		lessons = slices.DeleteFunc(lessons, func(l course.Lesson) bool { return l.Position <= after.Position })
	}
	return lessons[:min(limit, len(lessons))]
}

// ListOutline returns all lessons of a course in its order, without their content. It reads the database, for callers
// who change the course.
func (s *Service) ListOutline(ctx context.Context, courseID string) ([]course.Lesson, error) {
	o, err := s.outlines.LoadLessons(ctx, &course.Course{ID: courseID})
	if err != nil {
		return nil, err
	}
	return o.Lessons, nil
}

// LoadState returns what the locks of the course's lessons depend on for the caller.
func (s *Service) LoadState(ctx context.Context, c *access.CallerCourse) access.LearnerState {
	return s.access.LoadState(ctx, c)
}

// getLesson returns a lesson that is open to the caller, with HTML of the current renderer. It
// returns the errors of access.Service.FindOpenLesson.
func (s *Service) getLesson(ctx context.Context, courseID, lessonID string) (*course.Lesson, error) {
	_, l, err := s.access.FindOpenLesson(ctx, courseID, lessonID)
	if err != nil {
		return nil, err
	}
	s.RefreshHTML(ctx, l)
	return l, nil
}

// RefreshHTML renders the HTML of a lesson again if another version of the renderer has made it,
// and stores it for the next reader. If that fails, the lesson keeps its HTML, which was safe when
// it was made.
func (s *Service) RefreshHTML(ctx context.Context, l *course.Lesson) {
	if l.HTMLVersion == markdown.Version {
		return
	}
	html, err := course.RenderHTML(ctx, l.Content)
	if err != nil {
		slog.WarnContext(ctx, "HTML of another version could not be rendered again", "lesson_id", l.ID, "error", err)
		return
	}
	l.ContentHTML, l.HTMLVersion = html, markdown.Version
	if err := s.store.saveHTML(ctx, l); err != nil {
		slog.WarnContext(ctx, "HTML that was rendered again could not be stored", "lesson_id", l.ID, "error", err)
	}
}

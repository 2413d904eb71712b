package courses

import (
	"context"
	"slices"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/course"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/markdown"
)

// LessonDraft is the content of a new lesson.
type LessonDraft struct {
	Title, Content, AssetKey string
	DurationSeconds          int
	Captions                 []course.Caption
	// PrerequisiteIDs are lessons of the same course that come first.
	PrerequisiteIDs    []string
	AvailableFrom      *clock.Time
	AvailableAfterDays *int
}

// toChanges returns the edit that makes the draft of an empty lesson.
func (d LessonDraft) toChanges(content *course.Content) course.LessonChanges {
	ch := course.LessonChanges{
		Title: &d.Title, Content: content, DurationSeconds: &d.DurationSeconds, Captions: &d.Captions,
		HasAvailableFrom: true, AvailableFrom: d.AvailableFrom,
		HasAvailableAfter: true, AvailableAfterDays: d.AvailableAfterDays,
	}
	if len(d.PrerequisiteIDs) > 0 {
		ch.Prerequisites = &d.PrerequisiteIDs
	}
	if d.AssetKey != "" {
		ch.HasAsset, ch.AssetKey = true, &d.AssetKey
	}
	return ch
}

// AddLesson adds a lesson at the end of a course that the caller manages, and returns its id. It
// returns the errors of access.Service.HoldManagedCourse, errors of kind Invalid, asset-unusable
// for a file that the caller may not use, and ErrTooManyLessons.
func (s *Service) AddLesson(ctx context.Context, courseID string, d LessonDraft) (id string, err error) {
	l, err := s.addLesson(ctx, courseID, d)
	if err != nil {
		return "", err
	}
	return l.ID, nil
}

// addLesson is AddLesson with the whole lesson.
func (s *Service) addLesson(ctx context.Context, courseID string, d LessonDraft) (l *course.Lesson, err error) {
	content, err := course.RenderContent(ctx, d.Content)
	if err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.access.HoldManagedCourse(ctx, courseID)
		if err != nil {
			return err
		}
		now := s.clock.Now()
		l = &course.Lesson{
			ID: ids.New(), CourseID: c.ID, Position: c.LessonCount + 1,
			HTMLVersion: markdown.Version, Captions: course.NoCaptions,
			Version: 1, CreatedAt: now, UpdatedAt: now,
		}
		if _, err := s.applyLessonChanges(ctx, l, d.toChanges(&content)); err != nil {
			return err
		}
		if c.LessonCount >= course.MaxLessons {
			return course.ErrTooManyLessons
		}
		if err := s.store.insertLesson(ctx, l); err != nil {
			return err
		}
		if err := s.recordLesson(ctx, "lesson.created", l, nil); err != nil || c.Status != course.Published {
			return err
		}
		return s.events.Publish(ctx, coursesapi.LessonAdded{CourseID: c.ID, LessonID: l.ID})
	})
	return l, err
}

// InsertLessons adds the n lessons of a new course that counts them already, with their
// prerequisites, in the transaction of ctx. lesson returns each with its content just before it is
// written.
func (s *Service) InsertLessons(
	ctx context.Context, n int, lesson func(i int) (course.Lesson, error),
) error {
	return s.store.insertLessons(ctx, n, lesson)
}

// updateLesson changes a lesson of a course that the caller manages, and its Markdown unless that
// is nil. It returns the errors of AddLesson, ErrNoLesson, and precondition-failed for another
// version than the request's. An edit that changes nothing writes nothing.
func (s *Service) updateLesson(
	ctx context.Context, courseID, lessonID string, source *string, ch course.LessonChanges,
) (l *course.Lesson, err error) {
	if source != nil {
		content, err := course.RenderContent(ctx, *source)
		if err != nil {
			return nil, err
		}
		ch.Content = &content
	}
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		if _, l, err = s.holdLesson(ctx, courseID, lessonID); err != nil {
			return err
		}
		changed, err := s.applyLessonChanges(ctx, l, ch)
		if err != nil || len(changed) == 0 {
			return err
		}
		l.UpdatedAt = s.clock.Now()
		if err := s.store.saveLesson(ctx, l, changed); err != nil {
			return err
		}
		return s.recordLesson(ctx, "lesson.updated", l, changed)
	})
	if err != nil {
		return nil, err
	}
	s.catalog.RefreshHTML(ctx, l)
	return l, nil
}

// deleteLesson deletes a lesson for good, with the progress in it. Learners who had completed all
// the others have completed the course now.
func (s *Service) deleteLesson(ctx context.Context, courseID, lessonID string) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		c, l, err := s.holdLesson(ctx, courseID, lessonID)
		if err != nil {
			return err
		}
		if err := s.progress.DeleteLessonProgress(ctx, c.ID, l.ID); err != nil {
			return err
		}
		if err := s.store.deleteLesson(ctx, l); err != nil {
			return err
		}
		if err := s.recordLesson(ctx, "lesson.deleted", l, nil); err != nil {
			return err
		}
		return s.progress.PublishCompletions(ctx, c.ID)
	})
}

// holdLesson holds a course that the caller manages and returns it with one of its lessons, which
// nobody else can change then. It returns precondition-failed for another version of the lesson
// than the request's.
func (s *Service) holdLesson(
	ctx context.Context, courseID, lessonID string,
) (*course.Course, *course.Lesson, error) {
	c, err := s.access.HoldManagedCourse(ctx, courseID)
	if err != nil {
		return nil, nil, err
	}
	l, err := s.access.FindLesson(ctx, c.ID, lessonID)
	if err != nil {
		return nil, nil, err
	}
	if err := db.CheckVersion(ctx, l.Version); err != nil {
		return nil, nil, err
	}
	l.Prerequisites, err = s.store.listPrerequisitesOf(ctx, l.ID)
	return c, l, err
}

// applyLessonChanges applies an edit to the lesson and checks what needs the database: files and
// prerequisites. It returns the names of the fields that have a new value.
func (s *Service) applyLessonChanges(
	ctx context.Context, l *course.Lesson, ch course.LessonChanges,
) (changed []string, err error) {
	captionsBefore := l.CaptionList()
	if changed, err = ch.Apply(l); err != nil {
		return nil, err
	}
	if slices.Contains(changed, "asset_key") {
		if err := s.CheckKey(ctx, "asset_key", l.AssetKey); err != nil {
			return nil, err
		}
	}
	if slices.Contains(changed, "captions") {
		if err := s.checkCaptionKeys(ctx, captionsBefore, l.CaptionList()); err != nil {
			return nil, err
		}
	}
	if ch.Prerequisites == nil {
		return changed, nil
	}
	after, err := s.checkPrerequisites(ctx, l, *ch.Prerequisites)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(after, l.Prerequisites) {
		l.Prerequisites = after
		changed = append(changed, "prerequisite_ids")
	}
	return changed, nil
}

// checkPrerequisites returns the ids of prerequisites in the course's order, each once. It returns
// an error of kind Invalid for an id that is no lesson of the course, and for lessons that would
// wait for themselves.
func (s *Service) checkPrerequisites(ctx context.Context, l *course.Lesson, given []string) ([]string, error) {
	if len(given) == 0 {
		return []string{}, nil
	}
	all, err := s.store.listPrerequisites(ctx, l.CourseID)
	if err != nil {
		return nil, err
	}
	byLesson := map[string][]string{}
	for _, p := range all {
		byLesson[p.LessonID] = append(byLesson[p.LessonID], p.PrerequisiteID)
	}
	lessons, err := s.catalog.ListOutline(ctx, l.CourseID)
	if err != nil {
		return nil, err
	}
	ordered := []string{}
	for _, other := range lessons {
		if slices.Contains(given, other.ID) {
			ordered = append(ordered, other.ID)
		}
	}
	isUnknown := func(id string) bool { return !slices.Contains(ordered, id) }
	if slices.ContainsFunc(given, isUnknown) {
		return nil, apperr.Invalid("prerequisite_ids", "must name lessons of the same course")
	}
	if course.IsCircular(l.ID, ordered, byLesson) {
		return nil, apperr.Invalid("prerequisite_ids", "a lesson can't wait for itself, by whatever way round")
	}
	return ordered, nil
}

// reorderLessons puts the lessons of a course that the caller manages into an order, which names
// each of them once. It returns them with their locks for the caller.
func (s *Service) reorderLessons(
	ctx context.Context, courseID string, order []string,
) (lessons []course.Lesson, state access.LearnerState, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		c, err := s.access.HoldManagedCourse(ctx, courseID)
		if err != nil {
			return err
		}
		if lessons, err = s.catalog.ListOutline(ctx, c.ID); err != nil {
			return err
		}
		before := listIDs(lessons)
		if !slices.Equal(slices.Sorted(slices.Values(before)), slices.Sorted(slices.Values(order))) {
			return apperr.Invalid("lesson_ids", "must name each lesson of the course once, and no other")
		}
		if slices.Equal(before, order) {
			return nil
		}
		for i, id := range order {
			if before[i] == id {
				continue
			}
			if err := s.store.setPosition(ctx, c.ID, id, i+1); err != nil {
				return err
			}
		}
		if lessons, err = s.catalog.ListOutline(ctx, c.ID); err != nil {
			return err
		}
		return s.recordCourse(ctx, "lesson.reordered", c.ID, map[string]any{"lessons": len(order)})
	})
	if err != nil {
		return nil, state, err
	}
	found, err := s.catalog.FindCourseWithOutline(ctx, courseID)
	if err != nil {
		return nil, state, err
	}
	return found.Outline(), s.catalog.LoadState(ctx, found), nil
}

// listIDs returns the ids of lessons in their order.
func listIDs(lessons []course.Lesson) []string {
	lessonIDs := make([]string, len(lessons))
	for i, l := range lessons {
		lessonIDs[i] = l.ID
	}
	return lessonIDs
}

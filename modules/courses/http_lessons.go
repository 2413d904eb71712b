package courses

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/modules/courses/internal/catalog"
	"lyceum/modules/courses/internal/course"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/jsonfield"
	"lyceum/platform/httpx/validation"
)

const addLessonDoc = "A course holds at most 500 lessons: 409 too-many-lessons. A lesson may wait for others, for a " +
	"day, and for days after the learner's first enrollment. It stays open to learners who have completed it."

// addLessonInput is a new lesson.
type addLessonInput struct {
	ID   string `path:"id"`
	Body struct {
		Title              string           `json:"title" minLength:"1" maxLength:"200"`
		Content            string           `json:"content,omitempty" maxLength:"200000" doc:"Markdown: CommonMark and GFM"`
		AssetKey           *string          `json:"asset_key,omitempty" nullable:"true" maxLength:"512"`
		DurationSeconds    int              `json:"duration_seconds,omitempty" minimum:"0" maximum:"1000000"`
		Captions           []course.Caption `json:"captions,omitempty" maxItems:"20" doc:"Captions of the lesson's video or sound, one a language"`
		PrerequisiteIDs    []string         `json:"prerequisite_ids,omitempty" maxItems:"20" doc:"Lessons of this course that come first"`
		AvailableFrom      *clock.Time      `json:"available_from,omitempty" nullable:"true"`
		AvailableAfterDays *int             `json:"available_after_days,omitempty" nullable:"true" minimum:"0" maximum:"36500" doc:"Days after the learner's first enrollment"`
	}
}

// Resolve implements huma.Resolver.
func (in *addLessonInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkAddLesson returns every fault of a new lesson that can be found without the database.
func checkAddLesson(_ context.Context, in *addLessonInput) (faults validation.Faults) {
	b := in.Body
	checkTexts(&faults, b.Title, "")
	checkLesson(&faults, b.Content, b.AvailableFrom, b.Captions)
	return faults
}

// checkLesson adds the faults of those parts of a lesson that can be checked without the database.
func checkLesson(faults *validation.Faults, content string, from *clock.Time, captions []course.Caption) {
	_, err := course.CheckContent(content)
	faults.Add("content", err)
	faults.Add("available_from", course.CheckAvailableFrom(from))
	_, err = course.CleanCaptions("captions", captions)
	faults.Add("captions", err)
}

// addLesson answers POST /courses/{id}/lessons with 201 and the new lesson.
func (h *handlers) addLesson(ctx context.Context, in *addLessonInput) (*httpx.Response[catalog.LessonView], error) {
	b := in.Body
	d := LessonDraft{
		Title: b.Title, Content: b.Content, DurationSeconds: b.DurationSeconds, Captions: b.Captions,
		PrerequisiteIDs: b.PrerequisiteIDs,
		AvailableFrom:   b.AvailableFrom, AvailableAfterDays: b.AvailableAfterDays,
	}
	if b.AssetKey != nil {
		d.AssetKey = *b.AssetKey
	}
	l, err := h.service.addLesson(ctx, in.ID, d)
	if err != nil {
		return nil, err
	}
	location := "/courses/" + l.CourseID + "/lessons/" + l.ID
	return httpx.Created(location, catalog.NewLessonView(l)).WithVersion(l.Version), nil
}

// updateLessonInput is an edit of a lesson. A field that is left out stays as it is; null clears it.
type updateLessonInput struct {
	ID       string `path:"id"`
	LessonID string `path:"lesson_id"`
	Body     struct {
		Title              jsonfield.Optional[string]           `json:"title,omitzero" minLength:"1" maxLength:"200"`
		Content            jsonfield.Nullable[string]           `json:"content,omitzero" maxLength:"200000"`
		AssetKey           jsonfield.Nullable[string]           `json:"asset_key,omitzero" maxLength:"512"`
		DurationSeconds    jsonfield.Nullable[int]              `json:"duration_seconds,omitzero" minimum:"0" maximum:"1000000"`
		Captions           jsonfield.Nullable[[]course.Caption] `json:"captions,omitzero" maxItems:"20"`
		PrerequisiteIDs    jsonfield.Nullable[[]string]         `json:"prerequisite_ids,omitzero" maxItems:"20"`
		AvailableFrom      jsonfield.Nullable[clock.Time]       `json:"available_from,omitzero"`
		AvailableAfterDays jsonfield.Nullable[int]              `json:"available_after_days,omitzero" minimum:"0" maximum:"36500"`
	}
}

// Resolve implements huma.Resolver.
func (in *updateLessonInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkUpdateLesson is checkAddLesson for an edit.
func checkUpdateLesson(_ context.Context, in *updateLessonInput) (faults validation.Faults) {
	b := in.Body
	checkTexts(&faults, textOrEmpty(b.Title.Value), "")
	checkLesson(&faults, b.Content.Value, b.AvailableFrom.Ptr(), b.Captions.Value)
	return faults
}

const updateLessonDoc = "For the owner and administrators. Fields that are left out stay as they are. The Markdown is " +
	"rendered and sanitized now."

// updateLesson answers PATCH /courses/{id}/lessons/{lesson_id} with the lesson as it is then. If-Match is
// checked against the version of the lesson.
func (h *handlers) updateLesson(
	ctx context.Context, in *updateLessonInput,
) (*httpx.Response[catalog.LessonView], error) {
	b := in.Body
	changes := course.LessonChanges{
		Title: b.Title.Value, HasAsset: b.AssetKey.Set, AssetKey: b.AssetKey.Ptr(),
		HasAvailableFrom: b.AvailableFrom.Set, AvailableFrom: b.AvailableFrom.Ptr(),
		HasAvailableAfter: b.AvailableAfterDays.Set, AvailableAfterDays: b.AvailableAfterDays.Ptr(),
	}
	if b.Captions.Set {
		changes.Captions = &b.Captions.Value
	}
	if b.PrerequisiteIDs.Set {
		changes.Prerequisites = &b.PrerequisiteIDs.Value
	}
	if b.DurationSeconds.Set {
		changes.DurationSeconds = &b.DurationSeconds.Value
	}
	l, err := h.service.updateLesson(ctx, in.ID, in.LessonID, valueOrCleared(b.Content), changes)
	if err != nil {
		return nil, err
	}
	return httpx.OK(catalog.NewLessonView(l)).WithVersion(l.Version), nil
}

// lessonInput names a lesson of a course.
type lessonInput struct {
	ID       string `path:"id"`
	LessonID string `path:"lesson_id"`
}

const deleteLessonDoc = "For the owner and administrators. Progress in the lesson is deleted with it, and lessons " +
	"that waited for it no longer do. Learners who have completed all others have completed the " +
	"course."

// deleteLesson answers DELETE /courses/{id}/lessons/{lesson_id} with 204. The lesson is gone for good.
func (h *handlers) deleteLesson(ctx context.Context, in *lessonInput) (*httpx.Empty, error) {
	return nil, h.service.deleteLesson(ctx, in.ID, in.LessonID)
}

// orderInput names the lessons of a course in their new order.
type orderInput struct {
	ID   string `path:"id"`
	Body struct {
		LessonIDs []string `json:"lesson_ids" nullable:"false" maxItems:"500" doc:"Each lesson of the course, once"`
	}
}

// orderView has the lessons in their new order.
type orderView struct {
	Items []catalog.OutlineView `json:"items" nullable:"false"`
}

const reorderLessonsDoc = "For the owner and administrators. lesson_ids are all lessons of the course in their new " +
	"order. A list with another lesson, or without one, is 422."

// reorderLessons answers PUT /courses/{id}/lessons/order with all lessons.
func (h *handlers) reorderLessons(ctx context.Context, in *orderInput) (*httpx.Response[orderView], error) {
	lessons, state, err := h.service.reorderLessons(ctx, in.ID, in.Body.LessonIDs)
	if err != nil {
		return nil, err
	}
	return httpx.OK(orderView{catalog.NewOutlineViews(lessons, state)}), nil
}

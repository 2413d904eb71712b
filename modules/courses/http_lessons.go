package courses

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/jsonfield"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/validation"
)

type lessonsInput struct {
	pagination.Query
	ID string `path:"id"`
}

func (h *handlers) lessons(ctx context.Context, in *lessonsInput) (*pagination.Response[OutlineView], error) {
	v, err := h.service.findID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return pagination.List(ctx, h.cursors.NewRequest("lessons", v.ID, in.Query),
		func(after *lessonPosition, limit int) ([]lesson, error) {
			return h.service.listLessons(ctx, v.ID, after, limit)
		},
		func(found []lesson) ([]OutlineView, error) {
			p, err := h.service.learnerAmong(ctx, v, found)
			return outlinesOf(found, p), err
		},
		func(l *lesson) lessonPosition { return lessonPosition{l.Position} })
}

type addLessonInput struct {
	ID   string `path:"id"`
	Body struct {
		Title              string      `json:"title" minLength:"1" maxLength:"200"`
		Content            string      `json:"content,omitempty" maxLength:"200000" doc:"Markdown: CommonMark and GFM"`
		AssetKey           *string     `json:"asset_key,omitempty" nullable:"true" maxLength:"512"`
		DurationSeconds    int         `json:"duration_seconds,omitempty" minimum:"0" maximum:"1000000"`
		Captions           []caption   `json:"captions,omitempty" maxItems:"20" doc:"Captions of the lesson's video or sound, one a language"`
		PrerequisiteIDs    []string    `json:"prerequisite_ids,omitempty" maxItems:"20" doc:"Lessons of this course that come first"`
		AvailableFrom      *clock.Time `json:"available_from,omitempty" nullable:"true"`
		AvailableAfterDays *int        `json:"available_after_days,omitempty" nullable:"true" minimum:"0" maximum:"36500" doc:"Days after the learner's first enrollment"`
	}
}

// Resolve implements huma.Resolver.
func (in *addLessonInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

func checkAddLesson(_ context.Context, in *addLessonInput) (faults validation.Faults) {
	b := in.Body
	checkTexts(&faults, b.Title, "")
	checkLesson(&faults, b.Content, b.AvailableFrom, b.Captions)
	return faults
}

// checkLesson notes what is wrong with the parts of a lesson that need no data.
func checkLesson(faults *validation.Faults, content string, from *clock.Time, captions []caption) {
	_, err := checkContent(content)
	faults.Add("content", err)
	faults.Add("available_from", checkAvailableFrom(from))
	_, err = cleanCaptions("captions", captions)
	faults.Add("captions", err)
}

func (h *handlers) addLesson(ctx context.Context, in *addLessonInput) (*httpx.Response[lessonView], error) {
	d := LessonDraft{Title: in.Body.Title, Content: in.Body.Content, DurationSeconds: in.Body.DurationSeconds, Captions: in.Body.Captions,
		PrerequisiteIDs: in.Body.PrerequisiteIDs, AvailableFrom: in.Body.AvailableFrom, AvailableAfterDays: in.Body.AvailableAfterDays}
	if in.Body.AssetKey != nil {
		d.AssetKey = *in.Body.AssetKey
	}
	l, err := h.service.addLesson(ctx, in.ID, d)
	if err != nil {
		return nil, err
	}
	return httpx.Created("/courses/"+l.CourseID+"/lessons/"+l.ID, lessonOf(l)).WithVersion(l.Version), nil
}

type lessonInput struct {
	ID       string `path:"id"`
	LessonID string `path:"lesson_id"`
}

func (h *handlers) lesson(ctx context.Context, in *lessonInput) (*httpx.Response[lessonView], error) {
	l, err := h.service.getLesson(ctx, in.ID, in.LessonID)
	return answerLesson(l, err)
}

// answerLesson answers with a lesson, unless there was an error before.
func answerLesson(l *lesson, err error) (*httpx.Response[lessonView], error) {
	if err != nil {
		return nil, err
	}
	return httpx.OK(lessonOf(l)).WithVersion(l.Version), nil
}

type updateLessonInput struct {
	ID       string `path:"id"`
	LessonID string `path:"lesson_id"`
	Body     struct {
		Title              jsonfield.Optional[string]     `json:"title,omitzero" minLength:"1" maxLength:"200"`
		Content            jsonfield.Nullable[string]     `json:"content,omitzero" maxLength:"200000"`
		AssetKey           jsonfield.Nullable[string]     `json:"asset_key,omitzero" maxLength:"512"`
		DurationSeconds    jsonfield.Nullable[int]        `json:"duration_seconds,omitzero" minimum:"0" maximum:"1000000"`
		Captions           jsonfield.Nullable[[]caption]  `json:"captions,omitzero" maxItems:"20"`
		PrerequisiteIDs    jsonfield.Nullable[[]string]   `json:"prerequisite_ids,omitzero" maxItems:"20"`
		AvailableFrom      jsonfield.Nullable[clock.Time] `json:"available_from,omitzero"`
		AvailableAfterDays jsonfield.Nullable[int]        `json:"available_after_days,omitzero" minimum:"0" maximum:"36500"`
	}
}

// Resolve implements huma.Resolver.
func (in *updateLessonInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

func checkUpdateLesson(_ context.Context, in *updateLessonInput) (faults validation.Faults) {
	b := in.Body
	checkTexts(&faults, valueOf(b.Title.Value), "")
	checkLesson(&faults, b.Content.Value, b.AvailableFrom.Ptr(), b.Captions.Value)
	return faults
}

func (h *handlers) updateLesson(ctx context.Context, in *updateLessonInput) (*httpx.Response[lessonView], error) {
	p := lessonPatch{Title: in.Body.Title.Value, Asset: in.Body.AssetKey.Set, AssetKey: in.Body.AssetKey.Ptr(),
		From: in.Body.AvailableFrom.Set, AvailableFrom: in.Body.AvailableFrom.Ptr(), After: in.Body.AvailableAfterDays.Set, AvailableAfterDays: in.Body.AvailableAfterDays.Ptr()}
	if in.Body.Captions.Set {
		p.Captions = &in.Body.Captions.Value
	}
	if in.Body.PrerequisiteIDs.Set {
		p.Prerequisites = &in.Body.PrerequisiteIDs.Value
	}
	if in.Body.DurationSeconds.Set {
		p.DurationSeconds = &in.Body.DurationSeconds.Value
	}
	l, err := h.service.updateLesson(ctx, in.ID, in.LessonID, cleared(in.Body.Content), p)
	return answerLesson(l, err)
}

func (h *handlers) removeLesson(ctx context.Context, in *lessonInput) (*httpx.Empty, error) {
	return nil, h.service.removeLesson(ctx, in.ID, in.LessonID)
}

type orderInput struct {
	ID   string `path:"id"`
	Body struct {
		LessonIDs []string `json:"lesson_ids" nullable:"false" maxItems:"500" doc:"Each lesson of the course, once"`
	}
}

type orderView struct {
	Items []OutlineView `json:"items" nullable:"false"`
}

func (h *handlers) reorder(ctx context.Context, in *orderInput) (*httpx.Response[orderView], error) {
	lessons, err := h.service.reorder(ctx, in.ID, in.Body.LessonIDs)
	if err != nil {
		return nil, err
	}
	v, err := h.service.findID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p, err := h.service.learnerAmong(ctx, v, lessons)
	if err != nil {
		return nil, err
	}
	return httpx.OK(orderView{outlinesOf(lessons, p)}), nil
}

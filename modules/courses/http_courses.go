package courses

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/modules/courses/internal/catalog"
	"lyceum/modules/courses/internal/course"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/jsonfield"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/text"
)

// handlers answers the routes that change courses and lessons.
type handlers struct {
	service *Service
	catalog *catalog.Handlers
}

// newHandlers returns the handlers. Their answers with a course are those of the catalog.
func newHandlers(s *Service, c *catalog.Handlers) *handlers { return &handlers{s, c} }

// tagText is a tag in a request.
type tagText string

// Schema returns the bounds of a tag.
func (tagText) Schema(huma.Registry) *huma.Schema {
	least, most := 1, course.MaxTag
	return &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most}
}

// textsOf returns tags as texts.
func textsOf(tags []tagText) []string {
	texts := make([]string, len(tags))
	for i, t := range tags {
		texts[i] = string(t)
	}
	return texts
}

// createInput is a new course. Texts that the schema can't check are checked by checkCreate.
type createInput struct {
	Body struct {
		Title       string    `json:"title" minLength:"1" maxLength:"200"`
		Slug        string    `json:"slug,omitempty" maxLength:"100" doc:"Made from the title when left out"`
		Summary     string    `json:"summary,omitempty" maxLength:"500"`
		Description string    `json:"description,omitempty" maxLength:"20000"`
		Visibility  string    `json:"visibility,omitempty" enum:"public,member,private" default:"public"`
		Status      string    `json:"status,omitempty" enum:"draft,published,archived" default:"draft"`
		Tags        []tagText `json:"tags,omitempty" maxItems:"50"`
		CoverKey    *string   `json:"cover_key,omitempty" nullable:"true" maxLength:"512" doc:"Key of a completed asset"`
	}
}

// Resolve implements huma.Resolver.
func (in *createInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkCreate returns every fault of a new course that can be found without the database.
func checkCreate(_ context.Context, in *createInput) (faults validation.Faults) {
	checkTexts(&faults, in.Body.Title, in.Body.Slug)
	checkTags(&faults, in.Body.Tags)
	return faults
}

// checkTexts adds the faults of a title and a slug. An empty text was left out, or the schema refuses it.
func checkTexts(faults *validation.Faults, title, slug string) {
	if title != "" {
		_, err := course.CleanLine("title", title, course.MaxTitle)
		faults.Add("title", err)
	}
	if slug != "" {
		_, err := course.CleanSlug(slug)
		faults.Add("slug", err)
	}
}

// checkTags adds the faults of tags, unless the schema has found some.
func checkTags(faults *validation.Faults, tags []tagText) {
	for _, t := range tags {
		if t == "" || text.CountRunes(string(t)) > course.MaxTag {
			return
		}
	}
	faults.Add("tags", new(course.Course).SetTags(textsOf(tags)))
}

const createCourseDoc = "For instructors. The course belongs to the caller and is a draft unless status says " +
	"otherwise. Without a slug one is made of the title."

// createCourse answers POST /courses with 201 and the new course. The slug of another course is 409
// slug-taken.
func (h *handlers) createCourse(ctx context.Context, in *createInput) (*httpx.Response[catalog.DetailView], error) {
	b := in.Body
	d := CourseContent{
		Title: b.Title, Slug: b.Slug, Summary: b.Summary, Description: b.Description,
		Visibility: b.Visibility, Status: b.Status, Tags: textsOf(b.Tags),
	}
	if b.CoverKey != nil {
		d.CoverKey = *b.CoverKey
	}
	c, err := h.service.createCourse(ctx, d)
	if err != nil {
		return nil, err
	}
	return h.answerCreated(ctx, c)
}

// answerCreated returns the answer with a course that was created now.
func (h *handlers) answerCreated(
	ctx context.Context, c *course.Course,
) (*httpx.Response[catalog.DetailView], error) {
	answer, err := h.catalog.AnswerDetails(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	answer.Status, answer.Location = http.StatusCreated, "/courses/"+c.ID
	return answer, nil
}

// updateInput is an edit of a course. A field that is left out stays as it is; null clears the fields
// that may be empty.
type updateInput struct {
	ID   string `path:"id"`
	Body struct {
		Title       jsonfield.Optional[string]    `json:"title,omitzero" minLength:"1" maxLength:"200"`
		Slug        jsonfield.Optional[string]    `json:"slug,omitzero" minLength:"1" maxLength:"100"`
		Summary     jsonfield.Nullable[string]    `json:"summary,omitzero" maxLength:"500"`
		Description jsonfield.Nullable[string]    `json:"description,omitzero" maxLength:"20000"`
		Visibility  jsonfield.Optional[string]    `json:"visibility,omitzero" enum:"public,member,private"`
		Status      jsonfield.Optional[string]    `json:"status,omitzero" enum:"draft,published,archived"`
		Tags        jsonfield.Nullable[[]tagText] `json:"tags,omitzero" maxItems:"50"`
		CoverKey    jsonfield.Nullable[string]    `json:"cover_key,omitzero" maxLength:"512"`
	}
}

// Resolve implements huma.Resolver.
func (in *updateInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkUpdate is checkCreate for an edit.
func checkUpdate(_ context.Context, in *updateInput) (faults validation.Faults) {
	checkTexts(&faults, textOrEmpty(in.Body.Title.Value), textOrEmpty(in.Body.Slug.Value))
	checkTags(&faults, in.Body.Tags.Value)
	return faults
}

// textOrEmpty returns the text of an optional field, empty if it was left out.
func textOrEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

const updateCourseDoc = "For the owner and administrators. Fields that are left out stay as they are. Publishing a course " +
	"for the first time notifies its learners. With If-Match a change by somebody else in the meantime is " +
	"412."

// updateCourse answers PATCH /courses/{id} with the course as it is then. If-Match is checked against the
// version of the course.
func (h *handlers) updateCourse(ctx context.Context, in *updateInput) (*httpx.Response[catalog.DetailView], error) {
	b := in.Body
	changes := course.Changes{
		Title: b.Title.Value, Slug: b.Slug.Value,
		Summary: valueOrCleared(b.Summary), Description: valueOrCleared(b.Description),
		Visibility: b.Visibility.Value, Status: b.Status.Value,
		HasCover: b.CoverKey.Set, CoverKey: b.CoverKey.Ptr(),
	}
	if b.Tags.Set {
		tags := textsOf(b.Tags.Value)
		changes.Tags = &tags
	}
	if err := h.service.updateCourse(ctx, in.ID, changes); err != nil {
		return nil, err
	}
	return h.catalog.AnswerDetails(ctx, in.ID)
}

// valueOrCleared returns nil for a field that was left out, and the empty text for null.
func valueOrCleared(field jsonfield.Nullable[string]) *string {
	if !field.Set {
		return nil
	}
	return &field.Value
}

const cloneDoc = "Copies lessons and what they wait for, but no learner. The copy is the caller's own."

// cloneInput says how the copy differs. The body may be left out.
type cloneInput struct {
	ID   string `path:"id"`
	Body *struct {
		Title     string `json:"title,omitempty" maxLength:"200" doc:"The same when left out"`
		Slug      string `json:"slug,omitempty" maxLength:"100" doc:"Made from the title when left out"`
		ShiftDays int    `json:"shift_days,omitempty" minimum:"-36500" maximum:"36500" doc:"Moves every available_from by whole days"`
		TimeZone  string `json:"time_zone,omitempty" minLength:"1" maxLength:"100" doc:"IANA name, such as Europe/Berlin: moved times keep what clocks show there. Left out: a day has 24 hours"`
	}
}

// Resolve implements huma.Resolver.
func (in *cloneInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkClone returns every fault of a clone that can be found without the database.
func checkClone(_ context.Context, in *cloneInput) (faults validation.Faults) {
	if in.Body == nil {
		return nil
	}
	checkTexts(&faults, in.Body.Title, in.Body.Slug)
	_, err := newDateShift(in.Body.ShiftDays, in.Body.TimeZone)
	faults.Add("time_zone", err)
	return faults
}

// cloneCourse answers POST /courses/{id}/clone with 201 and the copy.
func (h *handlers) cloneCourse(ctx context.Context, in *cloneInput) (*httpx.Response[catalog.DetailView], error) {
	var o cloneOptions
	if b := in.Body; b != nil {
		o = cloneOptions{Title: b.Title, Slug: b.Slug, ShiftDays: b.ShiftDays, TimeZone: b.TimeZone}
	}
	c, err := h.service.cloneCourse(ctx, in.ID, o)
	if err != nil {
		return nil, err
	}
	return h.answerCreated(ctx, c)
}

// courseInput names a course by its id.
type courseInput struct {
	ID string `path:"id"`
}

const deleteCourseDoc = "For the owner and administrators. The course can be restored for 30 days, with its learners " +
	"and their progress. Its channels are closed to learners."

// deleteCourse answers DELETE /courses/{id} with 204. The course stays in the trash for 30 days.
func (h *handlers) deleteCourse(ctx context.Context, in *courseInput) (*httpx.Empty, error) {
	return nil, h.service.deleteCourse(ctx, in.ID)
}

const restoreDoc = "It comes back with its learners and their progress. Its slug gets a number when another course " +
	"has it by now."

// restoreCourse answers POST /courses/{id}/restore with the course. A course that is not in the trash is
// answered as it is.
func (h *handlers) restoreCourse(ctx context.Context, in *courseInput) (*httpx.Response[catalog.DetailView], error) {
	if err := h.service.restoreCourse(ctx, in.ID); err != nil {
		return nil, err
	}
	return h.catalog.AnswerDetails(ctx, in.ID)
}

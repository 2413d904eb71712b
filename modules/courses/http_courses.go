package courses

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/httpx"
	"lyceum/platform/httpx/jsonfield"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

type handlers struct {
	service *Service
	cursors *pagination.Cursors
}

func newHandlers(s *Service, c *pagination.Cursors) *handlers { return &handlers{s, c} }

type listInput struct {
	pagination.Query
	Visibility string `query:"visibility" enum:"public,member,private"`
	Status     string `query:"status" enum:"draft,published,archived,deleted" default:"published"`
	Q          string `query:"q" maxLength:"200" doc:"Words that occur in title, summary or tags; case is ignored"`
	Tag        string `query:"tag" maxLength:"50"`
	Owner      string `query:"owner" maxLength:"100" doc:"Id of the owner"`
	Sort       string `query:"sort" enum:"newest,title,updated" default:"newest"`
}

func (h *handlers) list(ctx context.Context, in *listInput) (*pagination.Response[CourseView], error) {
	caller := identity.CallerFrom(ctx)
	f := filter{Visibility: in.Visibility, Status: in.Status, Q: in.Q, Tag: in.Tag, Owner: in.Owner, Sort: in.Sort}
	if err := f.checkCaller(caller); err != nil {
		return nil, err
	}
	return pagination.List(ctx, h.cursors.NewRequest("courses", f, in.Query),
		func(after *position, limit int) ([]listed, error) {
			return h.service.listCourses(ctx, f, after, limit)
		},
		func(found []listed) ([]CourseView, error) {
			people, err := h.service.ownersOf(ctx, found)
			return pagination.MapRows(found, func(l *listed) CourseView {
				return viewOf(caller, &l.Course, l.Sums, people[l.Course.OwnerID])
			}), err
		},
		func(l *listed) position { return f.positionOf(&l.Course) })
}

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

func checkCreate(_ context.Context, in *createInput) (faults validation.Faults) {
	checkTexts(&faults, in.Body.Title, in.Body.Slug)
	checkTags(&faults, in.Body.Tags)
	return faults
}

// checkTexts notes what is wrong with a title and a slug; what is empty was left out, or is refused by the schema.
func checkTexts(faults *validation.Faults, title, slug string) {
	if title != "" {
		_, err := cleanLine("title", title, maxTitle)
		faults.Add("title", err)
	}
	if slug != "" {
		_, err := givenSlug(slug)
		faults.Add("slug", err)
	}
}

func checkTags(faults *validation.Faults, tags []tagText) {
	for _, t := range tags {
		if t == "" || text.CountRunes(string(t)) > maxTag {
			return // the schema names it
		}
	}
	faults.Add("tags", new(course).setTags(plain(tags)))
}

func (h *handlers) create(ctx context.Context, in *createInput) (*httpx.Response[detailView], error) {
	b := in.Body
	d := Draft{Title: b.Title, Slug: b.Slug, Summary: b.Summary, Description: b.Description, Visibility: b.Visibility, Status: b.Status, Tags: plain(b.Tags)}
	if b.CoverKey != nil {
		d.CoverKey = *b.CoverKey
	}
	c, err := h.service.create(ctx, d)
	return h.created(ctx, c, err)
}

type courseInput struct {
	ID string `path:"id"`
}

func (h *handlers) get(ctx context.Context, in *courseInput) (*httpx.Response[detailView], error) {
	return h.detailed(ctx, in.ID, nil)
}

// detailed answers with a course as the caller finds it now, unless there was an error before.
func (h *handlers) detailed(ctx context.Context, idOrSlug string, err error) (*httpx.Response[detailView], error) {
	if err != nil {
		return nil, err
	}
	d, err := h.service.getDetails(ctx, idOrSlug)
	if err != nil {
		return nil, err
	}
	return httpx.OK(detailOf(identity.CallerFrom(ctx), d)).WithVersion(d.Version), nil
}

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

func checkUpdate(_ context.Context, in *updateInput) (faults validation.Faults) {
	checkTexts(&faults, valueOf(in.Body.Title.Value), valueOf(in.Body.Slug.Value))
	checkTags(&faults, in.Body.Tags.Value)
	return faults
}

// valueOf is the text of an optional field, empty when it was left out.
func valueOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (h *handlers) update(ctx context.Context, in *updateInput) (*httpx.Response[detailView], error) {
	b := in.Body
	p := patch{Title: b.Title.Value, Slug: b.Slug.Value, Summary: cleared(b.Summary), Description: cleared(b.Description),
		Visibility: b.Visibility.Value, Status: b.Status.Value, Cover: b.CoverKey.Set, CoverKey: b.CoverKey.Ptr()}
	if b.Tags.Set {
		tags := plain(b.Tags.Value)
		p.Tags = &tags
	}
	_, err := h.service.update(ctx, in.ID, p)
	return h.detailed(ctx, in.ID, err)
}

// cleared turns null into the empty text.
func cleared(o jsonfield.Nullable[string]) *string {
	if !o.Set {
		return nil
	}
	return &o.Value
}

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

func checkClone(_ context.Context, in *cloneInput) (faults validation.Faults) {
	if in.Body == nil {
		return nil
	}
	checkTexts(&faults, in.Body.Title, in.Body.Slug)
	_, err := zoneOf(in.Body.TimeZone)
	faults.Add("time_zone", err)
	return faults
}

func (h *handlers) clone(ctx context.Context, in *cloneInput) (*httpx.Response[detailView], error) {
	var n cloning
	if b := in.Body; b != nil {
		n = cloning{b.Title, b.Slug, b.ShiftDays, b.TimeZone}
	}
	c, err := h.service.clone(ctx, in.ID, n)
	return h.created(ctx, c, err)
}

// created answers with a course that was made now.
func (h *handlers) created(ctx context.Context, c *course, err error) (*httpx.Response[detailView], error) {
	if err != nil {
		return nil, err
	}
	out, err := h.detailed(ctx, c.ID, nil)
	if err != nil {
		return nil, err
	}
	out.Status, out.Location = http.StatusCreated, "/courses/"+c.ID
	return out, nil
}

func (h *handlers) restore(ctx context.Context, in *courseInput) (*httpx.Response[detailView], error) {
	return h.detailed(ctx, in.ID, h.service.restore(ctx, in.ID))
}

func (h *handlers) remove(ctx context.Context, in *courseInput) (*httpx.Empty, error) {
	return nil, h.service.remove(ctx, in.ID)
}

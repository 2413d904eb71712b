package chat

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/keyset"
	"lyceum/platform/ws"
)

type handlers struct {
	service *Service
	rooms   *rooms
	hub     *ws.Hub
	gate    *httpx.Authenticator
	cursors *pagination.Cursors
}

func newHandlers(s *Service, r *rooms, h *ws.Hub, g *httpx.Authenticator, c *pagination.Cursors) *handlers {
	return &handlers{s, r, h, g, c}
}

type channelView struct {
	Slug       string  `json:"slug"`
	Title      string  `json:"title"`
	Visibility string  `json:"visibility" enum:"public,member,course,private"`
	CourseID   *string `json:"course_id,omitempty"`
	LastSeq    int64   `json:"last_seq" doc:"Number of the newest message; 0 for none"`
	Unread     int64   `json:"unread" doc:"Messages of others after the caller's mark"`
}

func viewOf(l *listed) channelView {
	c := &l.Channel
	return channelView{c.Slug, c.Title, c.Visibility, c.CourseID, c.LastSeq, l.unread()}
}

func (h *handlers) list(ctx context.Context, in *pagination.Query) (*pagination.Response[channelView], error) {
	return pagination.List(ctx, h.cursors.NewRequest("channels", nil, *in),
		func(after *keyset.Position, limit int) ([]listed, error) {
			return h.service.listChannels(ctx, after, limit)
		},
		pagination.ViewEach(viewOf),
		func(l *listed) keyset.Position {
			return keyset.Position{CreatedAt: l.Channel.CreatedAt, ID: l.Channel.ID}
		})
}

type slugInput struct {
	Slug string `path:"slug"`
}

func (h *handlers) get(ctx context.Context, in *slugInput) (*httpx.Response[channelView], error) {
	l, err := h.service.getChannel(ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	return httpx.OK(viewOf(l)).WithVersion(l.Channel.Version), nil
}

type createInput struct {
	Body struct {
		Slug       *string `json:"slug,omitempty" pattern:"^[a-z0-9-]{1,64}$" doc:"Left out: made from the title"`
		Title      string  `json:"title" minLength:"1" maxLength:"200"`
		Visibility string  `json:"visibility" enum:"public,member,course,private"`
		CourseID   *string `json:"course_id,omitempty" doc:"For visibility course"`
	}
}

// Resolve implements huma.Resolver.
func (in *createInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

func checkCreate(_ context.Context, in *createInput) (faults validation.Faults) {
	checkTitle(&faults, &in.Body.Title)
	faults.Add("course_id", pairCourse(in.Body.Visibility, in.Body.CourseID))
	return faults
}

// checkTitle notes what is wrong with a title; an empty one was left out, or is refused by the schema.
func checkTitle(faults *validation.Faults, title *string) {
	if title != nil && *title != "" {
		_, err := titleOf(*title)
		faults.Add("title", err)
	}
}

func (h *handlers) create(ctx context.Context, in *createInput) (*httpx.Response[channelView], error) {
	n := newChannel{Title: in.Body.Title, Visibility: in.Body.Visibility, CourseID: in.Body.CourseID}
	if in.Body.Slug != nil {
		if !slugForm.MatchString(*in.Body.Slug) {
			return nil, apperr.Invalid("slug", "1 to 64 of a-z, 0-9 and -")
		}
		n.Slug = *in.Body.Slug
	}
	c, err := h.service.create(ctx, n)
	if err != nil {
		return nil, err
	}
	return httpx.Created("/channels/"+c.Slug, viewOf(&listed{Channel: *c})).WithVersion(c.Version), nil
}

type updateInput struct {
	Slug string `path:"slug"`
	Body struct {
		Title      *string `json:"title,omitempty" minLength:"1" maxLength:"200"`
		Visibility *string `json:"visibility,omitempty" enum:"public,member,course,private"`
		CourseID   *string `json:"course_id,omitempty" doc:"For visibility course"`
	}
}

// Resolve implements huma.Resolver.
func (in *updateInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

func checkUpdate(_ context.Context, in *updateInput) (faults validation.Faults) {
	checkTitle(&faults, in.Body.Title)
	return faults
}

func (h *handlers) update(ctx context.Context, in *updateInput) (*httpx.Response[channelView], error) {
	l, err := h.service.update(ctx, in.Slug, channelPatch(in.Body))
	if err != nil {
		return nil, err
	}
	return httpx.OK(viewOf(l)).WithVersion(l.Channel.Version), nil
}

func (h *handlers) remove(ctx context.Context, in *slugInput) (*httpx.Empty, error) {
	return nil, h.service.remove(ctx, in.Slug)
}

type memberInput struct {
	Slug   string `path:"slug"`
	UserID string `path:"user_id"`
}

type memberView struct {
	User      personView `json:"user"`
	CreatedAt clock.Time `json:"created_at"`
}

func (h *handlers) memberView(ctx context.Context, m *membership) (*httpx.Response[memberView], error) {
	p, err := h.service.person(ctx, m.UserID)
	if err != nil {
		return nil, err
	}
	return httpx.OK(memberView{personView(p), m.CreatedAt}).WithETag(), nil
}

func (h *handlers) member(ctx context.Context, in *memberInput) (*httpx.Response[memberView], error) {
	m, err := h.service.memberOf(ctx, in.Slug, in.UserID)
	if err != nil {
		return nil, err
	}
	return h.memberView(ctx, m)
}

func (h *handlers) addMember(ctx context.Context, in *memberInput) (*httpx.Response[memberView], error) {
	m, err := h.service.addMember(ctx, in.Slug, in.UserID)
	if err != nil {
		return nil, err
	}
	return h.memberView(ctx, m)
}

func (h *handlers) removeMember(ctx context.Context, in *memberInput) (*httpx.Empty, error) {
	return nil, h.service.removeMember(ctx, in.Slug, in.UserID)
}

package invites

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/identity"
	"lyceum/platform/keyset"
	"lyceum/platform/text"
)

type handlers struct {
	service *Service
	cursors *pagination.Cursors
}

func newHandlers(s *Service, c *pagination.Cursors) *handlers { return &handlers{s, c} }

type inviteView struct {
	ID          string        `json:"id"`
	Code        string        `json:"code,omitempty" doc:"Only in the answer to its creation"`
	CodePrefix  string        `json:"code_prefix"`
	RoleToGrant identity.Role `json:"role_to_grant" enum:"member,instructor,admin"`
	ExpiresAt   *clock.Time   `json:"expires_at" nullable:"true" doc:"null: never"`
	MaxUses     int           `json:"max_uses"`
	Uses        int           `json:"uses"`
	Email       *string       `json:"email" doc:"Only this address may redeem it"`
	Note        string        `json:"note"`
	Status      string        `json:"status" enum:"active,exhausted,expired,revoked"`
	BatchID     *string       `json:"batch_id" doc:"What it was made together with; null for one made alone"`
	CourseIDs   []string      `json:"course_ids" nullable:"false" doc:"Courses that whoever redeems it is enrolled in"`
	CreatedAt   clock.Time    `json:"created_at"`
}

func viewOf(i *invite, now clock.Time) inviteView {
	return inviteView{ID: i.ID, CodePrefix: i.CodePrefix, RoleToGrant: i.RoleToGrant, ExpiresAt: i.ExpiresAt, MaxUses: i.MaxUses,
		Uses: i.Uses, Email: i.address(), Note: i.Note, Status: i.status(now), BatchID: i.BatchID, CourseIDs: i.courses(), CreatedAt: i.CreatedAt}
}

type createInput struct {
	Body struct {
		RoleToGrant identity.Role `json:"role_to_grant" enum:"member,instructor,admin"`
		ExpiresAt   *clock.Time   `json:"expires_at,omitempty" doc:"Left out: never"`
		MaxUses     int           `json:"max_uses,omitempty" default:"1" minimum:"1" maximum:"10000"`
		Email       string        `json:"email,omitempty" maxLength:"1000" doc:"Only this address may redeem it, and the code is mailed there"`
		CourseIDs   []string      `json:"course_ids,omitempty" maxItems:"100" doc:"Courses that whoever redeems it is enrolled in, too"`
		Note        string        `json:"note,omitempty" maxLength:"500"`
	}
}

// Resolve implements huma.Resolver.
func (in *createInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

func (h *handlers) checkCreate(_ context.Context, in *createInput) (faults validation.Faults) {
	h.checkGrant(&faults, in.Body.ExpiresAt, in.Body.Note)
	if in.Body.Email != "" {
		_, err := text.NormalizeEmail(in.Body.Email)
		faults.Add("email", err)
	}
	return faults
}

// checkGrant notes what is wrong with the parts of a grant that need no data.
func (h *handlers) checkGrant(faults *validation.Faults, expiresAt *clock.Time, note string) {
	faults.Add("expires_at", checkExpiry(expiresAt, h.service.clock.Now()))
	faults.Add("note", text.CheckLine(note))
}

func (h *handlers) create(ctx context.Context, in *createInput) (*httpx.Response[inviteView], error) {
	b := in.Body
	m, err := h.service.create(ctx, newInvite{grant{b.RoleToGrant, b.ExpiresAt, b.CourseIDs, b.Note}, max(b.MaxUses, 1), b.Email})
	if err != nil {
		return nil, err
	}
	v := viewOf(m.invite, h.service.clock.Now())
	v.Code = m.Code
	return httpx.Created("/admin/invites/"+m.ID, v), nil
}

type listInput struct {
	pagination.Query
	Status  string `query:"status" enum:"active,exhausted,expired,revoked"`
	BatchID string `query:"batch_id" doc:"Those that were made together"`
}

func (h *handlers) list(ctx context.Context, in *listInput) (*pagination.Response[inviteView], error) {
	f, now := filter{in.Status, in.BatchID}, h.service.clock.Now()
	return pagination.List(ctx, h.cursors.NewRequest("invites", f, in.Query),
		func(after *keyset.Position, limit int) ([]invite, error) {
			return h.service.listInvites(ctx, f, now, after, limit)
		},
		pagination.ViewEach(func(i *invite) inviteView { return viewOf(i, now) }),
		func(i *invite) keyset.Position { return keyset.Position{CreatedAt: i.CreatedAt, ID: i.ID} })
}

type idInput struct {
	ID string `path:"id"`
}

func (h *handlers) get(ctx context.Context, in *idInput) (*httpx.Response[inviteView], error) {
	i, err := h.service.getInvite(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return httpx.OK(viewOf(i, h.service.clock.Now())).WithETag(), nil
}

func (h *handlers) resend(ctx context.Context, in *idInput) (*httpx.Response[inviteView], error) {
	i, err := h.service.resend(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return httpx.OK(viewOf(i, h.service.clock.Now())).WithETag(), nil
}

func (h *handlers) revoke(ctx context.Context, in *idInput) (*httpx.Empty, error) {
	return nil, h.service.revoke(ctx, in.ID)
}

type redeemInput struct {
	Body struct {
		// Not bounded here: what is too long must take the steps that every wrong code takes.
		Code string `json:"code" minLength:"1" doc:"1 to 128 characters; case, dashes and spaces don't matter"`
	}
}

type redeemView struct {
	Role    identity.Role `json:"role" doc:"The caller's role now"`
	Granted bool          `json:"granted" doc:"Whether this use raised it"`
	// Courses are told again with every use.
	Courses []courseView `json:"courses" nullable:"false" doc:"Courses that the invite enrolls in"`
}

type courseView struct {
	ID    string `json:"id"`
	Slug  string `json:"slug"`
	Title string `json:"title"`
}

func (h *handlers) redeem(ctx context.Context, in *redeemInput) (*httpx.Response[redeemView], error) {
	r, err := h.service.redeem(ctx, in.Body.Code)
	if err != nil {
		return nil, err
	}
	v := redeemView{r.Role, r.Granted, make([]courseView, len(r.Courses))}
	for n, c := range r.Courses {
		v.Courses[n] = courseView(c)
	}
	return httpx.OK(v), nil
}

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

// handlers answers the requests of the module.
type handlers struct {
	service *Service
	cursors *pagination.Cursors
}

func newHandlers(s *Service, c *pagination.Cursors) *handlers { return &handlers{s, c} }

// inviteView is what administrators see of an invite.
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

func newInviteView(i *invite, now clock.Time) inviteView {
	return inviteView{
		ID: i.ID, CodePrefix: i.CodePrefix, RoleToGrant: i.RoleToGrant, ExpiresAt: i.ExpiresAt, MaxUses: i.MaxUses,
		Uses: i.Uses, Email: i.address(), Note: i.Note, Status: i.status(now), BatchID: i.BatchID,
		CourseIDs: i.courseIDs(), CreatedAt: i.CreatedAt,
	}
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

// checkCreate returns the faults of a new invite that no data is needed for.
func (h *handlers) checkCreate(_ context.Context, in *createInput) (faults validation.Faults) {
	h.checkGrant(&faults, in.Body.ExpiresAt, in.Body.Note)
	if in.Body.Email != "" {
		_, err := text.NormalizeEmail(in.Body.Email)
		faults.Add("email", err)
	}
	return faults
}

// checkGrant adds the faults of a grant that no data is needed for.
func (h *handlers) checkGrant(faults *validation.Faults, expiresAt *clock.Time, note string) {
	faults.Add("expires_at", checkExpiry(expiresAt, h.service.clock.Now()))
	faults.Add("note", text.CheckLine(note))
}

const createDoc = "For administrators. The code is in this answer only; with an address it is mailed as well, " +
	"and only that address may redeem it. course_ids are courses in which accounts are enrolled " +
	"when they redeem it."

// create answers POST /admin/invites.
func (h *handlers) create(ctx context.Context, in *createInput) (*httpx.Response[inviteView], error) {
	b := in.Body
	created, err := h.service.create(ctx, inviteParams{
		grant: grant{b.RoleToGrant, b.ExpiresAt, b.CourseIDs, b.Note}, MaxUses: max(b.MaxUses, 1), Email: b.Email,
	})
	if err != nil {
		return nil, err
	}
	v := newInviteView(created.invite, h.service.clock.Now())
	v.Code = created.Code
	return httpx.Created("/admin/invites/"+created.ID, v), nil
}

type listInput struct {
	pagination.Query
	Status  string `query:"status" enum:"active,exhausted,expired,revoked"`
	BatchID string `query:"batch_id" doc:"Those that were made together"`
}

const listDoc = "For administrators. Returns invites, the newest first, without their codes, filtered by " +
	"status and batch."

// list answers GET /admin/invites.
func (h *handlers) list(ctx context.Context, in *listInput) (*pagination.Response[inviteView], error) {
	f, now := listFilter{in.Status, in.BatchID}, h.service.clock.Now()
	return pagination.List(ctx, h.cursors.NewRequest("invites", f, in.Query),
		func(after *keyset.Position, limit int) ([]invite, error) {
			return h.service.listInvites(ctx, f, now, after, limit)
		},
		pagination.ViewEach(func(i *invite) inviteView { return newInviteView(i, now) }),
		func(i *invite) keyset.Position { return keyset.Position{CreatedAt: i.CreatedAt, ID: i.ID} })
}

type idInput struct {
	ID string `path:"id"`
}

const getDoc = "For administrators. Returns an invite without its code. Unknown ids are 404."

// get answers GET /admin/invites/{id}.
func (h *handlers) get(ctx context.Context, in *idInput) (*httpx.Response[inviteView], error) {
	i, err := h.service.getInvite(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return httpx.OK(newInviteView(i, h.service.clock.Now())).WithETag(), nil
}

const resendDescription = "For an invite with an address that is still open: its mail was lost. The new code goes there and is " +
	"not in the answer; the old one is void. 410 for an invite that has ended, 409 `no-email` for one without an address."

// resend answers POST /admin/invites/{id}/resend.
func (h *handlers) resend(ctx context.Context, in *idInput) (*httpx.Response[inviteView], error) {
	i, err := h.service.resend(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return httpx.OK(newInviteView(i, h.service.clock.Now())).WithETag(), nil
}

const revokeDoc = "For administrators. Ends an invite. Revoking it again changes nothing."

// revoke answers DELETE /admin/invites/{id}.
func (h *handlers) revoke(ctx context.Context, in *idInput) (*httpx.Empty, error) {
	return nil, h.service.revoke(ctx, in.ID)
}

type redeemInput struct {
	Body struct {
		// Without a maximum: a code that is too long takes the steps of every wrong code.
		Code string `json:"code" minLength:"1" doc:"1 to 128 characters; case, dashes and spaces don't matter"`
	}
}

// redeemView is the result of a redemption.
type redeemView struct {
	Role    identity.Role `json:"role" doc:"The caller's role now"`
	Granted bool          `json:"granted" doc:"Whether this use raised it"`
	Courses []courseView  `json:"courses" nullable:"false" doc:"Courses that the invite enrolls in"`
}

// courseView is a course that an invite enrolls in.
type courseView struct {
	ID    string `json:"id"`
	Slug  string `json:"slug"`
	Title string `json:"title"`
}

const redeemDoc = "Raises the caller's role to that of the invite, never lowers it, and enrolls in its courses. " +
	"granted says whether the role has changed, which consumes a use. Redeeming again changes " +
	"nothing. Invites that have ended are 410, unknown codes 404."

// redeem answers POST /invites/redeem.
func (h *handlers) redeem(ctx context.Context, in *redeemInput) (*httpx.Response[redeemView], error) {
	o, err := h.service.redeem(ctx, in.Body.Code)
	if err != nil {
		return nil, err
	}
	v := redeemView{o.Role, o.Granted, make([]courseView, len(o.Courses))}
	for n, c := range o.Courses {
		v.Courses[n] = courseView{c.ID, c.Slug, c.Title}
	}
	return httpx.OK(v), nil
}

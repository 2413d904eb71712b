package users

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/jsonfield"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/identity"
	"lyceum/platform/keyset"
	"lyceum/platform/text"
)

// adminView is what administrators see of an account.
type adminView struct {
	ID            string        `json:"id"`
	Email         string        `json:"email"`
	DisplayName   string        `json:"display_name"`
	Role          identity.Role `json:"role" enum:"user,member,instructor,admin"`
	Status        string        `json:"status" enum:"active,disabled"`
	EmailVerified bool          `json:"email_verified"`
	CreatedAt     clock.Time    `json:"created_at"`
	LastLoginAt   *clock.Time   `json:"last_login_at" nullable:"true"`
}

func viewOf(u *user) adminView {
	return adminView{u.ID, u.Email, u.DisplayName, u.Role, u.Status, u.EmailVerified, u.CreatedAt, u.LastLoginAt}
}

type listInput struct {
	pagination.Query
	Q      string `query:"q" maxLength:"200" doc:"Part of the address or display name"`
	Role   string `query:"role" enum:"user,member,instructor,admin"`
	Status string `query:"status" enum:"active,disabled"`
}

func (h *handlers) list(ctx context.Context, in *listInput) (*pagination.Response[adminView], error) {
	f := listFilter{in.Q, in.Role, in.Status}
	return pagination.List(ctx, h.cursors.NewRequest("users", f, in.Query),
		func(after *keyset.Position, limit int) ([]user, error) {
			return h.service.listAccounts(ctx, f, after, limit)
		},
		pagination.ViewEach(viewOf), positionOf)
}

func positionOf(u *user) keyset.Position { return keyset.Position{CreatedAt: u.CreatedAt, ID: u.ID} }

type idInput struct {
	ID string `path:"id"`
}

func (h *handlers) get(ctx context.Context, in *idInput) (*httpx.Response[adminView], error) {
	u, err := h.service.getAccount(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return httpx.OK(viewOf(u)).WithVersion(u.Version), nil
}

type patchInput struct {
	ID   string `path:"id"`
	Body struct {
		Role        jsonfield.Optional[identity.Role] `json:"role,omitzero" enum:"user,member,instructor,admin"`
		Status      jsonfield.Optional[string]        `json:"status,omitzero" enum:"active,disabled"`
		DisplayName jsonfield.Nullable[string]        `json:"display_name,omitzero" minLength:"1" maxLength:"100" doc:"null falls back to the local part of the address"`
		Email       jsonfield.Optional[string]        `json:"email,omitzero" minLength:"1" maxLength:"1000" doc:"Another address is not verified, and the account's sessions end"`
	}
}

// Resolve implements huma.Resolver.
func (in *patchInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkPatch holds a change to the rules that need no data.
func checkPatch(_ context.Context, in *patchInput) (faults validation.Faults) {
	if email := in.Body.Email.Value; email != nil && *email != "" {
		_, err := text.NormalizeEmail(*email)
		faults.Add("email", err)
	}
	faults.Add("display_name", checkName(in.Body.DisplayName))
	return faults
}

func (h *handlers) patch(ctx context.Context, in *patchInput) (*httpx.Response[adminView], error) {
	u, err := h.service.update(ctx, in.ID, patch{in.Body.Role.Value, in.Body.Status.Value, in.Body.DisplayName.Ptr(), in.Body.DisplayName.Null, in.Body.Email.Value})
	if err != nil {
		return nil, err
	}
	return httpx.OK(viewOf(u)).WithVersion(u.Version), nil
}

func (h *handlers) remove(ctx context.Context, in *idInput) (*httpx.Empty, error) {
	return nil, h.holders.remove(ctx, in.ID)
}

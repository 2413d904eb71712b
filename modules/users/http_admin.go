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

func newAdminView(a *account) adminView {
	return adminView{a.ID, a.Email, a.DisplayName, a.Role, a.Status, a.EmailVerified, a.CreatedAt, a.LastLoginAt}
}

type listInput struct {
	pagination.Query
	Q      string `query:"q" maxLength:"200" doc:"Part of the address or display name"`
	Role   string `query:"role" enum:"user,member,instructor,admin"`
	Status string `query:"status" enum:"active,disabled"`
}

const listAccountsDoc = "For administrators. Returns accounts, the newest first, filtered by role, status and a part " +
	"of the address or the name."

// listAccounts answers GET /admin/users.
func (h *handlers) listAccounts(ctx context.Context, in *listInput) (*pagination.Response[adminView], error) {
	f := listFilter{in.Q, in.Role, in.Status}
	return pagination.List(ctx, h.cursors.NewRequest("users", f, in.Query),
		func(after *keyset.Position, limit int) ([]account, error) {
			return h.service.listAccounts(ctx, f, after, limit)
		},
		pagination.ViewEach(newAdminView),
		func(a *account) keyset.Position { return keyset.Position{CreatedAt: a.CreatedAt, ID: a.ID} })
}

type idInput struct {
	ID string `path:"id"`
}

const getAccountDoc = "For administrators. Returns an account with its status and the time of its last login."

// getAccount answers GET /admin/users/{id}.
func (h *handlers) getAccount(ctx context.Context, in *idInput) (*httpx.Response[adminView], error) {
	a, err := h.service.getAccount(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return httpx.OK(newAdminView(a)).WithVersion(a.Version), nil
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

// checkPatch returns the faults of a change that no data is needed for.
func checkPatch(_ context.Context, in *patchInput) (faults validation.Faults) {
	if email := in.Body.Email.Value; email != nil && *email != "" {
		_, err := text.NormalizeEmail(*email)
		faults.Add("email", err)
	}
	faults.Add("display_name", checkGivenName(in.Body.DisplayName))
	return faults
}

const patchAccountDoc = "For administrators. Changes the role, the status, the address or the display name. A " +
	"disabled account is signed out everywhere. The last active administrator can't be demoted or " +
	"disabled: 409 last-admin."

// patchAccount answers PATCH /admin/users/{id}.
func (h *handlers) patchAccount(ctx context.Context, in *patchInput) (*httpx.Response[adminView], error) {
	b := in.Body
	a, err := h.service.updateAccount(ctx, in.ID, accountPatch{
		Role: b.Role.Value, Status: b.Status.Value, Email: b.Email.Value,
		DisplayName: b.DisplayName.Ptr(), ClearName: b.DisplayName.Null,
	})
	if err != nil {
		return nil, err
	}
	return httpx.OK(newAdminView(a)).WithVersion(a.Version), nil
}

const deleteDescription = "Each module erases or anonymizes its part: courses and messages stay under the name " +
	"Deleted user. Audit entries stay under an id that names nobody. The address is free again. The last active " +
	"administrator can't be deleted."

// deleteAccount answers DELETE /admin/users/{id}.
func (h *handlers) deleteAccount(ctx context.Context, in *idInput) (*httpx.Empty, error) {
	return nil, h.deleter.Delete(ctx, in.ID)
}

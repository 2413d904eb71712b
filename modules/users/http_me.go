package users

import (
	"context"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/jsonfield"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/requestinfo"
	"lyceum/platform/httpx/stream"
	"lyceum/platform/httpx/validation"
	"lyceum/platform/identity"
	"lyceum/platform/text"
)

// handlers answers the requests of the module.
type handlers struct {
	service  *Service
	deleter  *deleter
	exporter *exporter
	cursors  *pagination.Cursors
}

func newHandlers(s *Service, d *deleter, e *exporter, c *pagination.Cursors) *handlers {
	return &handlers{s, d, e, c}
}

// meView is what the owner of an account sees of it.
type meView struct {
	ID            string        `json:"id"`
	Email         string        `json:"email"`
	DisplayName   string        `json:"display_name"`
	Role          identity.Role `json:"role" enum:"user,member,instructor,admin"`
	EmailVerified bool          `json:"email_verified"`
	CreatedAt     clock.Time    `json:"created_at"`
}

func newMeView(a *account) meView {
	return meView{a.ID, a.Email, a.DisplayName, a.Role, a.EmailVerified, a.CreatedAt}
}

const getMeDoc = "Returns the account of the caller with its role and whether its address is verified."

// getMe answers GET /users/me.
func (h *handlers) getMe(ctx context.Context, _ *httpx.None) (*httpx.Response[meView], error) {
	a, err := h.service.getCaller(ctx)
	if err != nil {
		return nil, err
	}
	return httpx.OK(newMeView(a)).WithVersion(a.Version), nil
}

type patchMeInput struct {
	Body struct {
		DisplayName jsonfield.Nullable[string] `json:"display_name,omitzero" minLength:"1" maxLength:"100" doc:"null falls back to the local part of the address"`
	}
}

// Resolve implements huma.Resolver.
func (in *patchMeInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkPatchMe returns the faults of a change that no data is needed for.
func checkPatchMe(_ context.Context, in *patchMeInput) (faults validation.Faults) {
	faults.Add("display_name", checkGivenName(in.Body.DisplayName))
	return faults
}

// checkGivenName returns an error for a display name that is not a line of text. It accepts an
// empty one, which was left out, is to be cleared or is refused by the schema.
func checkGivenName(name jsonfield.Nullable[string]) error {
	if name.Value == "" {
		return nil
	}
	line := text.CleanLine(name.Value)
	if line == "" {
		return errors.New("must not be empty")
	}
	return text.CheckLine(line)
}

const patchMeDoc = "Changes the display name. The address and the password have operations of their own. With " +
	"If-Match a change by somebody else in the meantime is 412."

// patchMe answers PATCH /users/me.
func (h *handlers) patchMe(ctx context.Context, in *patchMeInput) (*httpx.Response[meView], error) {
	p := accountPatch{DisplayName: in.Body.DisplayName.Ptr(), ClearName: in.Body.DisplayName.Null}
	a, err := h.service.updateAccount(ctx, identity.CallerFrom(ctx).UserID, p)
	if err != nil {
		return nil, err
	}
	return httpx.OK(newMeView(a)).WithVersion(a.Version), nil
}

const exportDescription = "A file: one JSON object with exported_at, account, and under the name of each module its " +
	"lists of records. It is written while it is read; a connection that ends early means that it is not whole."

// exportMe answers GET /users/me/export. HEAD is not in the audit log, as nothing is taken.
func (h *handlers) exportMe(ctx context.Context, _ *httpx.None) (*stream.Response, error) {
	write, err := h.exporter.exportCaller(ctx, !requestinfo.IsHead(ctx))
	if err != nil {
		return nil, err
	}
	return stream.New("application/json", "lyceum-account.json", write), nil
}
